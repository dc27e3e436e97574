"""Public warnings as those who write, approve and release them see them."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, require_match, tag
from api.context import Issuing, Now, Reach
from api.cursors import Cursor, RowNumber
from api.fields import Page, Remark, RowId, shown
from api.warnings import ledger
from api.warnings.entry import WarningEntry
from api.warnings.models import (
    EXAMPLE,
    WHOLE,
    Cancellation,
    NewWarning,
    PublicWarning,
    WarningEvent,
    WarningFilter,
    WholeWarning,
)
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("warnings", RowNumber)
router = APIRouter(prefix=f"{PREFIX}/warnings", tags=["warnings"], route_class=GuardedRoute)


async def _whole(connection: Connection, warning_id: int, response: Response) -> WholeWarning:
    row = await ledger.find(connection, warning_id)
    tag(response, row["revision"])
    events = await connection.fetch(_SQL.events, warning_id)
    return WholeWarning(**shown(PublicWarning, row), events=[WarningEvent(**dict(event)) for event in events])


@router.get(
    "",
    summary="Warnings",
    description="Warnings and drafts, the newest first.",
    responses=answers({"items": [EXAMPLE], "next_cursor": None}),
)
async def list_warnings(
    store: Reach, _caller: CallerOf, which: Annotated[WarningFilter, Query()]
) -> Page[PublicWarning]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, which.state, which.status, which.incident, which.limit + 1)
    items = [PublicWarning(**shown(PublicWarning, row)) for row in rows]
    return _CURSOR.page(items, which.limit, key=lambda warning: warning.warning_id)


@router.get(
    "/{warning_id}",
    summary="One warning",
    description="The warning of this number with its steps.",
    responses=answers(WHOLE, 404, tagged=True),
)
async def show_warning(store: Reach, _caller: CallerOf, warning_id: RowId, response: Response) -> WholeWarning:
    async with store.reading() as connection:
        return await _whole(connection, warning_id, response)


@router.post(
    "",
    status_code=201,
    summary="Draft a warning",
    description="For an incident the hub fills in what it knows, for a person to correct. 409 for one without a place"
    " when no area is given.",
    responses=answers(WHOLE, 404, acts=True, tagged=True, status=201),
)
async def draft_warning(
    store: Reach, now: Now, caller: CallerOf, given: NewWarning, response: Response
) -> WholeWarning:
    async with store.writing() as connection:
        if given.entry is not None:
            number = await ledger.draft(connection, given.entry, given.incident_id, caller.actor, now)
        else:
            assert given.incident_id is not None  # NewWarning has seen to it
            number = await ledger.draft_for_incident(
                connection, given.incident_id, given.status, given.area, caller.actor, now
            )
        return await _whole(connection, number, response)


@router.put(
    "/{warning_id}",
    summary="Edit a draft",
    description="Puts other contents. One that was approved becomes a draft again and needs another approval.",
    responses=answers(WHOLE, 404, acts=True, tagged=True, matched=True),
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
    responses=answers(WHOLE, 404, 409, tagged=True, matched=True),
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
    responses=answers(WHOLE, 404, acts=True, tagged=True, matched=True),
)
async def approve_warning(
    store: Reach,
    now: Now,
    caller: CallerOf,
    warning_id: RowId,
    response: Response,
    remark: Remark | None = None,
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
    responses=answers(WHOLE, 404, acts=True, tagged=True),
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
    responses=answers({**WHOLE, "message": "Update", "replaces": 2}, 404, acts=True, tagged=True, status=201),
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
    responses=answers({**WHOLE, "message": "Cancel", "replaces": 2}, 404, acts=True, tagged=True, status=201),
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
