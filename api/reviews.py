"""After action: an incident looked back on, as data and as a page; and its situation reports."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.console.event_words import in_both
from api.context import Exports, Now, Reach
from api.cursors import Cursor, RowNumber
from api.fields import Bilingual, Page, Paging, Reason, RowId, Strict
from api.incidents import check_incident
from database.queries import load_queries
from dispatch.reports import Kind, file_report
from dispatch.review import Review, review, write_page

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("situation-reports", RowNumber)
router = APIRouter(prefix=f"{PREFIX}/incidents", tags=["incidents"], route_class=GuardedRoute)


class TimelineEntry(BaseModel):
    """A line of the timeline."""

    at: datetime
    of: str = Field(description="incident, hazard, task, message, permit, report or material")
    event: str
    actor: str
    text: Bilingual


class Trace(BaseModel):
    """The readings of one quantity of a sensor around the incident, at most 5,000."""

    sensor: str
    quantity: str
    unit: str
    times: list[datetime]
    values: list[float]


class WholeReview(BaseModel):
    """An incident looked back on."""

    incident_id: int
    title: Bilingual
    grade: int = Field(ge=1, le=4)
    exercise_id: int
    key_times: dict[str, datetime | None] = Field(
        description="detected, filed, dispatched, confirmed, arrived, finished, verified, closed; null: hasn't come"
    )
    timeline: list[TimelineEntry]
    decisions: list[dict[str, Any]] = Field(description="Who was sent and who passed over, with the reasons")
    traces: list[Trace]


class SituationReport(BaseModel):
    """A report to the level above: 初报 first, 续报 follow_up, 终报 final."""

    report_id: int
    kind: Kind
    text: str
    due_at: datetime | None
    filed_at: datetime
    actor: str


class NewSituationReport(Strict):
    """What is reported."""

    text: Reason = Field(examples=["18时20分南街燃气泄漏，抢修队已到场，无人员伤亡。"])


class SituationFilter(Paging):
    """Which reports."""


_EXAMPLE: dict[str, Any] = {
    "incident_id": 5,
    "title": {"zh": "南街燃气井 1 号燃气泄漏", "en": "Gas leak at South Street gas chamber 1"},
    "grade": 2,
    "exercise_id": 0,
    "key_times": {"detected": "2026-05-01T08:00:00Z", "closed": None},
    "timeline": [
        {"at": "2026-05-01T08:00:01Z", "of": "task", "event": "ordered", "actor": "dispatcher"}
        | {"text": {"zh": "7 县城燃气抢险一队", "en": "7 County gas squad 1"}}
    ],
    "decisions": [{"task_id": 7, "role": "handle", "squad_id": "gas-1", "status": "ordered"}],
    "traces": [
        {
            "sensor": "GAS-0001",
            "quantity": "ch4_lel_pct",
            "unit": "%LEL",
            "times": ["2026-05-01T08:00:00Z"],
            "values": [52.1],
        }
    ],
}
_REPORT: dict[str, Any] = {
    "report_id": 1,
    "kind": "first",
    "text": "18时20分南街燃气泄漏，抢修队已到场，无人员伤亡。",
    "due_at": "2026-05-01T08:20:00Z",
    "filed_at": "2026-05-01T08:15:00Z",
    "actor": "user:wang",
}
_PAGE = {"text/html": {"schema": {"type": "string"}}}


@router.get(
    "/{incident_id}/review",
    summary="After-action review",
    description="The timeline of everything that happened, the key times, who was sent and why, and what the sensors"
    " said, from half an hour before it opened to half an hour after it closed.",
    responses=answers(_EXAMPLE, 404),
)
async def show_review(store: Reach, now: Now, _caller: CallerOf, incident_id: RowId) -> WholeReview:
    return WholeReview.model_validate(msgspec.to_builtins(await _review(store, incident_id, now)))


@router.get(
    "/{incident_id}/review/page",
    summary="After-action review as a page",
    description="The same as one HTML page with its plot, in both languages, times in Asia/Shanghai; for printing.",
    response_class=Response,
    responses={**answers(None, 404), 200: {"description": "The page", "content": _PAGE}},
)
async def show_review_page(store: Reach, now: Now, exports: Exports, _caller: CallerOf, incident_id: RowId) -> Response:
    found = await _review(store, incident_id, now)
    async with exports:
        page = await asyncio.to_thread(write_page, found, in_both)  # the plot takes a while
    return Response(page, media_type="text/html")


async def _review(store: Reach, incident_id: int, now: datetime) -> Review:
    async with store.reading() as connection, connection.transaction(isolation="repeatable_read"):
        await check_incident(connection, incident_id)
        return await review(connection, incident_id, now)


@router.get(
    "/{incident_id}/situation-reports",
    summary="Situation reports",
    description="初报、续报、终报 as they were filed, in order.",
    responses=answers({"items": [_REPORT], "next_cursor": None}, 404),
)
async def list_situation_reports(
    store: Reach, _caller: CallerOf, incident_id: RowId, which: Annotated[SituationFilter, Query()]
) -> Page[SituationReport]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        await check_incident(connection, incident_id)
        rows = await connection.fetch(_SQL.page, incident_id, after, which.limit + 1)
    items = [SituationReport(**dict(row)) for row in rows]
    return _CURSOR.page(items, which.limit, key=lambda report: report.report_id)


@router.post(
    "/{incident_id}/situation-reports",
    status_code=201,
    summary="File the situation report that is due",
    description="Which one it is follows from the plan's clock, and filing it starts the clock of the next. 409 when"
    " the plan asks for none, or for no more.",
    responses=answers(_REPORT, 404, acts=True, status=201),
)
async def file_situation_report(
    store: Reach, now: Now, caller: CallerOf, incident_id: RowId, given: NewSituationReport
) -> SituationReport:
    async with store.writing() as connection:
        await check_incident(connection, incident_id)
        await file_report(connection, incident_id, given.text, caller.actor, now)
        row = await connection.fetchrow(_SQL.latest, incident_id)
        assert row is not None  # it has just been written
        return SituationReport(**dict(row))
