"""Webhooks, as an administrator keeps them."""

import ipaddress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.access.caller import new_secret
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, require_match, tag
from api.context import Now, Reach, WebhookDoors
from api.cursors import Cursor, Name
from api.errors import Conflict, NotFound
from api.fields import Page, Paging, Strict, shown
from api.stream.events import Topic
from api.stream.feed import end_of_feed
from api.webhooks.guard import Doors, split
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("webhooks", Name)
_PORT = r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_URL = rf"^https?://[A-Za-z0-9][A-Za-z0-9.-]*(:({_PORT}))?(/[!\"$-?A-~]*)?$"
_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
router = APIRouter(prefix=f"{PREFIX}/webhooks", tags=["webhooks"], route_class=GuardedRoute)
HookName = Annotated[str, InPath(pattern=_NAME_PATTERN, description="The webhook's name")]


class WebhookChange(Strict):
    """Where events go, and which."""

    url: Annotated[str, Field(max_length=500, pattern=_URL, examples=["https://12319.example/events"])]
    topics: Annotated[list[Topic], Field(min_length=1, max_length=5)]
    enabled: bool = True


class NewWebhook(WebhookChange):
    """A webhook to be."""

    name: Annotated[str, Field(pattern=_NAME_PATTERN, examples=["12319"])]


class Webhook(BaseModel):
    """Who is told what, and how that goes."""

    name: str
    url: str
    topics: list[Topic]
    enabled: bool
    created_at: datetime
    updated_at: datetime
    failures: int = Field(description="Attempts that failed in a row; the next one waits longer each time")
    next_attempt_at: datetime
    delivered_at: datetime | None = Field(description="When an event was last taken")
    last_error: str


class MadeWebhook(Webhook):
    """A webhook with the secret of its signatures, shown this once."""

    secret: str


_EXAMPLE: dict[str, Any] = {
    "name": "12319",
    "url": "https://12319.example/events",
    "topics": ["incident"],
    "enabled": True,
    "created_at": "2026-05-01T00:00:00Z",
    "updated_at": "2026-05-01T00:00:00Z",
    "failures": 0,
    "next_attempt_at": "2026-05-01T08:00:00Z",
    "delivered_at": None,
    "last_error": "",
}


def _webhook(row: asyncpg.Record) -> Webhook:
    return Webhook(**shown(Webhook, row))


async def _find(connection: Connection, name: str) -> asyncpg.Record:
    row = await connection.fetchrow(_SQL.one, name)
    if row is None:
        raise NotFound(
            zh=f"没有名为 {name} 的推送；全部见 /api/v1/webhooks。",
            en=f"There is no webhook {name}; /api/v1/webhooks lists them.",
        )
    return row


def _check(url: str, doors: Doors) -> None:
    # A name is looked up, and checked, whenever something is sent; an address can be told at once.
    host = str(split(url).hostname)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    doors.check(host)


@router.get(
    "",
    summary="Webhooks",
    description="Webhooks in the order of their names.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_webhooks(store: Reach, _caller: CallerOf, which: Annotated[Paging, Query()]) -> Page[Webhook]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, after, which.limit + 1)
    return _CURSOR.page([_webhook(row) for row in rows], which.limit, key=lambda hook: hook.name)


@router.post(
    "",
    status_code=201,
    summary="Add a webhook",
    description="From now on every event of its topics is sent by POST, in order, again until it is answered with 2xx."
    " `X-Lifeline-Signature` reads t=SECONDS,v1=HEX: HMAC-SHA256 with the secret over SECONDS, a dot and the body.",
    responses=answers({**_EXAMPLE, "secret": "lifeline_wh_0CsHgJ2mVw"}, acts=True, status=201),
)
async def add_webhook(store: Reach, now: Now, doors: WebhookDoors, _caller: CallerOf, given: NewWebhook) -> MadeWebhook:
    _check(given.url, doors)
    secret = new_secret("lifeline_wh_")
    async with store.writing() as connection:
        place = await end_of_feed(connection)
        made = await connection.fetchval(
            _SQL.add,
            given.name,
            given.url,
            given.topics,
            secret,
            given.enabled,
            now,
            place.era,
            place.feed_id,
        )
        if made is None:
            raise Conflict(
                zh=f"已有名为 {given.name} 的推送。", en=f"There is a webhook called {given.name}: choose another name."
            )
        return MadeWebhook(**_webhook(await _find(connection, given.name)).model_dump(), secret=secret)


@router.get(
    "/{name}",
    summary="One webhook",
    description="The webhook of this name, and how its deliveries go.",
    responses=answers(_EXAMPLE, 404, tagged=True),
)
async def show_webhook(store: Reach, _caller: CallerOf, name: HookName, response: Response) -> Webhook:
    async with store.reading() as connection:
        row = await _find(connection, name)
    tag(response, row["revision"])
    return _webhook(row)


@router.put(
    "/{name}",
    summary="Change a webhook",
    description="Puts address, topics and whether it is on. What waits is tried at once.",
    responses=answers(_EXAMPLE, 404, acts=True, tagged=True, matched=True),
)
async def change_webhook(
    store: Reach,
    now: Now,
    doors: WebhookDoors,
    _caller: CallerOf,
    name: HookName,
    given: WebhookChange,
    response: Response,
    if_match: IfMatch = None,
) -> Webhook:
    _check(given.url, doors)
    async with store.writing() as connection:
        await connection.execute(_SQL.lock, name)
        require_match(if_match, (await _find(connection, name))["revision"])
        await connection.execute(_SQL.change, name, given.url, given.topics, given.enabled, now)
        row = await _find(connection, name)
    tag(response, row["revision"])
    return _webhook(row)


@router.delete(
    "/{name}",
    summary="Remove a webhook",
    description="Nothing more is sent; what waits is dropped.",
    responses=answers(_EXAMPLE, 404, tagged=True, matched=True),
)
async def remove_webhook(store: Reach, _caller: CallerOf, name: HookName, if_match: IfMatch = None) -> Webhook:
    async with store.writing() as connection:
        await connection.execute(_SQL.lock, name)
        row = await _find(connection, name)
        require_match(if_match, row["revision"])
        await connection.execute(_SQL.remove, name)
    return _webhook(row)
