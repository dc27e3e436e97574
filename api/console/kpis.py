"""Key figures of handling: rates and times with their definitions, by squad, grid, type or month."""

from datetime import timedelta
from typing import Any

from nicegui import ui

from api.console.charts import bars
from api.console.frame import Here, page
from api.console.hazard_types import called
from api.console.listing import Column, Listing
from api.console.parts import section
from api.console.texts import N_

_GROUPS = {
    "all": N_("everything"),
    "month": N_("month"),
    "type": N_("hazard type"),
    "grid": N_("grid"),
    "squad": N_("squad"),
}
_RATES = ("finding_rate", "handling_rate", "in_time_rate", "closing_rate", "right_first_time_rate", "return_rate")
_TIMES = ("confirm_median_s", "arrive_median_s")


@page("/kpis", N_("Key figures"), allowed="show_kpis", group="prepare", place=60, icon="query_stats")
async def kpis(here: Here) -> None:
    """The figures of the chosen days as plots and as a table; exercises are never counted."""
    _ = here.gettext

    async def look() -> None:
        now = here.context.clock()
        query = {"from": (now - timedelta(days=days.value)).isoformat(), "to": now.isoformat(), "by": by.value}
        found = await here.person.get("/kpis", **query)
        names = {"all": _("everything"), **(await called(here) if by.value == "type" else {})}
        for group in found["groups"]:
            group["group"] = names.get(group["group"], group["group"])
        _draw(here, found, shown)

    with ui.row().classes("filters"):
        spans = {1: _("a day"), 7: _("a week"), 30: _("30 days"), 90: _("90 days"), 365: _("a year")}
        days = ui.select(spans, label=_("The last"), value=30, on_change=look).props("dense outlined")
        by = ui.select({name: _(word) for name, word in _GROUPS.items()}, label=_("By"), value="type", on_change=look)
        by.props("dense outlined")
    shown = ui.element("div")
    await look()


def _draw(here: Here, found: dict[str, Any], shown: ui.element) -> None:
    _ = here.gettext
    titles = {each["name"]: here.texts.say(each["title"]) for each in found["definitions"]}
    groups = found["groups"]
    shown.clear()
    with shown:
        with section(_("Rates")):
            _plot(
                here,
                [each["group"] for each in groups],
                [(titles[name], [_percent(each[name]) for each in groups]) for name in _RATES],
                "%",
            )
        with section(_("Times (median)")):
            _plot(
                here,
                [each["group"] for each in groups],
                [(titles[name], [each[name] for each in groups]) for name in _TIMES],
                "s",
            )
        with section(_("As a table")):
            Listing(
                here.texts,
                [
                    Column("group", _("Group")),
                    Column("incidents", _("Incidents"), "number"),
                    *(Column(name, titles[name], "number") for name in (*_RATES, *_TIMES)),
                ],
                [{**each, "id": place, **_shares(each), **_seconds(each)} for place, each in enumerate(groups)],
                label=_("As a table"),
            )
        with section(_("What they mean")):
            Listing(
                here.texts,
                [Column("title", _("Figure")), Column("definition", _("Definition"))],
                [
                    {
                        "id": each["name"],
                        "title": titles[each["name"]],
                        "definition": here.texts.say(each["definition"]),
                    }
                    for each in found["definitions"]
                ],
                label=_("What they mean"),
            )


def _plot(here: Here, groups: list[str], series: list[tuple[str, list[float | None]]], unit: str) -> None:
    if all(value is None for _title, values in series for value in values):
        ui.label(here.gettext("Nothing here.")).classes("quiet")
    else:
        bars(groups, series, unit)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _shares(group: dict[str, Any]) -> dict[str, str]:
    return {name: "–" if group[name] is None else f"{100 * group[name]:.1f} %" for name in _RATES}


def _seconds(group: dict[str, Any]) -> dict[str, str]:
    return {name: "–" if group[name] is None else f"{group[name]:.0f} s" for name in _TIMES}
