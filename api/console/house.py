"""The console put together: who may enter, which headers answers carry, and what runs beside the pages."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import nicegui
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from nicegui import Client, ui
from nicegui import app as nicegui_app
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import api.console.pages  # noqa: F401 - each page declares itself
from api.access.roles import PERMISSIONS
from api.console.alarms import sounding
from api.console.door import PREFIX
from api.console.entrance import PASSWORD, SAYS_WHENCE, Entrance, to_sign_in
from api.console.frame import Visit, on_show
from api.console.hub import Refused, SessionOver
from api.console.live import Live
from api.console.requests import is_own
from api.console.sessions import Session, Sessions
from api.console.situation import Shared, Situation
from api.console.texts import FOLDER
from api.context import Context
from api.errors import ApiError

_PULSE_S = 2.0
_LOOK_S = 0.5
_KEEP_S = 300.0  # so often an open page shows that its person is still there
_LIBRARIES = "/_nicegui/"  # the same for everybody, and nothing in them is anybody's
# Their addresses hold a version and when a file was changed. NiceGUI says so itself, though not where it is mounted.
_VERSIONED, _MADE_ANEW = f"{_LIBRARIES}{nicegui.__version__}/", "/dynamic_resources/"
_FOR_GOOD = "public, max-age=31536000, immutable"
# Vue compiles the pages' templates in the browser, which takes eval; scripts still come from here alone. The wall board
# shows pages in a frame, so pages of this site may hold them.
_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:{tiles}; font-src 'self' data:; connect-src 'self'; object-src 'none';"
    " frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)
_HEAD = f'<link rel="stylesheet" href="{PREFIX}/static/console.css">'


class House:
    """ASGI app: the entrance is open to all, everything else to who is signed in and comes from a page of this site."""

    def __init__(
        self, entrance: Entrance, rooms: ASGIApp, context: Context, live: Live, situation: Situation, tiles: str
    ) -> None:
        self._entrance = entrance
        self._open = Router(entrance.routes())
        self._rooms = rooms
        self._context = context
        self._live = live
        self._situation = situation
        self._tiles = tiles
        self._csp = _CSP.format(tiles=f" {_site(tiles)}" if tiles else "")
        self._shared = {"/live/board": (situation.board, "show_board"), "/live/map": (situation.map, "show_map")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if changes and not is_own(connection):
            await _refuse(scope, receive, send)
            return
        if scope["type"] == "http" and any(route.matches(scope)[0] != Match.NONE for route in self._open.routes):
            await self._open(scope, receive, send)
            return
        answer = None if _inner(scope).startswith(_LIBRARIES) else await self._let_in(connection, scope)
        if answer is not None:
            await answer(scope, receive, send)
            return
        if (shared := self._shared.get(_inner(scope))) is not None:
            await _snapshot(scope["lifeline.visit"].person, *shared)(scope, receive, send)
            return
        await self._rooms(scope, receive, self._guarded(scope, send))

    async def _let_in(self, connection: HTTPConnection, scope: Scope) -> ASGIApp | None:
        person = await self._entrance.session_of(connection)
        if person is not None and not person.must_change_password:
            scope["lifeline.visit"] = Visit(person, self._context, self._live, self._situation, self._tiles)
            return None
        if scope["type"] == "websocket":
            return _refuse
        if person is not None:
            return RedirectResponse(PASSWORD, 303)
        request = Request(scope)
        return to_sign_in(request.url.path) if _wants_page(request) else PlainTextResponse("", 401)

    def _guarded(self, scope: Scope, send: Send) -> Send:
        kept = _inner(scope).startswith(_VERSIONED) and _MADE_ANEW not in _inner(scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if kept and message["status"] == 200:
                    headers["Cache-Control"] = _FOR_GOOD
                headers.setdefault("Content-Security-Policy", self._csp)
                headers.setdefault("X-Frame-Options", "SAMEORIGIN")
                headers.update(SAYS_WHENCE)
            await send(message)

        return guarded


def _snapshot(person: Session, shared: Shared, route: str) -> Response:
    if not person.may(route):
        return PlainTextResponse("", 403)
    return Response(shared.packed(), headers={"Content-Encoding": "gzip"}, media_type="application/json")


def _site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _inner(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await PlainTextResponse("This must come from a page of this site.", 403)(scope, receive, send)


class _Foreseen(logging.Filter):
    """What a page shows to its person needs no line in the log: the request's own line has it."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else record.msg
        return not isinstance(error, Refused | SessionOver)


@asynccontextmanager
async def opened(app: FastAPI, tiles: str = "") -> AsyncIterator[House]:
    """The console over the API of ``app``, while the context lasts. Once in a process: its library is one for all.

    ``tiles`` is where the map takes pictures from, with {z}, {x} and {y}; without it none are asked for.
    """
    context: Context = app.state.context
    live = Live(context, _recheck)
    situation = Situation(context, live)
    rooms = FastAPI(openapi_url=None)
    logging.getLogger("nicegui").addFilter(_Foreseen())
    logging.getLogger("httpx").setLevel(logging.WARNING)  # each call to the API has its line, without its query
    Client.shared_head_html = _HEAD
    nicegui_app.colors(primary="#0b5c8f", negative="#a8200d", positive="#1b6b2f")
    ui.run_with(
        rooms,
        title="Lifeline",
        favicon=FOLDER / "static" / "lifeline.svg",
        language="zh-CN",
        tailwind=False,
        show_welcome_message=False,
        gzip_middleware_factory=lambda inner: GZipMiddleware(inner, minimum_size=1000, compresslevel=4),
    )
    async with rooms.router.lifespan_context(rooms), asyncio.TaskGroup() as group:
        beside = [
            group.create_task(live.run(), name="console live"),
            group.create_task(situation.run(), name="console situation"),
            group.create_task(_pulse(), name="console pulse"),
            group.create_task(_sound(context), name="console alarms"),
            group.create_task(_keep(), name="console sessions"),
        ]
        try:
            yield House(Entrance(Sessions(app)), rooms, context, live, situation, tiles)
        finally:
            for task in beside:
                task.cancel()


async def _pulse() -> None:
    while True:
        for here in list(on_show):
            if here.client.has_socket_connection:
                here.watch.pulse()
        await asyncio.sleep(_PULSE_S)


async def _sound(context: Context) -> None:
    """Tell open pages which alarms sound, whenever they change. Drills aren't in the feed: hence a look."""
    last: list[dict[str, object]] | None = None
    while True:
        if on_show:
            try:
                alarms = await sounding(context.store)
            except ApiError:
                alarms = last or []
            if alarms != last:
                last = alarms
                for here in list(on_show):
                    if here.person.role in PERMISSIONS["list_incidents"]:
                        here.watch.show(alarms)
        await asyncio.sleep(_LOOK_S)


async def _recheck() -> None:
    """Show out whose session has ended."""
    for here in list(on_show):
        try:
            await here.person.get("/auth/me")
        except SessionOver as over:
            here.say_no(over)
        except Refused:
            continue  # away for a moment, or too often: the next look will tell


async def _keep() -> None:
    while True:
        await asyncio.sleep(_KEEP_S)
        await _recheck()
