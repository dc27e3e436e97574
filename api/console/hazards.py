"""The hazard register: every graded finding, what it was judged by, and what people say of it."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.console.asking import Question, ask
from api.console.charts import RULED, chart
from api.console.event_words import event_word
from api.console.frame import Here, page
from api.console.hazard_types import called
from api.console.listing import Act, Column, Listing
from api.console.names import grid_names, names_of, who
from api.console.parts import heading, section
from api.console.texts import N_
from api.console.words import GRADES, KINDS, NUMERALS, TRUST

_AT_ONCE = 200
_COLOURS = {1: "#d9353a", 2: "#f28c28", 3: "#ffd84d", 4: "#3f80e0"}
_ROUTES = {
    "acknowledge": "acknowledge_hazard",
    "comment": "comment_hazard",
    "check": "check_hazard",
    "false-alarm": "call_false_alarm",
    "clear": "clear_hazard",
}


@page("/hazards", N_("Hazards"), allowed="list_hazards", group="watch", place=30, icon="warning")
async def hazards(here: Here) -> None:
    """Hazards by grade, type, kind, grid and owner unit; the open ones first of all."""
    _ = here.gettext
    types, grids = await called(here), await grid_names(here)

    async def look() -> None:
        found = await here.person.get(
            "/hazards",
            open={"open": True, "cleared": False}.get(which.value),
            grade=grade.value,
            kind=kind.value,
            type=hazard_type.value,
            grid_id=grid.value,
            owner_unit=owner.value or None,
            limit=_AT_ONCE,
        )
        listing.show([_row(here, types, hazard) for hazard in found["items"]])

    async def act(name: str, hazard_id: int) -> None:
        if name == "open":
            await _open(here, types, hazard_id)
        elif await say_of(here, name, hazard_id):
            await look()

    with ui.element("form").classes("filters").on("submit.prevent", look):
        states = {"open": _("open"), "cleared": _("cleared"), "all": _("all")}
        which = ui.select(states, label=_("State"), value="open", on_change=look).props("dense outlined")
        grades: dict[int | None, str] = {
            None: _("all"),
            **{level: f"{NUMERALS[level]} {_(word)}" for level, word in GRADES.items()},
        }
        grade = ui.select(grades, label=_("Grade"), value=None, on_change=look).props("dense outlined")
        kinds: dict[str | None, str] = {None: _("all"), **{name: _(word) for name, word in KINDS.items()}}
        kind = ui.select(kinds, label=_("Kind"), value=None, on_change=look).props("dense outlined")
        every: dict[str | None, str] = {None: _("all"), **{name: title for name, title in types.items()}}
        hazard_type = ui.select(every, label=_("Hazard type"), value=None, on_change=look).props("dense outlined")
        cells: dict[str | None, str] = {None: _("all"), **{cell: name for cell, name in grids.items()}}
        grid = ui.select(cells, label=_("Grid"), value=None, on_change=look).props("dense outlined")
        owner = ui.input(_("Owner unit")).props("dense outlined")
        ui.button(_("Show")).props("type=submit unelevated")
        ui.link(_("Recurrence and trend"), "/hazard-trend")
    listing = Listing(
        here.texts,
        [
            Column("grade", _("Grade"), "grade"),
            Column("sensor", _("Sensor"), "link"),
            Column("hazard_type", _("Hazard type")),
            Column("reason", _("Reason")),
            Column("raised_at", _("Raised"), "time"),
            Column("acknowledged_by", _("Acknowledged by")),
            Column("cleared_at", _("Cleared"), "time"),
            Column("incident", _("Incident"), "link"),
        ],
        None,
        label=_("Hazards"),
        acts=_acts(here),
        on_act=act,
    )
    here.on_change(["hazard"], lambda _happenings: look())
    await look()


async def say_of(here: Here, what: str, hazard_id: int) -> bool:
    """Acknowledge, comment, check, call a false alarm or clear by hand; whether the person went through with it."""
    _ = here.gettext
    titles = {
        "acknowledge": _("Acknowledge the hazard"),
        "comment": _("Comment on the hazard"),
        "check": _("It was checked on site and found harmless"),
        "false-alarm": _("It was a false alarm"),
        "clear": _("Clear the hazard by hand; it is raised again if the value stays bad"),
    }
    field = "note" if what in ("acknowledge", "check") else "reason"
    label = _("Note") if field == "note" else _("Reason")
    given = await ask(here, titles[what], [Question(field, label, "text", optional=field == "note")])
    if given is None:
        return False
    await here.person.post(f"/hazards/{hazard_id}/{what}", {"note": "", **given} if field == "note" else given)
    return True


def _acts(here: Here) -> list[Act]:
    _ = here.gettext
    acts = [
        Act("acknowledge", _("Acknowledge"), key="a"),
        Act("comment", _("Comment"), key="c"),
        Act("check", _("Checked")),
        Act("false-alarm", _("False alarm")),
        Act("clear", _("Clear")),
    ]
    return [Act("open", _("Why"), key="Enter"), *(act for act in acts if here.person.may(_ROUTES[act.name]))]


def _row(here: Here, types: Mapping[str, str], hazard: dict[str, Any]) -> dict[str, Any]:
    over = ["acknowledge", "check", "false-alarm", "clear"] if hazard["cleared_at"] else []
    known = ["acknowledge"] if hazard["acknowledged_at"] else []
    number = hazard["incident_id"]
    return {
        **hazard,
        "id": hazard["hazard_id"],
        "hazard_type": types.get(hazard["hazard_type"], hazard["hazard_type"]),
        "sensor": [hazard["sensor"], f"sensors/{hazard['sensor']}"],
        "reason": here.texts.say(hazard["reason"]),
        "acknowledged_by": who(here, hazard["acknowledged_by"]),
        "incident": [f"#{number}", f"incidents/{number}"] if number else None,
        "without": over + known,
    }


async def _open(here: Here, types: Mapping[str, str], hazard_id: int) -> None:
    _ = here.gettext
    hazard, names = await here.person.get(f"/hazards/{hazard_id}"), await names_of(here)
    with ui.dialog(value=True) as dialog, ui.card().classes("wide"):
        dialog.on("hide", dialog.delete)
        heading(f"{hazard['sensor']} · {types.get(hazard['hazard_type'], hazard['hazard_type'])}")
        ui.label(here.texts.say(hazard["reason"]))
        trust = hazard["trust"]
        ui.label(_("Trust: {level}").format(level=here.texts.word(TRUST, trust["level"])))
        for doubt in trust["doubts"]:
            ui.label(f"· {here.texts.say(doubt)}")
        Listing(
            here.texts,
            [
                Column("at", _("When"), "time"),
                Column("event", _("What")),
                Column("grade", _("Grade"), "grade"),
                Column("reason", _("Reason")),
                Column("actor", _("Who")),
            ],
            [
                {
                    **event,
                    "id": place,
                    "event": event_word(_, "hazard", event["event"]),
                    "actor": who(here, event["actor"], names),
                    "reason": here.texts.say(event["reason"]),
                }
                for place, event in enumerate(hazard["events"])
            ],
            label=_("What happened with it"),
        )


@page("/hazard-trend", N_("Recurrence and trend"), allowed="show_trend")
async def trend(here: Here) -> None:
    """Hazards raised a day, and the sensors on which they come again and again."""
    _ = here.gettext
    days = (await here.person.get("/register/trend"))["items"]
    again = (await here.person.get("/register/recurrence"))["items"]
    types = await called(here)
    with section(_("Hazards raised a day, by grade")):
        chart(_stacked(here, days))
    with section(_("Come again and again")):
        Listing(
            here.texts,
            [
                Column("sensor", _("Sensor"), "link"),
                Column("hazard_type", _("Hazard type")),
                Column("raised", _("How often"), "number"),
                Column("false_alarms", _("False alarms"), "number"),
                Column("worst_grade", _("Worst"), "grade"),
                Column("latest_at", _("Latest"), "time"),
            ],
            [
                {
                    **each,
                    "id": place,
                    "hazard_type": types.get(each["hazard_type"], each["hazard_type"]),
                    "sensor": [each["sensor"], f"sensors/{each['sensor']}"],
                }
                for place, each in enumerate(again)
            ],
            label=_("Come again and again"),
        )


def _stacked(here: Here, days: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "legend": {"top": 0},
        "xAxis": {"type": "category", "data": [day["day"] for day in days]},
        "yAxis": {"type": "value", "minInterval": 1, **RULED},
        "series": [
            {
                "name": f"{NUMERALS[grade]} {here.gettext(word)}",
                "type": "bar",
                "stack": "all",
                "itemStyle": {"color": _COLOURS[grade]},
                "data": [day[word] for day in days],
            }
            for grade, word in GRADES.items()
        ],
    }
