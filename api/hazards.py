"""Hazards: what the alert engine found."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from alerts.evidence import trust_of
from alerts.trust import Level
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.errors import NotFound
from api.fields import (
    Bilingual,
    Grade,
    GridId,
    HazardType,
    Instant,
    KindName,
    Maybe,
    Page,
    Paging,
    RowId,
    SensorCode,
    Text,
    YesNo,
)
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("hazards", RowNumber)
_MOST_EVENTS = 200
_MOST_OF_INCIDENT = 200
router = APIRouter(prefix=PREFIX, tags=["hazards"], route_class=GuardedRoute)


class Hazard(BaseModel):
    """A graded finding about one sensor. Acknowledged and cleared are independent facts."""

    hazard_id: int
    sensor: str = Field(description="The sensor's code")
    kind: str
    hazard_type: str = Field(description="What is wrong, as named in the rules")
    grade: Grade
    peak_grade: Grade
    latched: bool = Field(description="Stays until found harmless on site")
    reason: Bilingual = Field(description="Why it has this grade")
    raised_at: datetime = Field(description="Time of the reading that raised it")
    graded_at: datetime = Field(description="Time of the reading that gave the present grade")
    checked_at: datetime | None = Field(description="When it was found harmless on site")
    acknowledged_at: datetime | None
    acknowledged_by: str | None = Field(description="key:NAME")
    cleared_at: datetime | None = Field(description="Null while open")
    incident_id: int | None = Field(description="The incident that it belongs to; blue hazards have none")


class HazardEvent(BaseModel):
    """A step in the life of a hazard."""

    at: datetime
    event: str = Field(
        description="raised, upgraded, downgraded, latched, cleared, checked, acknowledged, commented, false_alarm,"
        " dismissed or silenced"
    )
    grade: Grade | None = Field(description="The grade after it; null when cleared")
    reason: Bilingual
    actor: str = Field(description="engine, key:NAME or squad:NAME")


class Trust(BaseModel):
    """How far the hazard can be trusted, and what speaks against it."""

    level: Level = Field(description="high without a doubt, reduced with one, low with more")
    doubts: list[Bilingual] = Field(description="Overdue calibration, late data, silence, low battery")


class HazardWithEvents(Hazard):
    """A hazard, the trust in it, and its newest 200 events, in the order in which they happened."""

    trust: Trust
    events: list[HazardEvent]


class HazardFilter(Paging):
    """Which hazards."""

    open: Maybe[YesNo] = Field(None, description="Only open ones, or only cleared ones", examples=[True])
    grade: Maybe[Annotated[list[Grade], Field(max_length=4)]] = Field(
        None, description="Only these grades, 1 red to 4 blue; repeat it for several", examples=[[1, 2]]
    )
    type: Maybe[HazardType] = Field(None, description="Only this hazard type")
    sensor: Maybe[SensorCode] = Field(None, description="Only of this sensor")
    kind: Maybe[KindName] = Field(None, description="Only of sensors of this kind")
    grid_id: Maybe[GridId] = Field(None, description="Only in this grid cell")
    owner_unit: Maybe[Text] = Field(None, description="Only at sensors of this unit")
    raised_from: Maybe[Instant] = Field(None, description="Raised then or later, RFC 3339 with zone")
    raised_to: Maybe[Instant] = Field(None, description="Raised before, RFC 3339 with zone; so it is at least so old")


EXAMPLE: dict[str, Any] = {
    "hazard_id": 17,
    "sensor": "GAS-0001",
    "kind": "gas",
    "hazard_type": "gas_leak",
    "grade": 2,
    "peak_grade": 2,
    "latched": False,
    "reason": {"zh": "甲烷 53.0 %LEL，达到橙色限值 50", "en": "methane 53.0 %LEL, at or over the orange limit 50"},
    "raised_at": "2026-05-01T08:00:00Z",
    "graded_at": "2026-05-01T08:01:00Z",
    "checked_at": None,
    "acknowledged_at": None,
    "acknowledged_by": None,
    "cleared_at": None,
    "incident_id": 5,
}
_EVENT = {
    "at": "2026-05-01T08:00:00Z",
    "event": "raised",
    "grade": 3,
    "reason": {"zh": "甲烷 27.5 %LEL，达到黄色限值 25", "en": "methane 27.5 %LEL, at or over the yellow limit 25"},
    "actor": "engine",
}
_TRUST = {"level": "reduced", "doubts": [{"zh": "电量仅15%", "en": "its battery is at 15 %"}]}
WHOLE = {**EXAMPLE, "trust": _TRUST, "events": [_EVENT]}


def _fields(row: asyncpg.Record) -> dict[str, Any]:
    fields = dict(row)
    fields["reason"] = Bilingual(zh=fields.pop("reason_zh"), en=fields.pop("reason_en"))
    return fields


async def hazards_of(connection: Connection, incident_id: int) -> list[Hazard]:
    """The hazards of an incident, the first 200."""
    rows = await connection.fetch(_SQL.of_incident, incident_id, _MOST_OF_INCIDENT)
    return [Hazard(**_fields(row)) for row in rows]


async def whole(connection: Connection, hazard_id: int, now: datetime) -> HazardWithEvents:
    """A hazard with its events and the trust in it at ``now``; NotFound."""
    row = await connection.fetchrow(_SQL.one, hazard_id)
    if row is None:
        raise NotFound(
            zh=f"没有编号为 {hazard_id} 的隐患；全部见 /api/v1/hazards。",
            en=f"There is no hazard {hazard_id}; /api/v1/hazards lists them.",
        )
    events = await connection.fetch(_SQL.events, hazard_id, _MOST_EVENTS)
    trust = (await trust_of(connection, [hazard_id], now))[hazard_id]
    return HazardWithEvents(
        **_fields(row),
        trust=Trust(level=trust.level, doubts=[Bilingual(zh=doubt.zh, en=doubt.en) for doubt in trust.doubts]),
        events=[HazardEvent(**_fields(event)) for event in events],
    )


@router.get(
    "/hazards",
    summary="Hazards",
    description="Hazards, the newest first, filtered by open, grade, type, sensor, kind, grid, owner unit and time.",
    responses=answers({"items": [EXAMPLE], "next_cursor": None}),
)
async def list_hazards(store: Reach, _caller: CallerOf, which: Annotated[HazardFilter, Query()]) -> Page[Hazard]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(
            _SQL.page,
            before,
            which.open,
            which.grade,
            which.type,
            which.sensor,
            which.kind,
            which.grid_id,
            which.owner_unit,
            which.raised_from,
            which.raised_to,
            which.limit + 1,
        )
    return _CURSOR.page([Hazard(**_fields(row)) for row in rows], which.limit, key=lambda hazard: hazard.hazard_id)


@router.get(
    "/hazards/{hazard_id}",
    summary="One hazard",
    description="The hazard of this number with its newest 200 events.",
    responses=answers(WHOLE, 404),
)
async def show_hazard(store: Reach, now: Now, _caller: CallerOf, hazard_id: RowId) -> HazardWithEvents:
    async with store.reading() as connection:
        return await whole(connection, hazard_id, now)
