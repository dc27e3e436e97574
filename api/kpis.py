"""Key figures of the handling of incidents, each with its definition."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.errors import InvalidValue
from api.fields import Asked, Bilingual, Instant, Maybe
from dispatch import kpis

_LONGEST = timedelta(days=3660)
router = APIRouter(prefix=PREFIX, tags=["kpis"], route_class=GuardedRoute)
Share = Annotated[float | None, Field(description="0 to 1; null: nothing to count")]
Seconds = Annotated[float | None, Field(description="Null: nothing to count", json_schema_extra={"x-unit": "s"})]


class Definition(BaseModel):
    """What a figure is."""

    name: str
    title: Bilingual
    unit: Literal["share", "s"]
    definition: Bilingual


class Figures(BaseModel):
    """The figures of one group of incidents."""

    group: str = Field(description="The squad, grid cell, hazard type or month; empty: none; all: everything")
    incidents: int
    finding_rate: Share
    handling_rate: Share
    in_time_rate: Share
    closing_rate: Share
    right_first_time_rate: Share
    return_rate: Share
    confirm_median_s: Seconds
    arrive_median_s: Seconds


class KeyFigures(BaseModel):
    """Figures and what they mean."""

    start: datetime = Field(serialization_alias="from", description="Incidents opened from then on")
    to: datetime = Field(description="And before then")
    by: str
    definitions: list[Definition]
    groups: list[Figures]


class FigureFilter(Asked):
    """Of which incidents, in which groups."""

    start: Maybe[Instant] = Field(
        None, alias="from", description="Incidents opened from then on, RFC 3339. Default: 30 days before `to`"
    )
    to: Maybe[Instant] = Field(None, description="And before then. Default: now")
    by: kpis.By = Field("all", description="squad: that led last; month: local", examples=["squad"])


_EXAMPLE: dict[str, Any] = {
    "from": "2026-04-01T00:00:00Z",
    "to": "2026-05-01T00:00:00Z",
    "by": "squad",
    "definitions": [
        {
            "name": "handling_rate",
            "title": {"zh": "处置率", "en": "handling rate"},
            "unit": "share",
            "definition": {"zh": "已处置数 ÷ 应处置数（已派遣）", "en": "incidents whose work is done / dispatched"},
        }
    ],
    "groups": [
        {
            "group": "gas-1",
            "incidents": 12,
            "finding_rate": 0.75,
            "handling_rate": 1.0,
            "in_time_rate": 0.9167,
            "closing_rate": 1.0,
            "right_first_time_rate": 0.8333,
            "return_rate": 0.0833,
            "confirm_median_s": 41.0,
            "arrive_median_s": 655.0,
        }
    ],
}


@router.get(
    "/kpis",
    summary="Key figures",
    description="发现率、处置率、按期处置率、结案率、准确派遣率、返工率 and median times, of the incidents opened in"
    " a span, in groups; with the definition of each. Exercises are never counted.",
    responses=answers(_EXAMPLE),
)
async def show_kpis(store: Reach, now: Now, _caller: CallerOf, which: Annotated[FigureFilter, Query()]) -> KeyFigures:
    to = which.to or now
    try:
        start = which.start or to - timedelta(days=30)
    except OverflowError:  # `to` is in the first days of year 1
        start = to
    if not timedelta(0) <= to - start <= _LONGEST:
        raise InvalidValue(
            "query.from", zh="from 应早于 to，且相差不超过十年。", en="from must lie before to, by ten years at most."
        )
    async with store.reading() as connection:
        groups = await kpis.figures(connection, start, to, which.by)
    return KeyFigures(
        start=start,
        to=to,
        by=which.by,
        definitions=[Definition.model_validate(msgspec.to_builtins(one)) for one in kpis.DEFINITIONS],
        groups=[Figures.model_validate(msgspec.to_builtins(one)) for one in groups],
    )
