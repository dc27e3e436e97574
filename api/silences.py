"""Silences: while work is going on, hazards of some sensors are recorded but call nobody out."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from alerts import silences
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.fields import (
    GridId,
    HazardType,
    Instant,
    KindName,
    Maybe,
    Page,
    Paging,
    Reason,
    RowId,
    RowRef,
    SensorCode,
    Strict,
    YesNo,
)
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("silences", RowNumber)
router = APIRouter(prefix=f"{PREFIX}/silences", tags=["silences"], route_class=GuardedRoute)
WorkOrder = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$", description="Number of the work order")
]


class Silence(BaseModel):
    """What meets all that is not null calls nobody out, for a time."""

    silence_id: int
    sensor: str | None
    grid_id: str | None
    kind: str | None
    hazard_type: str | None
    work_order: str | None = Field(description="Covers nothing by itself; says what the silence is for")
    work_order_id: int | None = Field(description="Covers the sensors on this work order, until it is done")
    starts_at: datetime
    ends_at: datetime = Field(description="What is still bad then is raised")
    reason: str
    created_by: str
    ended_by: str | None = Field(description="Who ended it before its time")
    hazards: int = Field(description="Open hazards that it holds back")


class NewSilence(Strict):
    """A silence from now on: of a sensor, a grid, a kind or a work order, or what meets several of these."""

    sensor: SensorCode | None = None
    grid_id: GridId | None = None
    kind: KindName | None = None
    hazard_type: HazardType | None = Field(None, description="Only hazards of this type")
    work_order: WorkOrder | None = None
    work_order_id: RowRef | None = Field(
        None, description="Only sensors on this order of /work-orders; the silence ends with it"
    )
    ends_at: Instant = Field(description="Within 30 days", examples=["2026-05-01T12:00:00Z"])
    reason: Reason = Field(examples=["换井盖"])


class SilenceFilter(Paging):
    """Which silences."""

    over: YesNo = Field(False, description="Those that are over, too")
    work_order: Maybe[WorkOrder] = Field(None, description="Only of the work that is called so")
    work_order_id: Maybe[RowRef] = Field(None, description="Only of this order of /work-orders")
    sensor: Maybe[SensorCode] = Field(
        None, description="Only those that cover this sensor, also by its grid, its kind or a work order that it is on"
    )


_EXAMPLE: dict[str, Any] = {
    "silence_id": 4,
    "sensor": "mh-0012",
    "grid_id": None,
    "kind": None,
    "hazard_type": None,
    "work_order": "WO-7",
    "work_order_id": None,
    "starts_at": "2026-05-01T08:00:00Z",
    "ends_at": "2026-05-01T12:00:00Z",
    "reason": "换井盖",
    "created_by": "user:wang",
    "ended_by": None,
    "hazards": 0,
}


def _silence(row: asyncpg.Record) -> Silence:
    return Silence(**dict(row))


async def _one(connection: Connection, silence_id: int) -> Silence:
    row = await connection.fetchrow(_SQL.one, silence_id)
    assert row is not None  # it has just been written
    return _silence(row)


@router.get(
    "",
    summary="Silences",
    description="Silences that are still to end, or all of them, the newest first, filtered by work order and sensor.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_silences(
    store: Reach, now: Now, _caller: CallerOf, which: Annotated[SilenceFilter, Query()]
) -> Page[Silence]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        named = (which.work_order, which.limit + 1, which.work_order_id, which.sensor)
        rows = await connection.fetch(_SQL.page, before, which.over, now, *named)
    return _CURSOR.page([_silence(row) for row in rows], which.limit, key=lambda silence: silence.silence_id)


@router.post(
    "",
    status_code=201,
    summary="Silence sensors for a time",
    description="Hazards that are raised meanwhile are recorded and call nobody out; what is still bad at the end is"
    " raised then. Name a sensor, a grid, a kind or a work order, whose silence ends with it."
    " It always ends, within 30 days.",
    responses=answers(_EXAMPLE, acts=True, status=201),
)
async def add_silence(store: Reach, now: Now, caller: CallerOf, given: NewSilence) -> Silence:
    selector = silences.Selector(**given.model_dump(exclude={"ends_at", "reason"}))
    async with store.writing() as connection:
        number = await silences.add_silence(connection, selector, given.ends_at, given.reason, caller.actor, now)
        return await _one(connection, number)


@router.post(
    "/{silence_id}/end",
    summary="End a silence before its time",
    description="What is still bad is raised within seconds. 404 when no such silence is in force.",
    responses=answers({**_EXAMPLE, "ends_at": "2026-05-01T09:00:00Z", "ended_by": "user:wang"}, 404, acts=True),
)
async def end_silence(store: Reach, now: Now, caller: CallerOf, silence_id: RowId) -> Silence:
    async with store.writing() as connection:
        await silences.end_early(connection, caller.actor, now, silence_id=silence_id)
        return await _one(connection, silence_id)
