"""From incidents to ordered squads: one transaction per run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from alerts.cases import close_finished, take_steps
from alerts.stages import Step
from database.pool import Connection
from database.queries import load_queries
from dispatch.assignment import Choice, Need, Words, assign
from dispatch.exercises import REAL, enrolled, pause_for_real_red
from dispatch.orders import Order, Place, order_key
from dispatch.squads import Roster, load_roster

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

MOST_PER_RUN = 500  # incidents; bounds the time and memory of one transaction
_EXPLAIN_ANEW = timedelta(minutes=1)
_LOCK = 0x53_45_4E_44  # "SEND"
_ACTOR = "dispatcher"


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What one run did: tasks by number, incidents closed by number; ``more`` when further incidents were due."""

    ordered: tuple[int, ...] = ()
    unassigned: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
    more: bool = False


async def run_once(pool: asyncpg.Pool, now: datetime) -> Dispatched:
    """Send a squad to every incident that needs one, explain where nobody can go, close what is finished.

    An incident needs a squad when it is reported or filed and has no task, or one that nobody could be found for; also
    when a hazard of it grew graver after a squad had called it done. Task, order, events and the incident's stage are
    committed together, so a crash leaves either all or nothing, and the next run sees what is missing.

    Several dispatchers may run at once: they decide one after the other (a squad seen free by two would be sent to two
    places), and a task that someone else opened meanwhile stays as it is.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SQL.take_turn, _LOCK)
        await pause_for_real_red(connection, now)
        roster = await load_roster(connection)
        free_skills = sorted(roster.free_skills(now))
        rows = await connection.fetch(_SQL.due, free_skills, now - _EXPLAIN_ANEW, MOST_PER_RUN)
        choices = await _choose(connection, rows, roster, now)
        ordered, unassigned = await _write(connection, {row["incident_id"]: row for row in rows}, choices, now)
        closed = await close_finished(connection, _ACTOR, now)
        await connection.execute(_SQL.withdraw, now)
        if ordered or unassigned or closed:
            await connection.execute(_SQL.tell)
    return Dispatched(
        tuple(ordered),
        tuple(unassigned),
        tuple(closed),
        more=len(rows) == MOST_PER_RUN,
    )


async def _choose(
    connection: Connection, rows: Sequence[asyncpg.Record], roster: Roster, now: datetime
) -> list[Choice]:
    """Real incidents choose first, among all squads; those of an exercise among the squads enrolled in it."""
    needs: dict[int, list[Need]] = {}
    for row in rows:
        needs.setdefault(row["exercise_id"], []).append(_need(row))
    teams = await enrolled(connection, [number for number in needs if number != REAL])
    numbers = {row["incident_id"]: row["task_id"] for row in rows}
    busy = dict(roster.busy)
    choices: list[Choice] = []
    for exercise_id in sorted(needs):
        team = teams.get(exercise_id, frozenset())
        squads = [squad for squad in roster.squads if exercise_id == REAL or squad.squad_id in team]
        chosen = assign(needs[exercise_id], squads, busy, now)
        busy |= {choice.squad_id: numbers[choice.incident_id] for choice in chosen if choice.squad_id is not None}
        choices += chosen
    return choices


def _need(row: asyncpg.Record) -> Need:
    return Need(
        incident_id=row["incident_id"],
        grade=row["grade"],
        skill=row["skill"],
        longitude=row["longitude"],
        latitude=row["latitude"],
        since=row["opened_at"],
        declined=dict(zip(row["declined_by"] or (), row["declined_at"] or (), strict=True)),
    )


async def _write(
    connection: Connection, incidents: Mapping[int, asyncpg.Record], choices: Sequence[Choice], now: datetime
) -> tuple[list[int], list[int]]:
    """Write the choices; numbers of the tasks that were ordered and of those that nobody can be found for."""
    if not choices:
        return [], []
    entries = [_entry(incidents[choice.incident_id], choice, now) for choice in choices]
    rows = await connection.fetch(_SQL.write, entries, now, now - _EXPLAIN_ANEW)
    reasons = {choice.incident_id: choice.reason for choice in choices}
    await take_steps(connection, [step for row in rows for step in _steps(row, reasons[row["incident_id"]], now)])
    ordered = [row["task_id"] for row in rows if row["squad_id"] is not None]
    return ordered, [row["task_id"] for row in rows if row["squad_id"] is None]


def _steps(task: asyncpg.Record, reason: Words, now: datetime) -> list[Step]:
    """What a task that was written means for its case."""
    incident_id, about = task["incident_id"], {"task_id": task["task_id"]}
    steps = []
    if task["stage"] == "reported":
        steps.append(Step(incident_id, "file", _ACTOR, now, detail=about))
    if task["stage"] == "fed_back":
        steps.append(Step(incident_id, "return", _ACTOR, now, "a hazard of it is open and unchecked", about))
    if task["squad_id"] is not None:
        sent = {**about, "squad_id": task["squad_id"], "reason": msgspec.to_builtins(reason)}
        steps.append(Step(incident_id, "dispatch", _ACTOR, now, detail=sent))
    return steps


def _entry(incident: asyncpg.Record, choice: Choice, now: datetime) -> dict[str, Any]:
    entry = {
        "incident_id": choice.incident_id,
        "task_id": incident["task_id"],
        "known": incident["known"],
        "stage": incident["stage"],
        "squad_id": choice.squad_id,
        "decision": msgspec.to_builtins(choice),
    }
    if choice.squad_id is not None:
        order = _order(incident, choice, now)
        entry |= {"key": order.key, "body": order.body}
    return entry


def _order(incident: asyncpg.Record, choice: Choice, now: datetime) -> Order:
    return Order(
        key=order_key(incident["task_id"]),
        task_id=incident["task_id"],
        incident_id=choice.incident_id,
        grade=incident["grade"],
        hazard_type=incident["hazard_type"],
        title=Words(incident["title_zh"], incident["title_en"]),
        reason=choice.reason,
        place=Place(incident["longitude"], incident["latitude"], incident["grid_id"]),
        ordered_at=now,
        exercise_id=incident["exercise_id"],
    )
