"""Messages that could not become readings."""

from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach, context_of
from api.cursors import Cursor, RowNumber
from api.errors import NotFound
from api.fields import Page, Paging, RowId
from api.ingress.intake import check_at_hand
from database.pool import Connection
from database.queries import load_queries
from ingest.quarantine import drop, replay

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("quarantine", RowNumber)
Status = Literal["held", "replayed", "dropped"]
router = APIRouter(prefix=PREFIX, tags=["quarantine"], route_class=GuardedRoute)


class Quarantined(BaseModel):
    """A message that was held back."""

    quarantine_id: int
    topic: str
    size_bytes: int = Field(description="Length of the payload", json_schema_extra={"x-unit": "byte"})
    reason: str = Field(description="Why it could not become a reading")
    received_at: datetime
    status: Status
    decided_at: datetime | None = Field(description="When a person replayed or dropped it; null while held")


class QuarantinedWhole(Quarantined):
    """A message that was held back, with its payload."""

    payload_base64: str = Field(description="The payload, byte by byte, in base64")
    payload_text: str | None = Field(description="The payload as text; null when it isn't UTF-8")


class QuarantineFilter(Paging):
    """Which messages."""

    status: Status = Field("held", description="Only those held, or replayed, or dropped")


_EXAMPLE: dict[str, Any] = {
    "quarantine_id": 3,
    "topic": "sensors/gas/GAS-0001/reading",
    "size_bytes": 18,
    "reason": "ch4_lel_pct: 900 is over 200",
    "received_at": "2026-05-01T08:00:00Z",
    "status": "held",
    "decided_at": None,
}
_WHOLE = {**_EXAMPLE, "payload_base64": "eyJjaDRfbGVsX3BjdCI6OTAwfQ==", "payload_text": '{"ch4_lel_pct":900}'}
_DROPPED = {**_WHOLE, "status": "dropped", "decided_at": "2026-05-01T09:00:00Z"}
_REPLAYED = {**_WHOLE, "status": "replayed", "decided_at": "2026-05-01T09:00:00Z"}


def _text(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None


async def _row(connection: Connection, quarantine_id: int) -> asyncpg.Record:
    row = await connection.fetchrow(_SQL.one, quarantine_id)
    if row is None:
        raise NotFound(
            zh=f"隔离区没有编号为 {quarantine_id} 的消息；全部见 /api/v1/quarantine。",
            en=f"There is no quarantined message {quarantine_id}; /api/v1/quarantine lists them.",
        )
    return row


def _whole(row: asyncpg.Record) -> QuarantinedWhole:
    fields: dict[str, Any] = dict(row)
    payload = fields.pop("payload")
    return QuarantinedWhole(**fields, payload_base64=b64encode(payload).decode(), payload_text=_text(payload))


@router.get(
    "/quarantine",
    summary="Quarantined messages",
    description="Messages that could not become readings, the newest first; those held unless `status` says otherwise.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_quarantine(
    store: Reach, _caller: CallerOf, which: Annotated[QuarantineFilter, Query()]
) -> Page[Quarantined]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, which.status, which.limit + 1)
    items = [Quarantined(**dict(row)) for row in rows]
    return _CURSOR.page(items, which.limit, key=lambda message: message.quarantine_id)


@router.get(
    "/quarantine/{quarantine_id}",
    summary="One quarantined message",
    description="The message of this number with its payload.",
    responses=answers(_WHOLE, 404),
)
async def show_quarantined(store: Reach, _caller: CallerOf, quarantine_id: RowId) -> QuarantinedWhole:
    async with store.reading() as connection:
        return _whole(await _row(connection, quarantine_id))


@router.post(
    "/quarantine/{quarantine_id}/drop",
    summary="Drop a quarantined message",
    description="Decide that a held message is of no use. It stays on record as dropped. One that isn't held any more"
    " is answered with 409.",
    responses=answers(_DROPPED, 404, acts=True),
)
async def drop_quarantined(store: Reach, now: Now, _caller: CallerOf, quarantine_id: RowId) -> QuarantinedWhole:
    async with store.writing() as connection:
        await _row(connection, quarantine_id)
        await drop(connection, quarantine_id, now)
        return _whole(await _row(connection, quarantine_id))


@router.post(
    "/quarantine/{quarantine_id}/replay",
    summary="Send a quarantined message down the road again",
    description="After what was wrong has been put right: its sensor registered, say. It is published on its own topic."
    " One that isn't held any more is answered with 409; 503 when the broker does not take it, and then it stays held.",
    responses=answers(_REPLAYED, 404, acts=True),
)
async def replay_quarantined(
    request: Request, store: Reach, now: Now, _caller: CallerOf, quarantine_id: RowId
) -> QuarantinedWhole:
    intake = check_at_hand(context_of(request).intake)
    async with store.writing() as connection:
        await _row(connection, quarantine_id)
        await replay(connection, quarantine_id, intake.publish, now)
        return _whole(await _row(connection, quarantine_id))
