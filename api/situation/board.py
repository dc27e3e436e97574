"""The live board: every open incident with its squads and clocks."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
from fastapi import APIRouter
from pydantic import BaseModel, Field

from alerts.stages import Stage
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Reach
from api.fields import Bilingual, Grade, Position, position
from database.pool import Connection
from database.queries import load_queries
from dispatch.steps import Status

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
MOST = 2000
router = APIRouter(prefix=PREFIX, tags=["incidents"], route_class=GuardedRoute)


class Sent(BaseModel):
    """An open task of the incident."""

    task_id: int
    squad_id: str | None = Field(description="Null while nobody can be sent")
    name: Bilingual | None
    status: Status
    clock_at: datetime | None = Field(description="When the next step of its escalation is due")
    arrival_expected_at: datetime | None


class OnBoard(BaseModel):
    """An open incident."""

    incident_id: int
    exercise_id: int = Field(description="0: the real world; else the exercise that it belongs to")
    kind: str
    hazard_type: str
    grade: Grade
    peak_grade: Grade
    stage: Stage
    title: Bilingual
    grid_id: str | None
    grid: Bilingual | None
    position: Position | None
    opened_at: datetime
    due_at: datetime | None = Field(description="When handling should be handed back")
    hazards: int = Field(description="Open ones")
    unacknowledged: int = Field(description="Open hazards that nobody has acknowledged")
    tasks: list[Sent]


class Board(BaseModel):
    """Open incidents: real ones before exercises, the gravest first."""

    items: list[OnBoard]


_EXAMPLE: dict[str, Any] = {
    "incident_id": 5,
    "exercise_id": 0,
    "kind": "gas",
    "hazard_type": "gas_leak",
    "grade": 2,
    "peak_grade": 1,
    "stage": "dispatched",
    "title": {"zh": "南街燃气井 1 号燃气泄漏", "en": "Gas leak at South Street gas chamber 1"},
    "grid_id": "nanjie-1",
    "grid": {"zh": "南街街道西北网格", "en": "Nanjie Subdistrict north-west grid"},
    "position": {"longitude": 112.4406, "latitude": 23.6346},
    "opened_at": "2026-05-01T08:00:00Z",
    "due_at": "2026-05-01T14:00:00Z",
    "hazards": 1,
    "unacknowledged": 1,
    "tasks": [
        {
            "task_id": 7,
            "squad_id": "gas-1",
            "name": {"zh": "燃气抢修一队", "en": "Gas repair squad 1"},
            "status": "ordered",
            "clock_at": "2026-05-01T08:01:31Z",
            "arrival_expected_at": "2026-05-01T08:14:00Z",
        }
    ],
}


def _on_board(row: asyncpg.Record) -> OnBoard:
    fields: dict[str, Any] = dict(row)
    grid = (fields.pop("grid_zh"), fields.pop("grid_en"))
    return OnBoard(
        title=Bilingual(zh=fields.pop("title_zh"), en=fields.pop("title_en")),
        grid=None if grid[0] is None else Bilingual(zh=grid[0], en=grid[1]),
        position=position(fields.pop("longitude"), fields.pop("latitude")),
        tasks=[
            Sent(**{**task, "name": None if task["squad_id"] is None else task["name"]}) for task in fields.pop("tasks")
        ],
        **fields,
    )


async def open_incidents(
    connection: Connection, numbers: Sequence[int] | None = None, *, exercises_only: bool = False
) -> list[OnBoard]:
    """The open incidents, at most 2,000, of exercises too; only those of ``numbers`` when given."""
    rows = await connection.fetch(_SQL.open, numbers, exercises_only, MOST)
    return [_on_board(row) for row in rows]


@router.get(
    "/board",
    summary="The live board",
    description="Open incidents with their squads and clocks, at most 2,000, those of exercises too: their"
    " `exercise_id` isn't 0. Real ones come first, the gravest first.",
    responses=answers({"items": [_EXAMPLE]}),
)
async def show_board(store: Reach, _caller: CallerOf) -> Board:
    async with store.reading() as connection:
        return Board(items=await open_incidents(connection))
