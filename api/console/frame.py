"""The frame of every page: who is there, what they may see, in which language, and what is going on meanwhile."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Request
from nicegui import Client, background_tasks, ui
from starlette.responses import RedirectResponse, Response

from api.console import navigation
from api.console.alarms import sounding
from api.console.door import PREFIX
from api.console.entrance import render, to_sign_in
from api.console.hub import Refused, SessionOver
from api.console.live import Live, Told
from api.console.navigation import Entry
from api.console.requests import Theme, theme_chosen
from api.console.sessions import Session
from api.console.situation import Shared, Situation
from api.console.texts import N_, Texts, texts_in
from api.console.watch import Watch
from api.console.words import ROLES
from api.context import Context
from api.stream.feed import Happening

Build = Callable[..., Awaitable[None]]
KEEPS_S = 60.0  # a browser that comes back within this time goes on where it was
_LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
_DARK: dict[Theme, bool | None] = {"auto": None, "light": False, "dark": True}


@dataclass(frozen=True, slots=True)
class Visit:
    """What the house knows of a request before a page is built."""

    person: Session
    context: Context
    live: Live
    situation: Situation
    tiles: str


@dataclass(frozen=True, slots=True, eq=False)
class Here:
    """What a page is given: the person and with them the way to the API, their language, what happens meanwhile."""

    person: Session
    texts: Texts
    context: Context
    live: Live
    situation: Situation
    tiles: str
    client: Client
    watch: Watch

    @property
    def gettext(self) -> Callable[[str], str]:
        """The function that pages call ``_``: from the English text to the person's language."""
        return self.texts.gettext

    def on_change(self, topics: Sequence[str], told: Told) -> None:
        """Have ``told`` called while this page is open, with what happens under these topics of the feed."""

        async def within_page(happenings: Sequence[Happening]) -> None:
            with self.client.content:
                try:
                    await told(happenings)
                except (Refused, SessionOver) as error:
                    self.say_no(error)

        self.client.on_delete(self.live.watch(topics, within_page))

    def follow(self, shared: Shared, told: Callable[[Mapping[str, Any]], Any]) -> None:
        """Have ``told`` called with each change of board or map while this page is open."""
        shared.told.add(told)
        self.client.on_delete(lambda: shared.told.discard(told))

    def later(self, do: Callable[[], Awaitable[None]]) -> None:
        """Do something of this page beside what goes on; what the API refuses is shown."""

        async def within_page() -> None:
            with self.client.content:
                try:
                    await do()
                except (Refused, SessionOver) as error:
                    self.say_no(error)

        background_tasks.create(within_page(), name="console page")

    def say_no(self, error: Exception) -> None:
        """Show what the API refused; ask who it is where nobody is signed in any more."""
        if isinstance(error, SessionOver):
            self.client.open(f"/sign-in?next={quote(self.client.request.url.path)}")
        elif isinstance(error, Refused):
            ui.notify(str(error), type="negative", position="top", multi_line=True, timeout=8000, close_button="✕")


on_show: set[Here] = set()
"""The pages that are open."""


def page(
    path: str, title: str, *, allowed: str, group: str = "", place: int = 50, icon: str = "", wall: bool = False
) -> Callable[[Build], Build]:
    """Declare a page: an async function that gets a ``Here`` and the parts of ``path`` in braces.

    Who may use the API's route ``allowed`` may see it. With a ``group`` it stands in the menu at ``place`` in it; those
    with ``wall`` take turns on a wall board.
    """
    if group:
        navigation.enter(Entry(path, title, group, place, icon, allowed, wall))

    def declare(build: Build) -> Build:
        async def show(request: Request, **given: Any) -> Response | None:
            visit: Visit = request.scope["lifeline.visit"]
            client = ui.context.client
            texts = texts_in(visit.person.language)
            _dress(client, request, texts, title)
            try:
                here = await _frame(visit, client, texts, path, title, allowed)
                with ui.element("main").props("id=main tabindex=-1").classes("page"):
                    await build(here, **given)
            except SessionOver:
                return to_sign_in(request.url.path)
            except Refused as refused:
                with client.content:
                    ui.label(str(refused)).classes("page fault").props("role=alert")
                client.status_code = refused.status
            return None

        asked = [each for name, each in inspect.signature(build).parameters.items() if name != "here"]
        first = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
        show.__signature__ = inspect.Signature([first, *asked])  # type: ignore[attr-defined]
        ui.page(path, reconnect_timeout=KEEPS_S, response_timeout=10.0)(show)
        return build

    return declare


def _dress(client: Client, request: Request, texts: Texts, title: str) -> None:
    # A page object is shared by all who look at it; language and theme are one person's.
    client.page = copy(client.page)
    client.page.language = _LANGUAGES[texts.language]  # type: ignore[assignment]
    client.page.dark = _DARK[theme_chosen(request)]
    client.title = f"{texts.gettext(title)} · Lifeline"


async def _frame(visit: Visit, client: Client, texts: Texts, path: str, title: str, allowed: str) -> Here:
    person = visit.person
    menu = navigation.menu(person.role)
    header = render(
        "header.html",
        texts,
        person=person,
        role=texts.gettext(ROLES[person.role]),
        menu=menu,
        path=path,
        title=texts.gettext(title),
        here=quote(client.request.url.path),
        theme=theme_chosen(client.request),
    )
    ui.html(header, sanitize=False).classes("around")
    alarms = await sounding(visit.context.store) if person.may("list_incidents") else []
    watch = Watch(texts, alarms, navigation.rotation(person.role))
    here = Here(person, texts, visit.context, visit.live, visit.situation, visit.tiles, client, watch)
    ui.on_exception(here.say_no)
    on_show.add(here)
    client.on_delete(lambda: on_show.discard(here))
    if not person.may(allowed):
        raise Refused(403, {"detail": texts.gettext(_NOT_ALLOWED).format(role=texts.gettext(ROLES[person.role]))})
    return here


_NOT_ALLOWED = N_("Your role ({role}) may not see this page.")


@ui.page("/")
def first_page(request: Request) -> Response:
    """The first page of the menu that the person may use."""
    visit: Visit = request.scope["lifeline.visit"]
    menu = navigation.menu(visit.person.role)
    return RedirectResponse(f"{PREFIX}{menu[0][1][0].path}" if menu else f"{PREFIX}/me", 303)
