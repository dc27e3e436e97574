"""Exercises: drills that were held, or are being held, and what came of them."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.errors import NotFound
from api.fields import Because, Bilingual, Maybe, Page, Paging, RowId
from api.store import Store
from database.pool import Connection
from database.queries import load_queries
from dispatch import exercises

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("exercises", RowNumber)
Status = Literal["running", "paused", "ended"]
router = APIRouter(prefix=f"{PREFIX}/exercises", tags=["exercises"], route_class=GuardedRoute)


class Exercise(BaseModel):
    """A drill on the twins of real sensors, apart from the real world."""

    exercise_id: int
    drill: str = Field(description="Name of its script")
    title: Bilingual
    seed: int = Field(description="With the same one the drill plays the same")
    status: Status
    pause_reason: str
    started_at: datetime
    ended_at: datetime | None
    squads: list[str] = Field(description="Who takes part")


class WholeExercise(Exercise):
    """An exercise and its report."""

    report: dict[str, Any] | None = Field(description="What was wanted and what happened; null until it has ended")


class ExerciseFilter(Paging):
    """Which exercises."""

    status: Maybe[Status] = Field(None, description="Only those that run, are paused, or have ended")


_EXAMPLE: dict[str, Any] = {
    "exercise_id": 2,
    "drill": "gas_leak_south_street",
    "title": {"zh": "南街燃气泄漏", "en": "Gas leak at South Street"},
    "seed": 1,
    "status": "ended",
    "pause_reason": "",
    "started_at": "2026-05-01T08:00:00Z",
    "ended_at": "2026-05-01T08:20:00Z",
    "squads": ["gas-1"],
}


def _fields(row: asyncpg.Record) -> dict[str, Any]:
    fields = dict(row)
    fields["title"] = Bilingual(zh=fields.pop("title_zh"), en=fields.pop("title_en"))
    return fields


@router.get(
    "",
    summary="Exercises",
    description="Drills, the newest first, without their reports.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_exercises(store: Reach, _caller: CallerOf, which: Annotated[ExerciseFilter, Query()]) -> Page[Exercise]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, which.status, which.limit + 1)
    items = [Exercise(**_fields(row)) for row in rows]
    return _CURSOR.page(items, which.limit, key=lambda exercise: exercise.exercise_id)


@router.get(
    "/{exercise_id}",
    summary="One exercise",
    description="The exercise of this number with its report.",
    responses=answers({**_EXAMPLE, "report": {"score": 1.0}}, 404),
)
async def show_exercise(store: Reach, _caller: CallerOf, exercise_id: RowId) -> WholeExercise:
    async with store.reading() as connection:
        return await _whole(connection, exercise_id)


async def _whole(connection: Connection, exercise_id: int) -> WholeExercise:
    row = await connection.fetchrow(_SQL.one, exercise_id)
    if row is None:
        raise NotFound(
            zh=f"没有编号为 {exercise_id} 的演练；全部见 /api/v1/exercises。",
            en=f"There is no exercise {exercise_id}; /api/v1/exercises lists them.",
        )
    return WholeExercise(**_fields(row))


async def _act(store: Store, exercise_id: int, act: Callable[[Connection], Coroutine[Any, Any, None]]) -> WholeExercise:
    async with store.writing() as connection:
        await _whole(connection, exercise_id)
        await connection.execute(_SQL.see_all)
        await act(connection)
        return await _whole(connection, exercise_id)


@router.post(
    "/{exercise_id}/pause",
    summary="Pause an exercise",
    description="Its squads are called off and its clocks stand until it is resumed. 409 when it isn't running.",
    responses=answers({**_EXAMPLE, "status": "paused", "pause_reason": "雷暴", "report": None}, 404, acts=True),
)
async def pause_exercise(
    store: Reach, now: Now, _caller: CallerOf, exercise_id: RowId, because: Because
) -> WholeExercise:
    return await _act(store, exercise_id, lambda c: exercises.pause_exercise(c, exercise_id, because.reason, now))


@router.post(
    "/{exercise_id}/resume",
    summary="Resume an exercise",
    description="Its incidents are dispatched anew; a real red that is still open pauses it again. 409 when it isn't"
    " paused.",
    responses=answers({**_EXAMPLE, "status": "running", "report": None}, 404, acts=True),
)
async def resume_exercise(store: Reach, _caller: CallerOf, exercise_id: RowId) -> WholeExercise:
    return await _act(store, exercise_id, lambda c: exercises.resume_exercise(c, exercise_id))


@router.post(
    "/{exercise_id}/end",
    summary="End an exercise",
    description="For good: what is still open in it is cancelled. Its report comes from who plays it. 409 when it has"
    " ended.",
    responses=answers({**_EXAMPLE, "report": None}, 404, acts=True),
)
async def end_exercise(store: Reach, now: Now, _caller: CallerOf, exercise_id: RowId) -> WholeExercise:
    return await _act(store, exercise_id, lambda c: exercises.stop_exercise(c, exercise_id, now))
