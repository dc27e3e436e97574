"""The county's handling clocks, and the cases that are over their time."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from alerts.cases import overdue
from alerts.clockbook import clocks_in_force
from alerts.stages import Stage
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.fields import Asked, Grade

router = APIRouter(prefix=f"{PREFIX}/clocks", tags=["incidents"], route_class=GuardedRoute)


class Shift(BaseModel):
    """Working hours of a day."""

    start: str = Field(description="Local time, HH:MM")
    end: str = Field(description="Local time, HH:MM, not included")


class Limit(BaseModel):
    """How long handling may take, in one of three measures."""

    hazards: list[str] = Field(description="Hazard types; empty: all that no limit before names")
    continuous_h: float | None = Field(description="紧急工作时: by day and night", json_schema_extra={"x-unit": "h"})
    working_h: float | None = Field(description="工作时: in the shifts only", json_schema_extra={"x-unit": "h"})
    working_days: float | None = Field(description="工作日 of eight working hours", json_schema_extra={"x-unit": "d"})
    source: str = Field(description="Where the limit comes from")


class CaseClocks(BaseModel):
    """Working time and handling limits in force; a case being handled keeps the time that it was given."""

    shifts: list[Shift]
    holidays: list[date]
    working_weekends: list[date]
    limits: list[Limit] = Field(description="The first one that names a hazard type, or none, holds")


class OverdueCase(BaseModel):
    """A case that should have been handed back."""

    incident_id: int
    hazard_type: str
    grade: Grade
    stage: Stage
    due_at: datetime
    overdue_s: float = Field(ge=0, description="How long ago that was", json_schema_extra={"x-unit": "s"})


class OverdueCases(BaseModel):
    """The cases that are the longest overdue."""

    items: list[OverdueCase]


class OverdueFilter(Asked):
    """How many."""

    limit: int = Field(100, ge=1, le=500, description="Most items in the answer", examples=[100])


_CLOCKS = {
    "shifts": [{"start": "08:00", "end": "12:00"}, {"start": "14:00", "end": "18:00"}],
    "holidays": ["2026-10-01"],
    "working_weekends": ["2026-09-27"],
    "limits": [
        {
            "hazards": ["cover_missing"],
            "continuous_h": 2.0,
            "working_h": None,
            "working_days": None,
            "source": "local 数字城管 standard",
        }
    ],
}
_OVERDUE = {
    "incident_id": 5,
    "hazard_type": "gas_combustible",
    "grade": 2,
    "stage": "handling",
    "due_at": "2026-05-01T14:00:00Z",
    "overdue_s": 900.0,
}


@router.get(
    "",
    summary="The handling clocks",
    description="The county's working time and how long handling may take for each hazard type.",
    responses=answers(_CLOCKS),
)
async def show_clocks(store: Reach, _caller: CallerOf) -> CaseClocks:
    async with store.reading() as connection:
        clocks = await clocks_in_force(connection)
    calendar = clocks.calendar
    return CaseClocks(
        shifts=[
            Shift(start=shift.start.isoformat("minutes"), end=shift.end.isoformat("minutes"))
            for shift in calendar.shifts
        ],
        holidays=sorted(calendar.holidays),
        working_weekends=sorted(calendar.working_weekends),
        limits=[
            Limit(
                hazards=list(limit.hazards),
                continuous_h=limit.continuous_h,
                working_h=limit.working_h,
                working_days=limit.working_days,
                source=limit.source,
            )
            for limit in clocks.limits
        ],
    )


@router.get(
    "/overdue",
    summary="Cases over their time",
    description="Open cases that should have been handed back, the longest overdue first.",
    responses=answers({"items": [_OVERDUE]}),
)
async def list_overdue(
    store: Reach, now: Now, _caller: CallerOf, which: Annotated[OverdueFilter, Query()]
) -> OverdueCases:
    async with store.reading() as connection:
        found = await overdue(connection, now, which.limit)
    return OverdueCases(
        items=[
            OverdueCase(
                incident_id=one.incident_id,
                hazard_type=one.hazard_type,
                grade=one.grade,
                stage=one.stage,
                due_at=one.due_at,
                overdue_s=one.by.total_seconds(),
            )
            for one in found
        ]
    )
