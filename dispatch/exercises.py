"""Exercises: drills beside the real world, in the same tables and apart from it.

Twins of real sensors report under an exercise id, and everything that they cause carries it. Only enrolled squads are
sent, and only enrolled people are told, on the channels that they are enrolled with. A real red incident pauses every
exercise: its tasks are cancelled, which frees its squads, and nothing of it is dispatched until somebody resumes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from database.pool import Connection
from database.queries import load_queries
from dispatch.errors import DispatchRefusal
from dispatch.tasks import advance
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

REAL = 0
"""The exercise id of everything that is none."""

_PAUSED = "a real red incident is open"


class ExerciseError(DispatchRefusal):
    """An exercise can't be held as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """An exercise that has been opened. Real sensors' twins are called ``twin_prefix`` + their code."""

    exercise_id: int

    @property
    def twin_prefix(self) -> str:
        """What a twin's code begins with."""
        return twin_prefix(self.exercise_id)


def twin_prefix(exercise_id: int) -> str:
    """What codes of an exercise's sensors begin with; no real sensor's does."""
    return f"drill{exercise_id}."


async def open_exercise(
    connection: Connection,
    drill: str,
    title: Words,
    seed: int,
    *,
    sensors: Sequence[str],
    squads: Sequence[str],
    people: Sequence[str] = (),
    channels: Sequence[str] = (),
    now: datetime,
) -> Exercise:
    """Open an exercise with twins of ``sensors`` (codes), ``squads`` and ``people`` (contacts) enrolled.

    People are told on those of their channels that ``channels`` names, on all of them when it names none.
    ExerciseError names who is missing.
    """
    async with connection.transaction():
        number = await connection.fetchval(_SQL.open, drill, title.zh, title.en, seed, now)
        exercise = Exercise(number)
        prefix = exercise.twin_prefix
        twins = await connection.fetch(_SQL.twins, number, prefix, list(sensors), now)
        enrolled = await connection.fetch(_SQL.enrol, number, list(squads))
        missing = sorted(set(sensors) - {row["code"].removeprefix(prefix) for row in twins})
        missing += sorted(set(squads) - {row["squad_id"] for row in enrolled})
        told = await connection.fetch(_SQL.enrol_people, number, list(people), list(channels))
        missing += sorted(set(people) - {row["contact_id"] for row in told})
        if missing:
            on = f" on {', '.join(channels)}" if channels else ""
            on_zh = f"（渠道 {'、'.join(channels)}）" if channels else ""
            raise ExerciseError(
                zh=f"数据库中没有 {'、'.join(missing)}{on_zh}；请用 `lifeline init` 载入县域数据",
                en=f"the database does not know {', '.join(missing)}{on}: load the county with `lifeline init`",
            )
        await connection.execute(_SQL.tell, ["sensor"])
    return exercise


async def pause_exercise(connection: Connection, exercise_id: int, reason: str, now: datetime) -> None:
    """Pause a running exercise by hand, which frees its squads; ExerciseError when it isn't running."""
    async with connection.transaction():
        if await connection.fetchval(_SQL.pause_one, exercise_id, reason) is None:
            raise ExerciseError(
                zh=f"演练 {exercise_id} 不在进行中，不能暂停",
                en=f"exercise {exercise_id} isn't running: it can't be paused",
            )
        await _cancel_tasks(connection, [exercise_id], now, f"exercise paused: {reason}")


async def end_exercise(connection: Connection, exercise_id: int, report: Mapping[str, Any], now: datetime) -> None:
    """End an exercise for good: what is open in it is cancelled, what was not told stays untold, its report is kept.

    One that has ended already, stopped by hand say, gets the report that it lacked.
    """
    async with connection.transaction():
        await _cancel_tasks(connection, [exercise_id], now, "the exercise has ended")
        await connection.execute(_SQL.silence, exercise_id)
        await connection.execute(_SQL.end, exercise_id, now, dict(report))


async def last_report(connection: Connection, drill: str) -> dict[str, Any] | None:
    """The report of the latest exercise of this drill that was played to its end."""
    report: dict[str, Any] | None = await connection.fetchval(_SQL.last_report, drill)
    return report


async def stop_exercise(connection: Connection, exercise_id: int, now: datetime) -> None:
    """End an exercise by hand, before its script does; its report comes from who plays it. ExerciseError when over."""
    async with connection.transaction():
        if await connection.fetchval(_SQL.stop, exercise_id, now) is None:
            raise ExerciseError(zh=f"演练 {exercise_id} 此前已结束", en=f"exercise {exercise_id} has ended before")
        await _cancel_tasks(connection, [exercise_id], now, "the exercise was ended")


async def resume_exercise(connection: Connection, exercise_id: int) -> None:
    """Let a paused exercise go on; its incidents are dispatched anew. ExerciseError when it isn't paused."""
    if await connection.fetchval(_SQL.resume, exercise_id) is None:
        raise ExerciseError(
            zh=f"演练 {exercise_id} 没有暂停，不能恢复", en=f"exercise {exercise_id} isn't paused: it can't be resumed"
        )
    await connection.execute(_SQL.tell, ["incident"])


async def status_of(connection: Connection, exercise_id: int) -> str:
    """``running``, ``paused`` or ``ended``; ExerciseError when there is no such exercise."""
    status: str | None = await connection.fetchval(_SQL.status, exercise_id)
    if status is None:
        raise ExerciseError(zh=f"没有演练 {exercise_id}", en=f"there is no exercise {exercise_id}")
    return status


async def pause_for_real_red(connection: Connection, now: datetime) -> list[int]:
    """Pause every running exercise while a real red incident is open; the numbers of those that were paused now."""
    paused = [row["exercise_id"] for row in await connection.fetch(_SQL.pause, _PAUSED)]
    if paused:
        await _cancel_tasks(connection, paused, now, f"exercise paused: {_PAUSED}")
        structlog.get_logger().warning("exercises_paused", exercises=paused, reason=_PAUSED)
    return paused


async def _cancel_tasks(connection: Connection, exercises: Sequence[int], now: datetime, note: str) -> None:
    for row in await connection.fetch(_SQL.open_tasks, list(exercises)):
        await advance(connection, row["task_id"], "cancel", "exercise", now, note)


async def enrolled(connection: Connection, exercises: Sequence[int]) -> dict[int, frozenset[str]]:
    """The squads that may be sent in each of ``exercises``."""
    rows = await connection.fetch(_SQL.enrolled, list(exercises)) if exercises else []
    return {row["exercise_id"]: frozenset(row["squads"]) for row in rows}
