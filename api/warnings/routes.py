"""Public warnings as those who write, approve and release them see them."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, require_match, tag
from api.context import Issuing, Now, Reach
from api.cursors import Cursor, RowNumber
from api.fields import Maybe, Page, Paging, Remark, RowId, Strict
from api.validation import misfit
from api.warnings import ledger
from api.warnings.entry import Paragraph, Status, WarningEntry
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("warnings", RowNumber)
State = Literal["draft", "approved", "released", "superseded", "cancelled", "discarded"]
router = APIRouter(prefix=f"{PREFIX}/warnings", tags=["warnings"], route_class=GuardedRoute)


class PublicWarning(BaseModel):
    """One message to the public, or one to be."""

    warning_id: int
    identifier: str | None = Field(description="Given at the release; names the CAP file")
    message: Literal["Alert", "Update", "Cancel"]
    state: State
    replaces: int | None = Field(description="The message that this one updates or cancels")
    incident_id: int | None
    entry: WarningEntry
    drafted_by: str
    edited_by: str
    approved_by: str | None
    released_by: str | None
    drafted_at: datetime
    released_at: datetime | None
    expires_at: datetime


class WarningEvent(BaseModel):
    """A step in the life of a warning."""

    at: datetime
    event: str = Field(description="drafted, edited, approved, released, superseded, cancelled or discarded")
    actor: str
    note: str


class WholeWarning(PublicWarning):
    """A warning and its steps."""

    events: list[WarningEvent]


class NewWarning(Strict):
    """A draft: for an incident, pre-filled with what is known of it, or with an entry of one's own, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                {"properties": {"incident_id": {"type": "integer"}}, "required": ["incident_id"]},
                {"properties": {"entry": {"type": "object"}}, "required": ["entry"]},
            ]
        },
    )

    incident_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    status: Status = Field("Actual", description="Of a draft that is pre-filled")
    entry: WarningEntry | None = None

    @model_validator(mode="after")
    def _of_something(self) -> "NewWarning":
        if self.incident_id is None and self.entry is None:
            raise misfit(zh="请填写 incident_id 或 entry，或两者都填", en="give an incident_id, an entry, or both")
        return self


class Cancellation(Strict):
    """Why there is no danger any more, in both languages."""

    zh: Annotated[Paragraph, Field(min_length=1, examples=["险情已解除。"])]
    en: Annotated[Paragraph, Field(min_length=1, examples=["The danger is over."])]


class WarningFilter(Paging):
    """Which warnings."""

    state: Maybe[Annotated[list[State], Field(max_length=6)]] = Field(None, description="Only these; repeat it")
    status: Maybe[Status] = Field(None, description="Only real ones, exercises or tests")
    incident: Maybe[int] = Field(None, ge=1, le=2**63 - 1, description="Only for the incident of this number")


def _words(event: str, headline: str, area: str) -> dict[str, str]:
    return {"event": event, "headline": headline, "description": "", "instruction": "", "area": area}


_EXAMPLE: dict[str, Any] = {
    "warning_id": 3,
    "identifier": None,
    "message": "Alert",
    "state": "draft",
    "replaces": None,
    "incident_id": 5,
    "entry": {
        "status": "Actual",
        "category": "CBRNE",
        "event_level": 2,
        "warning_level": 2,
        "certainty": "Observed",
        "zh": _words("燃气泄漏", "南街燃气泄漏橙色预警", "南街街道"),
        "en": _words("Gas leak", "Orange warning: gas leak at South Street", "Nanjie"),
        "polygon": None,
        "circle": {"center": {"longitude": 112.4406, "latitude": 23.6346}, "radius_km": 0.3},
        "onset_at": None,
        "expires_at": "2026-05-01T14:00:00Z",
        "contact": "12319",
    },
    "drafted_by": "user:wang",
    "edited_by": "user:wang",
    "approved_by": None,
    "released_by": None,
    "drafted_at": "2026-05-01T08:05:00Z",
    "released_at": None,
    "expires_at": "2026-05-01T14:00:00Z",
}
_WHOLE = {
    **_EXAMPLE,
    "events": [{"at": "2026-05-01T08:05:00Z", "event": "drafted", "actor": "user:wang", "note": ""}],
}


def _fields(row: asyncpg.Record) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key in PublicWarning.model_fields}


async def _whole(connection: Connection, warning_id: int, response: Response) -> WholeWarning:
    row = await ledger.find(connection, warning_id)
    tag(response, row["revision"])
    events = await connection.fetch(_SQL.events, warning_id)
    return WholeWarning(**_fields(row), events=[WarningEvent(**dict(event)) for event in events])


@router.get(
    "",
    summary="Warnings",
    description="Warnings and drafts, the newest first.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_warnings(
    store: Reach, _caller: CallerOf, which: Annotated[WarningFilter, Query()]
) -> Page[PublicWarning]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, which.state, which.status, which.incident, which.limit + 1)
    items = [PublicWarning(**_fields(row)) for row in rows]
    return _CURSOR.page(items, which.limit, key=lambda warning: warning.warning_id)


@router.get(
    "/{warning_id}",
    summary="One warning",
    description="The warning of this number with its steps.",
    responses=answers(_WHOLE, 404, tagged=True),
)
async def show_warning(store: Reach, _caller: CallerOf, warning_id: RowId, response: Response) -> WholeWarning:
    async with store.reading() as connection:
        return await _whole(connection, warning_id, response)


@router.post(
    "",
    status_code=201,
    summary="Draft a warning",
    description="For an incident the hub fills in what it knows, for a person to correct.",
    responses=answers(_WHOLE, 404, acts=True, tagged=True, status=201),
)
async def draft_warning(
    store: Reach, now: Now, caller: CallerOf, given: NewWarning, response: Response
) -> WholeWarning:
    async with store.writing() as connection:
        if given.entry is not None:
            number = await ledger.draft(connection, given.entry, given.incident_id, caller.actor, now)
        else:
            assert given.incident_id is not None  # NewWarning has seen to it
            number = await ledger.draft_for_incident(connection, given.incident_id, given.status, caller.actor, now)
        return await _whole(connection, number, response)


@router.put(
    "/{warning_id}",
    summary="Edit a draft",
    description="Puts other contents. One that was approved becomes a draft again and needs another approval.",
    responses=answers(_WHOLE, 404, acts=True, tagged=True, matched=True),
)
async def edit_warning(
    store: Reach,
    now: Now,
    caller: CallerOf,
    warning_id: RowId,
    entry: WarningEntry,
    response: Response,
    if_match: IfMatch = None,
) -> WholeWarning:
    async with store.writing() as connection:
        row = await ledger.lock(connection, warning_id, "draft", "approved")
        require_match(if_match, row["revision"])
        await ledger.edit(connection, row, entry, caller.actor, now)
        return await _whole(connection, warning_id, response)


@router.delete(
    "/{warning_id}",
    summary="Discard a draft",
    description="Gives up what was not released; it stays on record.",
    responses=answers(_WHOLE, 404, 409, tagged=True, matched=True),
)
async def discard_warning(
    store: Reach, now: Now, caller: CallerOf, warning_id: RowId, response: Response, if_match: IfMatch = None
) -> WholeWarning:
    async with store.writing() as connection:
        row = await ledger.lock(connection, warning_id, "draft", "approved")
        require_match(if_match, row["revision"])
        await ledger.discard(connection, warning_id, caller.actor, now)
        return await _whole(connection, warning_id, response)


@router.post(
    "/{warning_id}/approve",
    summary="Approve a draft",
    description="By another person than who drafted and who last edited it.",
    responses=answers(_WHOLE, 404, acts=True, tagged=True, matched=True),
)
async def approve_warning(
    store: Reach,
    now: Now,
    caller: CallerOf,
    warning_id: RowId,
    response: Response,
    remark: Maybe[Remark] = None,
    if_match: IfMatch = None,
) -> WholeWarning:
    async with store.writing() as connection:
        row = await ledger.lock(connection, warning_id, "draft")
        require_match(if_match, row["revision"])  # what is approved is what was read
        await ledger.approve(connection, row, caller.actor, remark.note if remark else "", now)
        return await _whole(connection, warning_id, response)


@router.post(
    "/{warning_id}/release",
    summary="Release an approved warning",
    description="From now on it is on the public page, in the feed and as a CAP file; what it updates is superseded.",
    responses=answers(_WHOLE, 404, acts=True, tagged=True),
)
async def release_warning(
    store: Reach, now: Now, issuer: Issuing, caller: CallerOf, warning_id: RowId, response: Response
) -> WholeWarning:
    async with store.writing() as connection:
        row = await ledger.lock(connection, warning_id, "approved")
        await ledger.release(connection, row, issuer, caller.actor, now)
        return await _whole(connection, warning_id, response)


@router.post(
    "/{warning_id}/update",
    status_code=201,
    summary="Draft an update",
    description="A draft with the same contents, to be edited and approved; its release supersedes the warning.",
    responses=answers({**_WHOLE, "message": "Update", "replaces": 2}, 404, acts=True, tagged=True, status=201),
)
async def update_warning(
    store: Reach, now: Now, caller: CallerOf, warning_id: RowId, response: Response
) -> WholeWarning:
    async with store.writing() as connection:
        row = await ledger.lock(connection, warning_id, "released")
        number = await ledger.draft_update(connection, row, caller.actor, now)
        return await _whole(connection, number, response)


@router.post(
    "/{warning_id}/cancel",
    status_code=201,
    summary="Cancel a released warning",
    description="Releases a cancellation at once; the answer is that message. An update under way is discarded.",
    responses=answers({**_WHOLE, "message": "Cancel", "replaces": 2}, 404, acts=True, tagged=True, status=201),
)
async def cancel_warning(
    store: Reach,
    now: Now,
    issuer: Issuing,
    caller: CallerOf,
    warning_id: RowId,
    why: Cancellation,
    response: Response,
) -> WholeWarning:
    async with store.writing() as connection:
        row = await ledger.lock(connection, warning_id, "released")
        number = await ledger.cancel(connection, row, issuer, why.zh, why.en, caller.actor, now)
        return await _whole(connection, number, response)
