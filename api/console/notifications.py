"""What squads and people were told, whether it arrived, and what could not be delivered."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.console.frame import Here, page
from api.console.listing import Act, Column, Listing
from api.console.names import names_of, who
from api.console.texts import N_
from api.console.words import CHANNELS, NOTIFICATION_STATES


@page("/notifications", N_("Messages"), allowed="list_notifications", group="respond", place=70, icon="mark_email_read")
async def notifications(here: Here) -> None:
    """Messages by state; dead letters are sent again by hand, and one is acknowledged for who was told by telephone."""
    _ = here.gettext
    names = await names_of(here)

    async def look() -> None:
        found = await here.person.get(
            "/notifications", state=state.value, incident=int(incident.value) if incident.value else None, limit=200
        )
        listing.show([_row(here, names, each) for each in found["items"]])

    async def act(name: str, notification_id: int) -> None:
        await here.person.post(f"/notifications/{notification_id}/{name}")
        await look()

    with ui.element("form").classes("filters").on("submit.prevent", look):
        states: dict[str | None, str] = {
            None: _("all"),
            **{name: _(word) for name, word in NOTIFICATION_STATES.items()},
        }
        state = ui.select(states, value=None, label=_("State"), on_change=look).props("dense outlined")
        incident = ui.number(_("Incident"), precision=0, min=1).props("dense outlined")
        ui.button(_("Show")).props("type=submit unelevated")
    acts = {
        "acknowledge_notification": Act("acknowledge", _("Heard and understood")),
        "retry_notification": Act("retry", _("Send again")),
    }
    listing = Listing(
        here.texts,
        [
            Column("grade", _("Grade"), "grade"),
            Column("recipient", _("To")),
            Column("channel", _("Over")),
            Column("text", _("Text")),
            Column("state", _("State")),
            Column("created_at", _("Made"), "time"),
            Column("sent_at", _("Sent"), "time"),
            Column("received_at", _("Receipt"), "time"),
            Column("received_by", _("By")),
            Column("error", _("What went wrong")),
        ],
        None,
        label=_("Messages"),
        acts=[each for route, each in acts.items() if here.person.may(route)],
        on_act=act,
    )
    await look()


def _row(here: Here, names: Mapping[str, str], told: dict[str, Any]) -> dict[str, Any]:
    state = told["state"]
    received = ["acknowledge"] if state == "received" else []
    return {
        **told,
        "id": told["notification_id"],
        "recipient": names.get(told["recipient"], told["recipient"]),
        "channel": here.gettext(CHANNELS.get(told["channel"], told["channel"])),
        "text": here.texts.say(told["text"]),
        "received_by": who(here, told["received_by"], names),
        "state": here.texts.word(NOTIFICATION_STATES, state),
        "without": received + ([] if state == "dead" else ["retry"]),
    }
