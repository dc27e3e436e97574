"""The audit trail: who changed what, from where, with what was there before and after."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.fields import Asked, Instant, Maybe, Page, Paging
from api.store import Store
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("audit", RowNumber)
_AT_ONCE = 1000
router = APIRouter(prefix=PREFIX, tags=["audit"], route_class=GuardedRoute)
Word = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_.:@-]+$")]


class Entry(BaseModel):
    """One row that was changed. Hashes of passwords, tokens and keys are left out."""

    audit_id: int
    at: datetime
    actor: str = Field(description="user:NAME, key:NAME or command:NAME")
    role: str
    address: str
    request_id: str = Field(description="Finds the request in the hub's log")
    action: str = Field(description="Name of the route (its operationId) or of the command")
    subject: str = Field(description="Name of the table")
    before: dict[str, Any] | None = Field(description="Null: the row is new")
    after: dict[str, Any] | None = Field(description="Null: the row is gone")


class _Choice(Asked):
    actor: Maybe[Word] = Field(None, description="Only of this actor", examples=["user:wang"])
    action: Maybe[Word] = Field(None, description="Only by this route or command", examples=["put_sensor"])
    subject: Maybe[Word] = Field(None, description="Only changes of this table", examples=["sensor"])
    start: Maybe[Instant] = Field(None, alias="from", description="First time, included, RFC 3339 with zone")
    to: Maybe[Instant] = Field(None, description="End, not included, RFC 3339 with zone")


class AuditFilter(_Choice, Paging):
    """Which entries."""


class AuditExport(_Choice):
    """Which entries."""


_EXAMPLE = {
    "audit_id": 88,
    "at": "2026-05-01T08:00:30Z",
    "actor": "user:wang",
    "role": "officer",
    "address": "10.8.0.17",
    "request_id": "6f1c9a0e4be84d3f9a52c7d1e0b83a44",
    "action": "act_on_task",
    "subject": "task",
    "before": {"task_id": 7, "status": "ordered"},
    "after": {"task_id": 7, "status": "accepted"},
}


@router.get(
    "/audit",
    summary="The audit trail",
    description="Changes by persons and keys, the newest first. Nobody can change or remove an entry.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_audit(store: Reach, _caller: CallerOf, which: Annotated[AuditFilter, Query()]) -> Page[Entry]:
    before = _CURSOR.decode(which.cursor)
    choice = (which.actor, which.action, which.subject, which.start, which.to)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, *choice, which.limit + 1)
    return _CURSOR.page([Entry(**dict(row)) for row in rows], which.limit, key=lambda entry: entry.audit_id)


@router.get(
    "/exports/audit",
    summary="Export the audit trail",
    description="The same entries as JSON lines, the newest first, those up to the time of the request.",
    response_class=StreamingResponse,
    responses={**answers(None), 200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
async def export_audit(
    store: Reach, now: Now, _caller: CallerOf, which: Annotated[AuditExport, Query()]
) -> StreamingResponse:
    name = f"audit-{now:%Y%m%dT%H%M%SZ}.jsonl"
    return StreamingResponse(
        _lines(store, which),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


async def _lines(store: Store, which: AuditExport) -> AsyncIterator[bytes]:
    before: int | None = None
    while True:
        choice = (which.actor, which.action, which.subject, which.start, which.to)
        async with store.reading() as connection:
            rows = await connection.fetch(_SQL.page, before, *choice, _AT_ONCE)
        yield b"".join(orjson.dumps(dict(row), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE) for row in rows)
        if len(rows) < _AT_ONCE:
            return
        before = rows[-1]["audit_id"]
