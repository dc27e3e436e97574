"""An incident looked back on: key times, decisions with reasons, messages, the readings around it."""

from typing import Any

from nicegui import ui

from api.console.frame import Here, page
from api.console.listing import Column, Listing
from api.console.parts import section
from api.console.texts import N_
from api.console.words import KEY_TIMES


@page("/incidents/{incident_id}/review", N_("After action"), allowed="show_review")
async def review(here: Here, incident_id: int) -> None:
    """The whole review; also as a file to keep."""
    _ = here.gettext
    found = await here.person.get(f"/incidents/{incident_id}/review")
    marked = "exercise" if found["exercise_id"] else ""

    async def save() -> None:
        answer = await here.person.ask("GET", f"/incidents/{incident_id}/review/page")
        ui.download.content(answer.body, f"incident-{incident_id}.html", "text/html")

    with section(here.texts.say(found["title"])).classes(marked):
        if found["exercise_id"]:
            ui.label(f"【{_('EXERCISE')}】").classes("exercise-mark")
        Listing(
            here.texts,
            [Column("step", _("Step")), Column("at", _("When"), "time")],
            [{"id": name, "step": _(word), "at": found["key_times"].get(name)} for name, word in KEY_TIMES.items()],
            label=_("Key times"),
        )
        ui.button(_("Save as a page"), on_click=save).props("outline")
    if found["traces"]:
        with section(_("Readings around it")):
            for trace in found["traces"]:
                ui.echart(_plot(trace)).classes("trace")
    with section(_("Timeline")):
        Listing(
            here.texts,
            [
                Column("at", _("When"), "time"),
                Column("of", _("Of"), "code"),
                Column("event", _("What"), "code"),
                Column("actor", _("Who"), "code"),
                Column("text", _("Text")),
            ],
            [{**each, "id": place} for place, each in enumerate(found["timeline"])],
            label=_("Timeline"),
        )


def _plot(trace: dict[str, Any]) -> dict[str, Any]:
    return {
        "animation": False,
        "title": {
            "text": f"{trace['sensor']} {trace['quantity']} {trace['unit']}",
            "textStyle": {"fontSize": 12, "color": "#7a8896"},
        },
        "tooltip": {"trigger": "axis"},
        "grid": {"left": 60, "right": 20, "top": 40, "bottom": 30},
        "xAxis": {"type": "time"},
        "yAxis": {"type": "value", "scale": True},
        "series": [
            {
                "type": "line",
                "showSymbol": False,
                "data": [list(point) for point in zip(trace["times"], trace["values"], strict=True)],
            }
        ],
    }
