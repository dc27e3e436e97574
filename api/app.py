"""The API put together."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api import (
    candidates,
    drills,
    exercises,
    hazard_views,
    hazard_words,
    hazards,
    health,
    incidents,
    kpis,
    notifications,
    permits,
    quarantine,
    responses,
    reviews,
    silences,
    site_records,
    tasks,
    work_orders,
)
from api.access import federated, keys, login, users
from api.access.throttle import Limits, Throttles
from api.address import PREFIX, SQUAD_PAGE
from api.answers import document
from api.audit import trail
from api.body_limit import BodyLimit
from api.cases import clocks, intake, regrouping, remarks, stages
from api.console.door import PREFIX as CONSOLE
from api.console.door import Door
from api.context import Context
from api.ingress import alertmanager, push
from api.ingress.intake import Intake
from api.people import contacts, grids
from api.plans import book as plans
from api.problems import answer_error, install
from api.publicpage import page
from api.publicpage.kept import KeptPages
from api.request_log import RequestLog
from api.rota import calendar, shifts
from api.rules import book, trial
from api.sensors import export, kinds, latest, readings, register
from api.situation import board, grounds
from api.situation import map as county_map
from api.squadpage import site as squadpage
from api.squads import register as squads
from api.squads import standing
from api.stage import Stage
from api.store import Store
from api.stream import events
from api.stream.feed import Feed
from api.supplies import movements, shelters, stores
from api.warnings import public, routes
from api.warnings.cap import Issuer
from api.webhooks import routes as webhooks
from api.webhooks.guard import Doors

if TYPE_CHECKING:
    from api.access.oidc import Provider

VERSION = "1.0.0"
_FILE_BYTES = {f"{PREFIX}/imports/sensors": 8_000_000, f"{PREFIX}/imports/rota": 1_000_000}
_EXPORTS = 2
_PHOTO_S = 180.0  # a large photo on a bad network
_ROUTERS = (
    health.router,
    login.open_router,
    login.router,
    federated.router,
    users.router,
    keys.router,
    trail.router,
    kinds.router,
    register.router,
    readings.router,
    latest.router,
    export.router,
    hazards.router,
    grounds.router,
    hazard_words.router,
    hazard_views.router,
    board.router,
    county_map.router,
    incidents.router,
    intake.router,
    stages.router,
    regrouping.router,
    remarks.router,
    clocks.router,
    book.router,
    trial.router,
    silences.router,
    responses.router,
    reviews.router,
    tasks.router,
    candidates.router,
    permits.router,
    site_records.router,
    squads.router,
    standing.router,
    shifts.router,
    calendar.router,
    plans.router,
    movements.router,
    stores.router,
    shelters.router,
    contacts.router,
    grids.router,
    work_orders.router,
    kpis.router,
    notifications.router,
    exercises.router,
    drills.router,
    quarantine.router,
    events.router,
    routes.router,
    webhooks.router,
    push.open_router,
    alertmanager.router,  # before the formats, whose path takes any word
    push.router,
    public.router,
    page.router,
    *squadpage.ROUTERS,
)
_DESCRIPTION = """Sensors, readings, hazards, incidents and tasks of a county's sensing and emergency-response hub.

Log in at `/api/v1/auth/login` and send the access token as `Authorization: Bearer TOKEN`; programs send a key the same
way or as `X-API-Key: KEY`. Each route says which roles may use it (`x-roles`). Times are RFC 3339, answers give them in
UTC. Lists come in pages: pass `next_cursor` of one page as `cursor` to get the next. What is configured has an ETag, a
change of it has to send that as `If-Match`. A POST with an `Idempotency-Key` is carried out once. Errors are problem
details (RFC 9457), in Chinese or English by `Accept-Language`. What belongs to exercises is left out, unless a caller
sends `Lifeline-Exercises: show`; incidents then tell by their `exercise_id`.
"""
_TAGS = [
    {"name": "health", "description": "Is the hub working"},
    {"name": "auth", "description": "Log in and out"},
    {"name": "users", "description": "Who may log in"},
    {"name": "keys", "description": "What programs call with"},
    {"name": "audit", "description": "Who changed what"},
    {"name": "kinds", "description": "What the sensors measure, in which units"},
    {"name": "sensors", "description": "What stands where"},
    {"name": "readings", "description": "What the sensors reported"},
    {"name": "exports", "description": "The same as files"},
    {"name": "hazards", "description": "Graded findings about one sensor"},
    {"name": "rules", "description": "What makes a reading a hazard, and who decided so"},
    {"name": "silences", "description": "While work is going on"},
    {"name": "incidents", "description": "Cases that group hazards"},
    {"name": "tasks", "description": "Orders to squads"},
    {"name": "permits", "description": "May somebody enter a well or chamber"},
    {"name": "squads", "description": "Who can be sent"},
    {"name": "rota", "description": "Who is on duty when"},
    {"name": "plans", "description": "What an incident calls for, by type and grade"},
    {"name": "materials", "description": "What the stores keep, promise and issue"},
    {"name": "shelters", "description": "Places for people who have to leave their homes"},
    {"name": "contacts", "description": "Who is told"},
    {"name": "grids", "description": "Grid cells, who answers for them and whose assets stand there"},
    {"name": "work orders", "description": "Work on sensors"},
    {"name": "kpis", "description": "Key figures, with their definitions"},
    {"name": "notifications", "description": "What squads and people were told"},
    {"name": "exercises", "description": "Drills, and what came of them"},
    {"name": "quarantine", "description": "Messages that could not become readings"},
    {"name": "warnings", "description": "Public warnings, for those who write them"},
    {"name": "public", "description": "Public warnings, for everybody"},
    {"name": "webhooks", "description": "Other systems that are told what happens"},
    {"name": "stream", "description": "What happens, as it happens"},
    {"name": "ingress", "description": "For platforms and devices that push over HTTP"},
]


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def create_app(
    pool: asyncpg.Pool,
    *,
    clock: Callable[[], datetime] = utc_now,
    processes: tuple[str, ...] = ("ingest", "dispatch"),
    stale_after_s: float = 30.0,
    statement_timeout_s: float = 5.0,
    acquire_timeout_s: float = 2.0,
    body_limit_bytes: int = 65_536,
    body_timeout_s: float = 10.0,
    intake: Intake | None = None,
    limits: Limits | None = None,
    feed: Feed | None = None,
    issuer: Issuer | None = None,
    doors: Doors | None = None,
    onenet_token: str | None = None,
    stage: Stage | None = None,
    tls: bool = False,
    console: Door | None = None,
    provider: "Provider | None" = None,
    series_pool: asyncpg.Pool | None = None,
) -> FastAPI:
    """The API over the database of ``pool`` and ``series_pool`` (see ``Store``), which stay the caller's to close.

    ``processes`` are those whose heartbeat the health check wants, each not older than ``stale_after_s``. Without
    ``intake`` pushed messages are refused with 503.
    Whoever runs ``feed`` keeps listeners told. ``tls``: it is reached over TLS, and browsers shall keep to that.
    Whoever has the ``console`` opens it.
    """
    app = _bare_app()
    feed = feed or Feed()
    store = Store(pool, statement_timeout_s, acquire_timeout_s, memory=feed.callers, series_pool=series_pool)
    app.state.context = Context(
        store,
        clock,
        processes,
        stale_after_s,
        intake,
        Throttles.of(limits or Limits()),
        feed,
        issuer or Issuer(),
        doors or Doors(),
        onenet_token,
        stage,
        asyncio.Semaphore(_EXPORTS),
        KeptPages(),
        provider,
    )
    app.add_middleware(
        BodyLimit,
        size_bytes=lambda path: _body_limit(path, body_limit_bytes),
        time_s=lambda path: _PHOTO_S if squadpage.takes_photo(path) else body_timeout_s,
        refuse=_refuse,
    )
    app.add_middleware(RequestLog, tls=tls)
    install(app)
    app.mount(CONSOLE, console or Door(), name="console")

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(await asyncio.to_thread(openapi_document))

    return app


@cache
def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 description, without starting or opening anything; made when somebody asks for it."""
    return document(_bare_app())


def _bare_app() -> FastAPI:
    return FastAPI(
        title="Lifeline",
        summary="Sensing and emergency-response hub of a county",
        description=_DESCRIPTION,
        version=VERSION,
        openapi_tags=_TAGS,
        openapi_url=None,
        docs_url=None,  # its page would load scripts from another server
        redoc_url=None,
        redirect_slashes=False,
        routes=list(_routes()),
    )


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Every route, in one row: routers within routers would each look through their own for every request."""
    routes = [route for router in _ROUTERS for route in router.routes]
    for route in routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
    return tuple(routes)


async def _refuse(request: Request, error: Exception) -> Response:
    on_page = request.url.path.startswith(f"{SQUAD_PAGE}/")
    return await (squadpage.refuse if on_page else answer_error)(request, error)


def _body_limit(path: str, usual_bytes: int) -> int:
    if squadpage.takes_photo(path):
        return squadpage.PHOTO_BYTES
    if path.startswith(f"{push.PREFIX}/"):
        return push.MAX_BODY_BYTES
    return _FILE_BYTES.get(path, usual_bytes)
