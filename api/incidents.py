"""Incidents: the cases that group hazards and go through the stages of 数字城管."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from alerts.stages import How, Stage
from api import hazards, tasks
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Reach
from api.cursors import Cursor, RowNumber
from api.errors import NotFound
from api.fields import (
    OF_EXERCISE,
    Bilingual,
    Grade,
    HazardType,
    Maybe,
    Page,
    Paging,
    Position,
    RowId,
    RowRef,
    YesNo,
    position,
)
from api.hazards import Hazard, hazards_of
from api.tasks import Task, tasks_of
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("incidents", RowNumber)
_MOST_EVENTS = 500
router = APIRouter(prefix=PREFIX, tags=["incidents"], route_class=GuardedRoute)


class Incident(BaseModel):
    """A case."""

    incident_id: int
    exercise_id: int = Field(description="0: the real world; else the exercise that it belongs to")
    kind: str
    hazard_type: str = Field(description="What is wrong, as named in the rules")
    source: Literal["sensor", "hotline", "police", "patrol", "system"] = Field(description="Who told first")
    grade: Grade = Field(description="Of its worst open hazard, or as reported; the last one once all have cleared")
    peak_grade: Grade = Field(description="The gravest grade so far")
    event_level: Grade | None = Field(description="Level of the event, set by a person apart from the grade")
    stage: Stage
    skill: str = Field(description="What a squad must be able to do")
    title: Bilingual
    grid_id: str | None
    position: Position | None
    opened_at: datetime = Field(description="Time of the reading or report that opened it")
    due_at: datetime | None = Field(description="When handling should be handed back; null while nobody handles it")
    overtime: bool = Field(description="Whether a hand-back was late")
    appeal: Literal["pending", "granted", "rejected"] | None = Field(
        description="Against the overtime; granted exempts it"
    )
    verified_how: How | None = Field(description="By its sensors, by a person, or by an override against the sensors")
    closed_at: datetime | None
    merged_into: int | None = Field(description="The incident that took over its hazards")


class IncidentEvent(BaseModel):
    """A step in the life of an incident."""

    at: datetime
    event: str = Field(
        description="opened, joined, reported, regraded, filed, dispatched, handling, fed_back, returned, verified,"
        " closed, commented, dismissed, merged, split, levelled, over, appealed, appeal_granted or appeal_rejected"
    )
    actor: str = Field(description="engine, dispatcher, key:NAME or squad:NAME")
    detail: dict[str, Any]


class WholeIncident(Incident):
    """An incident with the first 200 of its hazards, its tasks, and its newest 500 events in order."""

    hazards: list[Hazard]
    tasks: list[Task]
    events: list[IncidentEvent]


class IncidentFilter(Paging):
    """Which incidents."""

    open: Maybe[YesNo] = Field(None, description="Only open ones, or only closed ones", examples=[True])
    grade: Maybe[Annotated[list[Grade], Field(max_length=4)]] = Field(
        None, description="Only these grades, 1 red to 4 blue; repeat it for several"
    )
    stage: Maybe[Annotated[list[Stage], Field(max_length=7)]] = Field(
        None, description="Only these stages; repeat it for several"
    )
    type: Maybe[HazardType] = Field(None, description="Only this hazard type")
    exercise: Maybe[RowRef] = Field(None, description=OF_EXERCISE)


_EXAMPLE: dict[str, Any] = {
    "incident_id": 5,
    "exercise_id": 0,
    "kind": "gas",
    "hazard_type": "gas_leak",
    "source": "sensor",
    "grade": 2,
    "peak_grade": 1,
    "event_level": None,
    "stage": "dispatched",
    "skill": "gas",
    "title": {"zh": "南街燃气井 1 号燃气泄漏", "en": "Gas leak at South Street gas chamber 1"},
    "grid_id": "gn-nanjie-01",
    "position": {"longitude": 112.4406, "latitude": 23.6346},
    "opened_at": "2026-05-01T08:00:00Z",
    "due_at": "2026-05-01T14:00:00Z",
    "overtime": False,
    "appeal": None,
    "verified_how": None,
    "closed_at": None,
    "merged_into": None,
}
_EVENT = {"at": "2026-05-01T08:00:00Z", "event": "opened", "actor": "engine", "detail": {"hazard_id": 17}}
WHOLE = {**_EXAMPLE, "hazards": [hazards.EXAMPLE], "tasks": [tasks.EXAMPLE], "events": [_EVENT]}


def _fields(row: asyncpg.Record) -> dict[str, Any]:
    fields = dict(row)
    fields["title"] = Bilingual(zh=fields.pop("title_zh"), en=fields.pop("title_en"))
    fields["position"] = position(fields.pop("longitude"), fields.pop("latitude"))
    return fields


async def check_incident(connection: Connection, incident_id: int) -> asyncpg.Record:
    """The row of an incident; NotFound when there is none."""
    row = await connection.fetchrow(_SQL.one, incident_id)
    if row is None:
        raise NotFound(
            zh=f"没有编号为 {incident_id} 的事件；全部见 /api/v1/incidents。",
            en=f"There is no incident {incident_id}; /api/v1/incidents lists them.",
        )
    return row


async def whole(connection: Connection, incident_id: int) -> WholeIncident:
    """An incident with what belongs to it, in a transaction; NotFound."""
    row = await check_incident(connection, incident_id)
    events = await connection.fetch(_SQL.events, incident_id, _MOST_EVENTS)
    return WholeIncident(
        **_fields(row),
        hazards=await hazards_of(connection, incident_id),
        tasks=await tasks_of(connection, incident_id),
        events=[IncidentEvent(**dict(event)) for event in events],
    )


@router.get(
    "/incidents",
    summary="Incidents",
    description="Incidents, the newest first, filtered by open, grade, stage, hazard type and exercise.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_incidents(store: Reach, _caller: CallerOf, which: Annotated[IncidentFilter, Query()]) -> Page[Incident]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(
            _SQL.page, before, which.open, which.grade, which.stage, which.type, which.exercise, which.limit + 1
        )
    items = [Incident(**_fields(row)) for row in rows]
    return _CURSOR.page(items, which.limit, key=lambda incident: incident.incident_id)


@router.get(
    "/incidents/{incident_id}",
    summary="One incident",
    description="The incident of this number with the first 200 of its hazards, its tasks, and its newest 500 events.",
    responses=answers(WHOLE, 404),
)
async def show_incident(store: Reach, _caller: CallerOf, incident_id: RowId) -> WholeIncident:
    async with store.reading() as connection, connection.transaction(isolation="repeatable_read"):
        return await whole(connection, incident_id)
