"""Messages that could not become readings: what they held, why, and what becomes of them."""

import base64
from typing import Any

from nicegui import ui

from api.console.asking import ask
from api.console.frame import Here, page
from api.console.listing import Act, Column, Listing
from api.console.parts import heading
from api.console.texts import N_
from api.console.words import QUARANTINE_STATES

_SHOWN_BYTES = 4096


@page("/quarantine", N_("Quarantine"), allowed="list_quarantine", group="run", place=10, icon="block")
async def quarantine(here: Here) -> None:
    """Those that wait for a decision, or all."""
    _ = here.gettext

    async def look() -> None:
        found = await here.person.get("/quarantine", status=status.value, limit=200)
        listing.show([_row(here, each) for each in found["items"]])

    async def act(name: str, quarantine_id: int) -> None:
        if name == "open":
            _open(here, await here.person.get(f"/quarantine/{quarantine_id}"))
            return
        title = _("Send this message through the hub once more?") if name == "replay" else _("Drop this message?")
        if await ask(here, title, []) is not None:
            await here.person.post(f"/quarantine/{quarantine_id}/{name}")
            await look()

    with ui.row().classes("filters"):
        states: dict[str | None, str] = {None: _("all"), **{name: _(word) for name, word in QUARANTINE_STATES.items()}}
        status = ui.select(states, value="held", label=_("State"), on_change=look).props("dense outlined")
    deciding = [Act("replay", _("Replay")), Act("drop", _("Drop"))] if here.person.may("drop_quarantined") else []
    listing = Listing(
        here.texts,
        [
            Column("received_at", _("Received"), "time"),
            Column("topic", _("Topic"), "code"),
            Column("reason", _("Reason")),
            Column("size_bytes", _("Bytes"), "number"),
            Column("state", _("State")),
        ],
        None,
        label=_("Quarantine"),
        acts=[Act("open", _("Look"), key="Enter"), *deciding],
        on_act=act,
    )
    await look()


def _row(here: Here, message: dict[str, Any]) -> dict[str, Any]:
    return {
        **message,
        "id": message["quarantine_id"],
        "state": here.texts.word(QUARANTINE_STATES, message["status"]),
        "without": [] if message["status"] == "held" else ["replay", "drop"],
    }


def _open(here: Here, message: dict[str, Any]) -> None:
    _ = here.gettext
    payload = base64.b64decode(message["payload_base64"])
    with ui.dialog(value=True) as dialog, ui.card().classes("wide"):
        dialog.on("hide", dialog.delete)
        heading(message["topic"])
        ui.label(message["reason"])
        if message["payload_text"] is not None:
            ui.label(message["payload_text"][:_SHOWN_BYTES]).classes("diff")
        ui.label(_dump(payload[:_SHOWN_BYTES])).classes("diff")
        if len(payload) > _SHOWN_BYTES:
            ui.label(_("Only the first {count} bytes are shown.").format(count=_SHOWN_BYTES)).classes("quiet")


def _dump(payload: bytes) -> str:
    rows = (payload[place : place + 16] for place in range(0, len(payload), 16))
    return "\n".join(f"{number * 16:04x}  {row.hex(' ')}" for number, row in enumerate(rows))
