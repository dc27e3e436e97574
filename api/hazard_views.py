"""How the open hazards stand, which sensors raise the same again and again, and how it goes from day to day."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from alerts import register
from alerts.register import View
from alerts.tracks import ZONE
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.errors import InvalidValue
from api.fields import Asked, Grade, HazardType, Maybe

_MOST_DAYS = 366
router = APIRouter(prefix=f"{PREFIX}/register", tags=["hazards"], route_class=GuardedRoute)
Days = Annotated[int, Field(ge=1, le=_MOST_DAYS, json_schema_extra={"x-unit": "d"})]


class Standing(BaseModel):
    """Open hazards that share a name in one view."""

    view: View = Field(description="What they are counted by")
    name: str = Field(description="The grade, hazard type, grid, owner unit or age; empty where none is entered")
    open: int
    unacknowledged: int
    oldest_at: datetime
    worst_grade: Grade


class Standings(BaseModel):
    """The open hazards, counted in each view."""

    at: datetime
    items: list[Standing]


class Recurrence(BaseModel):
    """A sensor that raised the same hazard more than once."""

    sensor: str
    hazard_type: str
    raised: int
    false_alarms: int
    worst_grade: Grade
    latest_at: datetime
    open_s: float = Field(description="How long these were open, added up", json_schema_extra={"x-unit": "s"})


class Recurrences(BaseModel):
    """The sensors that did so the most often, first."""

    items: list[Recurrence]


class Day(BaseModel):
    """The hazards of one local day, raised by the gravest grade that each reached, and cleared."""

    day: date
    raised: int
    red: int
    orange: int
    yellow: int
    blue: int
    false_alarms: int
    cleared: int


class Trend(BaseModel):
    """Day by day, quiet ones too."""

    items: list[Day]


class StandingFilter(Asked):
    """Which view."""

    view: Maybe[View] = Field(None, description="Only this view", examples=["owner_unit"])


class RecurrenceFilter(Asked):
    """How far back."""

    days: Days = Field(30, description="Hazards raised in so many days up to now", examples=[30])
    limit: int = Field(100, ge=1, le=500, description="Most items in the answer", examples=[100])


class TrendFilter(Asked):
    """Which days."""

    days: Days = Field(30, description="So many local days, the last one being `last`", examples=[30])
    last: Maybe[date] = Field(None, description="Last local day; today unless given", examples=["2026-05-01"])
    type: Maybe[HazardType] = Field(None, description="Only this hazard type")


_STANDING = {
    "view": "owner_unit",
    "name": "县燃气公司",
    "open": 3,
    "unacknowledged": 1,
    "oldest_at": "2026-05-01T08:00:00Z",
    "worst_grade": 2,
}
_RECURRENCE = {
    "sensor": "gas-0001",
    "hazard_type": "gas_combustible",
    "raised": 4,
    "false_alarms": 1,
    "worst_grade": 2,
    "latest_at": "2026-05-01T08:00:00Z",
    "open_s": 5400.0,
}
_DAY = {
    "day": "2026-05-01",
    "raised": 5,
    "red": 0,
    "orange": 1,
    "yellow": 1,
    "blue": 3,
    "false_alarms": 1,
    "cleared": 4,
}


@router.get(
    "/open",
    summary="How the open hazards stand",
    description="Open hazards counted by grade, type, grid, owner unit and age.",
    responses=answers({"at": "2026-05-01T09:00:00Z", "items": [_STANDING]}),
)
async def show_standing(
    store: Reach, now: Now, _caller: CallerOf, which: Annotated[StandingFilter, Query()]
) -> Standings:
    async with store.reading() as connection:
        found = await register.open_now(connection, now)
    items = [Standing(**asdict(one)) for one in found if which.view in (None, one.view)]
    return Standings(at=now, items=items)


@router.get(
    "/recurrence",
    summary="Sensors with the same hazard again and again",
    description="The most often first, with the false alarms among them.",
    responses=answers({"items": [_RECURRENCE]}),
)
async def list_recurrence(
    store: Reach, now: Now, _caller: CallerOf, which: Annotated[RecurrenceFilter, Query()]
) -> Recurrences:
    async with store.reading() as connection:
        found = await register.recurrence(connection, now - timedelta(days=which.days), now, which.limit)
    return Recurrences(
        items=[
            Recurrence(
                sensor=one.sensor,
                hazard_type=one.hazard_type,
                raised=one.raised,
                false_alarms=one.false_alarms,
                worst_grade=one.worst_grade,
                latest_at=one.latest_at,
                open_s=one.open_for.total_seconds(),
            )
            for one in found
        ]
    )


@router.get(
    "/trend",
    summary="Hazards day by day",
    description="Raised, by the gravest grade that each reached, called a false alarm, and cleared on each local day.",
    responses=answers({"items": [_DAY]}),
)
async def show_trend(store: Reach, now: Now, _caller: CallerOf, which: Annotated[TrendFilter, Query()]) -> Trend:
    today = now.astimezone(ZONE).date()
    last = which.last or today
    if not date(2000, 1, 1) <= last <= today:
        raise InvalidValue(
            "query.last", zh="last 应在 2000 年之后，且不晚于今天。", en="`last` lies after 2000 and not after today."
        )
    async with store.reading() as connection:
        found = await register.trend(connection, last - timedelta(days=which.days - 1), last, which.type)
    return Trend(items=[Day(**asdict(one)) for one in found])
