"""The API put together."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from api import (
    hazards,
    health,
    incidents,
    ingress,
    kinds,
    latest,
    notifications,
    quarantine,
    readings,
    sensors,
    squads,
    tasks,
)
from api.answers import document
from api.body_limit import BodyLimit
from api.context import Context
from api.intake import Intake
from api.problems import install
from api.request_log import RequestLog
from api.store import Store

PREFIX = "/api/v1"
VERSION = "1.0.0"
_RESOURCES = (health, kinds, sensors, readings, latest, hazards, incidents, tasks, squads, notifications, quarantine)
_DESCRIPTION = """Sensors, readings, hazards, incidents and tasks of a county's sensing and emergency-response hub.

Send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`; a viewer reads, an officer also acts, a device
pushes messages and does nothing else. Times are RFC 3339,
answers give them in UTC. Lists come in pages: pass `next_cursor` of one page as `cursor` to get the next. Errors are
problem details (RFC 9457), in Chinese or English by `Accept-Language`.
"""
_TAGS = [
    {"name": "health", "description": "Is the hub working"},
    {"name": "kinds", "description": "What the sensors measure, in which units"},
    {"name": "sensors", "description": "What stands where"},
    {"name": "readings", "description": "What the sensors reported"},
    {"name": "hazards", "description": "Graded findings about one sensor"},
    {"name": "incidents", "description": "Cases that group hazards"},
    {"name": "tasks", "description": "Orders to squads"},
    {"name": "squads", "description": "Who can be sent"},
    {"name": "notifications", "description": "What squads and people were told"},
    {"name": "quarantine", "description": "Messages that could not become readings"},
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
) -> FastAPI:
    """The API over the database of ``pool``, which stays the caller's to close.

    ``processes`` are those whose heartbeat the health check wants, each not older than ``stale_after_s``. Without
    ``intake`` pushed messages are refused with 503.
    """
    app = _bare_app()
    store = Store(pool, statement_timeout_s, acquire_timeout_s)
    app.state.context = Context(store, clock, processes, stale_after_s, intake)
    app.add_middleware(BodyLimit, size_bytes=lambda path: _body_limit(path, body_limit_bytes), time_s=body_timeout_s)
    app.add_middleware(RequestLog)
    install(app)
    spec = document(app)

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(spec)

    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 description, without starting or opening anything."""
    return document(_bare_app())


def _bare_app() -> FastAPI:
    app = FastAPI(
        title="Lifeline",
        summary="Sensing and emergency-response hub of a county",
        description=_DESCRIPTION,
        version=VERSION,
        openapi_tags=_TAGS,
        openapi_url=None,
        docs_url=None,  # its page would load scripts from another server
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    everything = APIRouter(prefix=PREFIX)
    for resource in _RESOURCES:
        everything.include_router(resource.router)
    app.include_router(everything)
    app.include_router(ingress.router)
    return app


def _body_limit(path: str, usual_bytes: int) -> int:
    return ingress.MAX_BODY_BYTES if path.startswith(f"{ingress.PREFIX}/") else usual_bytes
