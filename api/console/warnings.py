"""Public warnings: from the draft over another person's approval to release, update and cancellation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from nicegui import ui

from api.console.areas import places
from api.console.asking import Question, ask
from api.console.event_words import event_word
from api.console.frame import Here, page
from api.console.listing import Column, Listing
from api.console.names import who
from api.console.parts import Text, heading, section
from api.console.texts import N_
from api.console.words import GRADES, NUMERALS, WARNING_STATES

_LANGUAGES = {"zh": "中文", "en": "English"}
_WORDS = ("event", "headline", "description", "instruction", "area")


@page("/warnings", N_("Public warnings"), allowed="list_warnings", group="respond", place=60, icon="campaign")
async def warnings(here: Here) -> None:
    """All warnings, the newest first; a draft comes from an incident's page or from its number here."""
    _ = here.gettext

    async def look() -> None:
        found = await here.person.get("/warnings", limit=100)
        listing.show([_row(here, each) for each in found["items"]])

    async def draft() -> None:
        known = await places(here)
        number = Question("incident_id", _("For incident number"), "number")
        where, *circle = known.questions()
        where = replace(where, label=_("For which area (around the incident when none is chosen)"), optional=True)
        given = await ask(here, _("Draft a warning"), [number, where, *circle])
        if given is not None:
            area = known.area(given) if "where" in given else None
            made = await here.person.post("/warnings", {"incident_id": given["incident_id"], "area": area})
            ui.navigate.to(f"/warnings/{made['warning_id']}")

    if here.person.may("draft_warning"):
        with ui.row().classes("filters"):
            ui.button(_("Draft a warning"), on_click=draft).props("unelevated")
    listing = Listing(
        here.texts,
        [
            Column("headline", _("Headline"), "link"),
            Column("warning_level", _("Warning level"), "grade"),
            Column("event_level", _("Event level"), "grade"),
            Column("state", _("State")),
            Column("drafted_by", _("Drafted by")),
            Column("approved_by", _("Approved by")),
            Column("released_at", _("Released"), "time"),
            Column("expires_at", _("Until"), "time"),
        ],
        None,
        label=_("Public warnings"),
    )
    here.on_change(["warning"], lambda _happenings: look())
    await look()


@page("/warnings/{warning_id}", N_("Public warning"), allowed="show_warning")
async def warning(here: Here, warning_id: int) -> None:
    """What it says in both languages, what has been done with it, and what may be done next."""
    shown = ui.element("div")
    last: dict[str, Any] = {}

    async def look() -> None:
        answer = await here.person.ask("GET", f"/warnings/{warning_id}")
        if answer.body == last:
            return  # it was about another one: a button drawn anew would lose the click that is on its way
        last.clear()
        last.update(answer.body)
        shown.clear()
        with shown:
            _draw(_Desk(here, answer.body, answer.etag, look))

    here.on_change(["warning"], lambda _happenings: look())
    await look()


def _row(here: Here, warning: dict[str, Any]) -> dict[str, Any]:
    entry = warning["entry"]
    return {
        **{name: value for name, value in warning.items() if name != "entry"},
        "id": warning["warning_id"],
        "exercise": entry["status"] == "Exercise",
        "headline": [entry[here.texts.language]["headline"], f"warnings/{warning['warning_id']}"],
        "warning_level": entry["warning_level"],
        "event_level": entry["event_level"],
        "state": here.texts.word(WARNING_STATES, warning["state"]),
        "drafted_by": who(here, warning["drafted_by"]),
        "approved_by": who(here, warning["approved_by"]),
    }


@dataclass(slots=True)
class _Desk:
    """What may be done with one warning, as it was read last."""

    here: Here
    warning: dict[str, Any]
    etag: str | None
    look: Callable[[], Awaitable[None]]

    @property
    def path(self) -> str:
        return f"/warnings/{self.warning['warning_id']}"

    async def do(self, method: str, what: str, body: object = None, *, guarded: bool = True) -> None:
        await self.here.person.ask(method, f"{self.path}{what}", body=body, if_match=self.etag if guarded else None)
        await self.look()

    async def approve(self) -> None:
        _ = self.here.gettext
        given = await ask(self.here, _("Approve this warning"), [Question("note", _("Note"), optional=True)])
        if given is not None:
            await self.do("POST", "/approve", {"note": "", **given})

    async def release(self) -> None:
        if await ask(self.here, self.here.gettext("Release this warning to the public?"), []) is not None:
            await self.do("POST", "/release")

    async def cancel(self) -> None:
        _ = self.here.gettext
        questions = [Question("zh", _("Why, in Chinese"), "text"), Question("en", _("Why, in English"), "text")]
        given = await ask(self.here, _("Cancel this warning"), questions)
        if given is not None:
            await self.do("POST", "/cancel", given, guarded=False)

    async def edit(self) -> None:
        entry = self.warning["entry"]
        given = await ask(self.here, self.here.gettext("Correct the draft"), _questions(self.here, entry))
        if given is None:
            return
        body = {**entry, **{name: value for name, value in given.items() if "." not in name}}
        for language in _LANGUAGES:
            body[language] = {word: given.get(f"{language}.{word}", "") for word in _WORDS}
        await self.do("PUT", "", body)

    async def update(self) -> None:
        made = await self.here.person.post(f"{self.path}/update")
        self.here.client.open(f"/warnings/{made['warning_id']}")

    async def discard(self) -> None:
        if await ask(self.here, self.here.gettext("Throw this draft away?"), []) is not None:
            await self.do("DELETE", "")

    def buttons(self) -> None:
        """Those that the warning's state and the person's role allow."""
        _ = self.here.gettext
        correct, approve = ("edit_warning", _("Correct"), self.edit), ("approve_warning", _("Approve"), self.approve)
        discard = ("discard_warning", _("Throw away"), self.discard)
        allowed = {
            "draft": [correct, approve, discard],
            "approved": [("release_warning", _("Release"), self.release), discard],
            "released": [
                ("update_warning", _("Update"), self.update),
                ("cancel_warning", _("Cancel"), self.cancel),
            ],
        }
        with ui.row():
            for route, title, act in allowed.get(self.warning["state"], []):
                if self.here.person.may(route):
                    ui.button(title, on_click=act).props("outline")


def _questions(here: Here, entry: dict[str, Any]) -> list[Question]:
    _ = here.gettext
    words = [
        Question(f"{language}.{word}", f"{_(_LABELS[word])} ({name})", "text", entry[language][word], optional=True)
        for language, name in _LANGUAGES.items()
        for word in _WORDS
    ]
    levels = [
        Question(level, _(_LABELS[level]), "choice", entry[level], _grades(here))
        for level in ("warning_level", "event_level")
    ]
    return [*words, *levels, Question("contact", _("Contact"), value=entry["contact"])]


def _draw(desk: _Desk) -> None:
    here, warning = desk.here, desk.warning
    _ = here.gettext
    entry = warning["entry"]
    drill = entry["status"] == "Exercise"
    with section(entry[here.texts.language]["headline"]).classes("exercise" if drill else ""):
        if drill:
            ui.label(f"【{_('EXERCISE')}】").classes("exercise-mark")
        with ui.row().classes("levels"):
            for level in ("warning_level", "event_level"):
                ui.label(_(_LABELS[level]))
                ui.label(_grades(here)[entry[level]]).classes(f"grade grade-{entry[level]}")
        ui.label(_("State: {state}").format(state=here.texts.word(WARNING_STATES, warning["state"])))
        ui.label(_("Good until {time}").format(time=here.texts.time(entry["expires_at"])))
        ui.label(_outline(here, entry))
        with ui.element("div").classes("columns both"):
            for language, name in _LANGUAGES.items():
                with ui.element("div"):
                    heading(name)
                    with ui.element("dl"):
                        for word in _WORDS:
                            Text("dt", _(_LABELS[word]))
                            Text("dd", entry[language][word]).classes("words")
        desk.buttons()
    with section(_("What was done")):
        Listing(
            here.texts,
            [
                Column("at", _("When"), "time"),
                Column("event", _("What")),
                Column("actor", _("Who")),
                Column("note", _("Note")),
            ],
            [
                {
                    **event,
                    "id": place,
                    "event": event_word(_, "warning", event["event"]),
                    "actor": who(here, event["actor"]),
                }
                for place, event in enumerate(warning["events"])
            ],
            label=_("What was done"),
        )


def _outline(here: Here, entry: dict[str, Any]) -> str:
    _ = here.gettext
    if circle := entry["circle"]:
        text = _("Holds within {radius} km of {longitude}, {latitude}")
        return text.format(radius=circle["radius_km"], **circle["center"])
    return _("Holds within an outline of {count} corners").format(count=len(entry["polygon"]))


_LABELS = {
    "event": N_("Event"),
    "headline": N_("Headline"),
    "description": N_("Description"),
    "instruction": N_("What to do"),
    "area": N_("Area"),
    "warning_level": N_("Warning level"),
    "event_level": N_("Event level"),
}


def _grades(here: Here) -> dict[int, str]:
    return {grade: f"{NUMERALS[grade]} {here.gettext(word)}" for grade, word in GRADES.items()}
