"""Silences: while work is going on, what a sensor, a grid or a kind reports is recorded and calls nobody out."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.console.asking import Question, ask
from api.console.frame import Here, page
from api.console.hazard_types import called
from api.console.listing import Act, Column, Listing
from api.console.names import grid_names, who
from api.console.texts import N_
from api.console.words import KINDS


@page("/silences", N_("Silences"), allowed="list_silences", group="sense", place=20, icon="notifications_off")
async def silences(here: Here) -> None:
    """Those in force and to come; what is still bad when one ends is raised then."""
    _ = here.gettext
    grids, types = await grid_names(here), await called(here)

    async def look() -> None:
        found = await here.person.get("/silences", over=None if over.value else False, limit=200)
        listing.show([silence_row(here, grids, types, each) for each in found["items"]])

    async def add() -> None:
        given = await ask(here, _("Silence a sensor, a grid or a kind"), _questions(here, grids, types))
        if given is not None:
            await here.person.post("/silences", given)
            await look()

    async def end(_name: str, silence_id: int) -> None:
        if await ask(here, _("End this silence now?"), []) is not None:
            await here.person.post(f"/silences/{silence_id}/end")
            await look()

    with ui.row().classes("filters"):
        if here.person.may("add_silence"):
            ui.button(_("Add a silence"), on_click=add).props("unelevated")
        over = ui.switch(_("Those that are over, too"), on_change=look)
    listing = Listing(
        here.texts,
        [
            Column("what", _("What")),
            Column("reason", _("Reason")),
            Column("work_order", _("Work order"), "code"),
            Column("starts_at", _("From"), "time"),
            Column("ends_at", _("Until"), "time"),
            Column("hazards", _("Hazards silenced"), "number"),
            Column("created_by", _("Who")),
            Column("ended_by", _("Ended by")),
        ],
        None,
        label=_("Silences"),
        acts=[Act("end", _("End it"))] if here.person.may("end_silence") else [],
        on_act=end,
    )
    await look()


def _questions(here: Here, grids: Mapping[str, str], types: Mapping[str, str]) -> list[Question]:
    _ = here.gettext
    kinds = {name: _(word) for name, word in KINDS.items()}
    return [
        Question("sensor", _("Sensor"), optional=True),
        Question("grid_id", _("Grid"), "choice", choices=grids, optional=True),
        Question("kind", _("Kind"), "choice", choices=kinds, optional=True),
        Question("hazard_type", _("Hazard type"), "choice", choices=types, optional=True),
        Question("ends_at", _("Until"), "time"),
        Question("reason", _("Reason")),
        Question("work_order", _("Work order"), optional=True),
    ]


def silence_row(
    here: Here, grids: Mapping[str, str], types: Mapping[str, str], silence: dict[str, Any]
) -> dict[str, Any]:
    """A row of a listing: what the silence covers, why, until when, by whom."""
    kind = here.texts.word(KINDS, silence["kind"]) if silence["kind"] else None
    number = silence["work_order_id"]
    order = here.gettext("Sensors of work order {number}").format(number=number) if number is not None else None
    grid, type_ = silence["grid_id"], silence["hazard_type"]
    parts = (silence["sensor"], grids.get(grid, grid), kind, order, types.get(type_, type_))
    return {
        **silence,
        "id": silence["silence_id"],
        "created_by": who(here, silence["created_by"]),
        "ended_by": who(here, silence["ended_by"]),
        "what": " · ".join(part for part in parts if part),
        "without": ["end"] if silence["ended_by"] else [],
    }
