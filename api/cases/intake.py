"""What the hotline, the police, patrols and other systems report."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from alerts.intake import Report, Source, take_report
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.errors import InvalidValue
from api.fields import Grade, GridId, HazardType, Instant, Page, Paging, Position, Reason, RowId, Strict, position
from api.incidents import check_incident
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("reports", RowNumber)
_OLDEST = timedelta(days=30)
_AHEAD = timedelta(minutes=5)
router = APIRouter(prefix=f"{PREFIX}/incidents", tags=["incidents"], route_class=GuardedRoute)
Reference = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The number under which the source keeps it; what comes again under it is not taken twice",
        examples=["12319-20260501-0042"],
    ),
]
Place = Annotated[
    str,
    Field(
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f\s][^\x00-\x1f\x7f]*$",
        description="Where, as told",
        examples=["中华路 12 号"],
    ),
]


class NewReport(Strict):
    """What was reported."""

    source: Source = Field(description="hotline is 12319, police 110")
    hazard_type: HazardType
    grade: Grade = Field(description="The receiver's judgement: 1 red (I) to 4 blue (IV)")
    place: Place
    text: Reason = Field(description="What was said", examples=["闻到燃气味"])
    reported_at: Instant | None = Field(None, description="Default: now; within the last 30 days")
    position: Position | None = Field(None, description="With it, hazards nearby join the incident")
    grid_id: GridId | None = None
    reference: Reference | None = None


class TakenReport(BaseModel):
    """The incident that a report belongs to."""

    incident_id: int
    opened: bool = Field(description="Whether the report opened it; else it joined one that was open nearby")
    repeated: bool = Field(description="Whether it had been taken in before under its reference: nothing was changed")


class ShownReport(BaseModel):
    """A report as it was taken in."""

    report_id: int
    source: Source
    reference: str | None
    hazard_type: str
    grade: Grade
    place: str
    text: str
    position: Position | None
    reported_at: datetime
    actor: str = Field(description="Who took it in")


class ReportFilter(Paging):
    """Which reports."""


_TAKEN = {"incident_id": 6, "opened": True, "repeated": False}
_EXAMPLE = {
    "report_id": 2,
    "source": "hotline",
    "reference": "12319-20260501-0042",
    "hazard_type": "gas_smell",
    "grade": 3,
    "place": "中华路 12 号",
    "text": "闻到燃气味",
    "position": {"longitude": 112.4406, "latitude": 23.6346},
    "reported_at": "2026-05-01T08:00:00Z",
    "actor": "key:hotline",
}


def _report(given: NewReport, now: datetime) -> Report:
    at = given.reported_at or now
    if not now - _OLDEST <= at <= now + _AHEAD:
        raise InvalidValue(
            "body.reported_at",
            zh="reported_at 应在最近 30 天之内，且不晚于现在。",
            en="reported_at lies within the last 30 days and is not in the future.",
        )
    fields: dict[str, Any] = given.model_dump(exclude={"position", "reported_at"})
    place = given.position
    return Report(
        **fields,
        reported_at=at,
        longitude=place.longitude if place else None,
        latitude=place.latitude if place else None,
    )


def _shown(row: asyncpg.Record) -> ShownReport:
    fields = dict(row)
    place = position(fields.pop("longitude"), fields.pop("latitude"))
    return ShownReport(**fields, position=place)


@router.post(
    "",
    status_code=201,
    summary="Take a report in",
    description="A call to 12319, a hand-over by 110, a find of a patrol, or another system's alarm. It joins the open"
    " incident nearby that it is about, or opens one, which sensors' hazards nearby join later. The hazard type is one"
    " of the rules, or gas_smell, cover_rattling, cover_cracked.",
    responses=answers(_TAKEN, acts=True, status=201),
)
async def report_incident(
    store: Reach, now: Now, caller: CallerOf, given: NewReport, response: Response
) -> TakenReport:
    async with store.writing() as connection:
        taken = await take_report(connection, _report(given, now), caller.actor)
    response.headers["Location"] = f"/api/v1/incidents/{taken.incident_id}"
    return TakenReport(incident_id=taken.incident_id, opened=taken.opened, repeated=taken.repeated)


@router.get(
    "/{incident_id}/reports",
    summary="What was reported of an incident",
    description="Its reports in the order in which they were taken in.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}, 404),
)
async def list_incident_reports(
    store: Reach, _caller: CallerOf, incident_id: RowId, which: Annotated[ReportFilter, Query()]
) -> Page[ShownReport]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        await check_incident(connection, incident_id)
        rows = await connection.fetch(_SQL.page, incident_id, after, which.limit + 1)
    return _CURSOR.page([_shown(row) for row in rows], which.limit, key=lambda report: report.report_id)
