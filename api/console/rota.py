"""The duty rota: who is on duty when, leave with substitutes, hand-over with what the next shift has to know."""

from datetime import timedelta
from typing import Any

from nicegui import ui

from api.console.asking import Question, ask
from api.console.frame import Here, page
from api.console.listing import Act, Column, Listing
from api.console.names import names_of
from api.console.texts import N_
from api.console.words import SHIFT_KINDS

_AHEAD = timedelta(days=14)
_BACK = timedelta(days=1)


@page("/rota", N_("Rota"), allowed="list_shifts", group="respond", place=40, icon="event")
async def rota(here: Here) -> None:
    """Shifts and leave from yesterday on, for two weeks; as a calendar file, too."""
    _ = here.gettext
    names = await names_of(here)

    async def look() -> None:
        now = here.context.clock()
        found = await here.person.get(
            "/rota", **{"from": (now - _BACK).isoformat(), "to": (now + _AHEAD).isoformat(), "limit": 500}
        )
        listing.show([_row(here, names, shift) for shift in found["items"]])

    async def act(name: str, uid: str) -> None:
        if name == "hand_over":
            given = await ask(here, _("Hand over"), [Question("note", _("What the next shift has to know"), "text")])
            if given is None:
                return
            await here.person.post(f"/rota/{uid}/hand-over", given)
        else:
            if await ask(here, _("Take this out of the rota?"), []) is None:
                return
            etag = (await here.person.ask("GET", f"/rota/{uid}")).etag
            await here.person.ask("DELETE", f"/rota/{uid}", if_match=etag)
        await look()

    async def add() -> None:
        given = await ask(here, _("Enter a shift or leave"), _questions(here, names))
        if given is None:
            return
        uid = f"{given['who']}-{given['starts_at'][:16]}-{given['kind']}".replace(":", "")
        await here.person.ask("PUT", f"/rota/{uid}", body={"substitute": None, "note": "", **given})
        await look()

    async def save() -> None:
        now = here.context.clock()
        query = {"from": now.isoformat(), "to": (now + 2 * _AHEAD).isoformat()}
        answer = await here.person.ask("GET", "/exports/rota", query=query)
        ui.download.content(answer.body, "rota.ics", "text/calendar")

    with ui.row().classes("filters"):
        if here.person.may("put_shift"):
            ui.button(_("Enter a shift or leave"), on_click=add).props("unelevated")
        ui.button(_("As a calendar (iCalendar)"), on_click=save).props("outline")
    listing = Listing(
        here.texts,
        [
            Column("who", _("Who is on or off duty")),
            Column("kind", _("What")),
            Column("starts_at", _("From"), "time"),
            Column("ends_at", _("Until"), "time"),
            Column("substitute", _("Stands in")),
            Column("handed_over_at", _("Handed over"), "time"),
            Column("note", _("Note")),
        ],
        None,
        label=_("Rota"),
        acts=_acts(here),
        on_act=act,
    )
    await look()


def _acts(here: Here) -> list[Act]:
    _ = here.gettext
    acts = {"hand_over_shift": Act("hand_over", _("Hand over")), "remove_shift": Act("remove", _("Take out"))}
    return [act for route, act in acts.items() if here.person.may(route)]


def _questions(here: Here, names: dict[str, str]) -> list[Question]:
    _ = here.gettext
    kinds = {kind: _(word) for kind, word in SHIFT_KINDS.items()}
    return [
        Question("who", _("Who is on or off duty"), "choice", choices=names),
        Question("kind", _("What"), "choice", "duty", kinds),
        Question("starts_at", _("From"), "time"),
        Question("ends_at", _("Until"), "time"),
        Question("substitute", _("Stands in"), "choice", choices=names, optional=True),
        Question("note", _("Note"), optional=True),
    ]


def _row(here: Here, names: dict[str, str], shift: dict[str, Any]) -> dict[str, Any]:
    return {
        **shift,
        "id": shift["uid"],
        "who": names.get(shift["who"], shift["who"]),
        "kind": here.texts.word(SHIFT_KINDS, shift["kind"]),
        "substitute": names.get(shift["substitute"] or "", shift["substitute"] or ""),
        "note": shift["handed_over_note"] or shift["note"],
        "without": ["hand_over"] if shift["handed_over_at"] or shift["kind"] == "leave" else [],
    }
