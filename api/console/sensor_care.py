"""What is done about a sensor: silences that cover it, its open work orders, how far what it says is trusted."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.console.asking import Question, ask
from api.console.frame import Here
from api.console.listing import Column, Listing
from api.console.parts import section
from api.console.silences import silence_row
from api.console.words import TRUST


async def show_care(here: Here, sensor: dict[str, Any], grids: Mapping[str, str], types: Mapping[str, str]) -> None:
    """The silences in force and the work orders that are still open, with the button that silences it."""
    _, code = here.gettext, sensor["code"]

    async def look() -> None:
        found = (await here.person.get("/silences", sensor=code, limit=50))["items"]
        silences.show([silence_row(here, grids, types, each) for each in found])

    async def silence() -> None:
        questions = [
            Question("ends_at", _("Until"), "time"),
            Question("reason", _("Reason")),
            Question("work_order", _("Work order"), optional=True),
        ]
        given = await ask(here, _("Silence {sensor}").format(sensor=code), questions)
        if given is not None:
            await here.person.post("/silences", {"sensor": code, **given})
            await look()
            ui.notify(_("Silenced. What it reports is recorded and calls nobody out."), type="positive")

    with section(_("Silences in force")):
        if here.person.may("add_silence"):
            with ui.row().classes("filters"):
                ui.button(_("Silence it"), on_click=silence).props("outline")
        silences = Listing(
            here.texts,
            [
                Column("what", _("What")),
                Column("reason", _("Reason")),
                Column("work_order", _("Work order"), "code"),
                Column("ends_at", _("Until"), "time"),
                Column("hazards", _("Hazards silenced"), "number"),
                Column("created_by", _("Who")),
            ],
            None,
            label=_("Silences in force"),
        )
        ui.link(_("All silences"), "/silences")
    await look()
    with section(_("Open work orders")):
        Listing(
            here.texts,
            [
                Column("order", _("Work order"), "link"),
                Column("day", _("Day"), "code"),
                Column("hazard_type", _("What is wrong")),
                Column("reason", _("Reason")),
                Column("raised_at", _("Raised"), "time"),
                Column("state", _("State")),
            ],
            await _work(here, code, types),
            label=_("Open work orders"),
        )


async def _work(here: Here, code: str, types: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is to be done at this sensor, of all that the open orders hold."""
    _ = here.gettext
    orders = (await here.person.get("/work-orders", sensor=code, open=True, limit=20))["items"]
    wholes = [await here.person.get(f"/work-orders/{order['work_order_id']}") for order in orders]
    return [
        {
            **item,
            "id": f"{whole['work_order_id']}-{item['hazard_id']}",
            "order": [f"#{whole['work_order_id']}", "work-orders"],
            "day": whole["day"],
            "hazard_type": types.get(item["hazard_type"], item["hazard_type"]),
            "reason": here.texts.say(item["reason"]),
            "state": _("done") if item["cleared_at"] else _("Still to do"),
        }
        for whole in wholes
        for item in whole["sensors"]
        if item["sensor"] == code
    ]


async def show_trust(here: Here, sensor: dict[str, Any], types: Mapping[str, str]) -> None:
    """How far its latest open hazard is trusted and why, else its latest one; what lowers trust at all."""
    _, code = here.gettext, sensor["code"]
    found = (await here.person.get("/hazards", sensor=code, open=True, limit=1))["items"]
    found = found or (await here.person.get("/hazards", sensor=code, limit=1))["items"]
    with section(_("Trust")):
        if sensor["calibration_overdue"]:
            ui.label(_("⚠ The calibration is overdue: what it measures is trusted less.")).classes("fault")
        if not found:
            ui.label(_("It has had no hazard yet; trust is judged with each hazard."))
        for hazard in found:
            trust = (await here.person.get(f"/hazards/{hazard['hazard_id']}"))["trust"]
            said = _("Trust in the hazard that is open: {level}")
            if hazard["cleared_at"]:
                said = _("Trust in its latest hazard, which is over: {level}")
            ui.label(said.format(level=here.texts.word(TRUST, trust["level"])))
            ui.label(f"{types.get(hazard['hazard_type'], hazard['hazard_type'])} · {here.texts.say(hazard['reason'])}")
            for doubt in trust["doubts"]:
                ui.label(f"· {here.texts.say(doubt)}")
            if not trust["doubts"]:
                ui.label(_("Nothing speaks against it."))
        lowers = _(
            "Trust is lowered by a calibration that is overdue, values that come late, none that come at all, and a low"
            " battery: one of these makes it reduced, more make it low."
        )
        ui.label(lowers).classes("quiet")
