"""Who chooses first among the squads: what is real, then each exercise among those enrolled in it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from database.pool import Connection
from dispatch.assignment import Choice, assign
from dispatch.exercises import REAL, enrolled
from dispatch.situation import Need
from dispatch.squads import Engagement, Roster, Squad
from dispatch.tasks import advance


async def choose(
    connection: Connection,
    needs: Sequence[Need],
    due: Mapping[tuple[int, str], asyncpg.Record],
    roster: Roster,
    now: datetime,
) -> list[Choice]:
    """Real incidents choose first, among all squads; those of an exercise among the squads enrolled in it."""
    groups: dict[int, list[Need]] = {}
    for need in needs:
        groups.setdefault(need.exercise_id, []).append(need)
    teams = await enrolled(connection, [number for number in groups if number != REAL])
    engaged = dict(roster.engaged)
    choices: list[Choice] = []
    for exercise_id in sorted(groups):
        team = teams.get(exercise_id, frozenset())
        squads = [squad for squad in roster.squads if exercise_id == REAL or squad.squad_id in team]
        decided = assign(groups[exercise_id], squads, engaged, now)
        if exercise_id == REAL:
            decided = await _call_from_exercises(connection, groups[REAL], decided, roster.squads, engaged, now)
        for choice in decided:
            choices.append(choice)
            if choice.squad_id is not None:
                row = due[choice.incident_id, choice.role]
                task = Engagement(row["task_id"], choice.incident_id, row["grade"], "ordered", exercise_id)
                engaged[choice.squad_id] = (*engaged.get(choice.squad_id, ()), task)
    return choices


async def _call_from_exercises(
    connection: Connection,
    needs: Sequence[Need],
    choices: list[Choice],
    squads: Sequence[Squad],
    engaged: dict[str, tuple[Engagement, ...]],
    now: datetime,
) -> list[Choice]:
    """What is real takes squads off exercises, however far they are there, where nobody else is free for it."""
    unserved = {(choice.incident_id, choice.role) for choice in choices if choice.squad_id is None}
    chosen = {choice.squad_id for choice in choices}
    practising = {
        squad_id: tasks
        for squad_id, tasks in engaged.items()
        if squad_id not in chosen and any(task.exercise_id != REAL for task in tasks)
    }
    if not unserved or not practising:
        return choices
    in_earnest = {name: tuple(task for task in tasks if task.exercise_id == REAL) for name, tasks in practising.items()}
    left = [need for need in needs if (need.incident_id, need.role) in unserved]
    called = assign(left, [squad for squad in squads if squad.squad_id in practising], in_earnest, now)
    served = {(choice.incident_id, choice.role): choice for choice in called if choice.squad_id is not None}
    for squad_id in {choice.squad_id for choice in served.values() if choice.squad_id is not None}:
        for task in practising[squad_id]:
            if task.exercise_id != REAL:
                await advance(connection, task.task_id, "cancel", "dispatcher", now, "真实事件需要 / needed in earnest")
        engaged[squad_id] = in_earnest[squad_id]
    return [served.get((choice.incident_id, choice.role), choice) for choice in choices]
