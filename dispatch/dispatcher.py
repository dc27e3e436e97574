"""From incidents to ordered squads: one transaction per run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec

from alerts.cases import close_finished, take_steps
from database.pool import Connection
from database.queries import load_queries
from dispatch.candidates import by_hand
from dispatch.choosing import choose
from dispatch.entries import ACTOR, entry_of, need_of, news_of, steps_of
from dispatch.exercises import pause_for_real_red
from dispatch.notices import tell_people
from dispatch.plans import Plan
from dispatch.reports import ask_for_final
from dispatch.responses import respond, responses_of, tell_opened
from dispatch.squads import Roster, Squad, UnknownSquadError, load_roster, on_duty
from dispatch.steps import TransitionError, unknown_task
from dispatch.supplies import release
from dispatch.tasks import withdraw
from dispatch.words import STATUS_ZH

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

MOST_PER_RUN = 500  # incidents that a plan is applied to; bounds the time and memory of one transaction
MOST_ROLES_PER_RUN = 1000  # what plans mostly call for at so many incidents
_EXPLAIN_ANEW = timedelta(minutes=1)
TURN = 0x53_45_4E_44  # "SEND", the advisory lock of those who take squads on and off
_DECIDED = "decision"  # notified by the dispatcher's own decisions: all hear it, but it doesn't wake itself


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What one run did: tasks by number, incidents closed by number; ``more`` when further incidents were due.

    ``orders`` are rows of the outbox that are leased to whoever ran it; ``planned`` is of how many incidents people are
    still to be told.
    """

    planned: int = 0
    orders: tuple[asyncpg.Record, ...] = ()
    ordered: tuple[int, ...] = ()
    unassigned: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
    more: bool = False


async def run_once(pool: asyncpg.Pool, now: datetime) -> Dispatched:
    """``send_out``, then ``tell`` and ``settle``."""
    done = await send_out(pool, now)
    await tell(pool, now)
    return replace(done, closed=await settle(pool, now))


async def send_out(pool: asyncpg.Pool, now: datetime, *, lease: timedelta | None = None) -> Dispatched:
    """Apply plans to incidents, fill the roles that are open, explain where nobody can go.

    With a ``lease`` the caller has that long to send the orders itself, and no outbox needs to look for them.

    Task, order, events and the incident's stage are committed together, so a crash leaves either all or nothing, and
    the next run sees what is missing.

    Several dispatchers may run at once: they decide one after the other (a squad seen free by two would be sent to two
    places), and a task that someone else opened meanwhile stays as it is.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SQL.take_turn, TURN)
        await pause_for_real_red(connection, now)
        planned, plans = await respond(connection, now, MOST_PER_RUN)
        roster = await _present(connection, now)
        free_skills = sorted(roster.free_skills(now))
        rows = await connection.fetch(_SQL.due, free_skills, now - _EXPLAIN_ANEW, MOST_ROLES_PER_RUN, None, None)
        written = await _fill(connection, rows, roster, plans, now, lease)
    ordered = tuple(row for row in written if row["squad_id"] is not None)
    return Dispatched(
        planned,
        ordered if lease is not None else (),
        tuple(row["task_id"] for row in ordered),
        tuple(row["task_id"] for row in written if row["squad_id"] is None),
        more=planned == MOST_PER_RUN or (len(rows) == MOST_ROLES_PER_RUN and bool(written)),
    )


async def tell(pool: asyncpg.Pool, now: datetime) -> None:
    """Tell people of the incidents that plans were applied to: behind the orders, which wait for nobody."""
    while await _tell_some(pool, now) == MOST_PER_RUN:
        pass


async def _tell_some(pool: asyncpg.Pool, now: datetime) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await tell_opened(connection, now, MOST_PER_RUN)


async def settle(pool: asyncpg.Pool, now: datetime) -> tuple[int, ...]:
    """What follows from incidents that are over: they are closed, and nobody is called to them any more.

    The numbers of those closed here. Nobody waits for it, so it needn't follow every decision.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SQL.take_turn, TURN)
        closed = await close_finished(connection, ACTOR, now)
        await release(connection, now)
        await ask_for_final(connection, now)
        await connection.execute(_SQL.drop, now)
    return tuple(closed)


async def send_by_hand(connection: Connection, task_id: int, squad_id: str, why: str, actor: str, now: datetime) -> int:
    """Send the squad that an officer names for what a task is about, instead of whom it was ordered from; the number.

    In the caller's transaction. A squad that is busy, resting or lacks the skill may be named, one that can't go may
    not. UnknownTaskError, UnknownSquadError; TransitionError when the work has begun or the squad can't go.
    """
    await connection.execute(_SQL.take_turn, TURN)
    task = await connection.fetchrow(_SQL.one, task_id)
    if task is None:
        raise unknown_task(task_id)
    if task["status"] not in {"unassigned", "ordered", "accepted", "en_route"} or task["squad_id"] == squad_id:
        status, holder = task["status"], task["squad_id"]
        raise TransitionError(
            zh=f"任务 {task_id} 由 {holder} 承担，状态为{STATUS_ZH[status]}，不能改派其他队伍",
            en=f"task {task_id} is {status} with {holder}: no other squad can be sent",
        )
    roster = await load_roster(connection, now)
    squad = next((squad for squad in roster.squads if squad.squad_id == squad_id), None)
    if squad is None:
        raise UnknownSquadError(zh=f"没有队伍 {squad_id}", en=f"there is no squad {squad_id}")
    if squad.out_since is not None or not on_duty(squad, now):
        raise TransitionError(
            zh=f"队伍 {squad_id} 不在岗或停止出勤；请先安排上岗或恢复出勤",
            en=f"squad {squad_id} is off duty or out of service: put it on duty or back first",
        )
    if task["squad_id"] is not None:
        await withdraw(connection, [task_id], "reassigned", now, actor)
    role = (task["incident_id"], task["role"])
    rows = await connection.fetch(_SQL.due, [], now, 1, *role)
    if not rows:
        raise TransitionError(
            zh=f"事件 {task['incident_id']} 已不再需要 {task['role']}",
            en=f"nobody is called for the {task['role']} of incident {task['incident_id']} any more",
        )
    row, response = rows[0], (await responses_of(connection, rows))[task["incident_id"]]
    choice = by_hand(need_of(row, response), squad, roster.engaged, why, now)
    entry = {**entry_of(row, response, choice, now), "actor": actor, "passed_over": 1}
    written = await connection.fetch(_SQL.write, [entry], now, now, [{"passed_over": []}], "task", None)
    await take_steps(connection, steps_of(written, [choice], now, actor), locked=written)
    number: int = row["task_id"]
    return number


async def _present(connection: Connection, now: datetime) -> Roster:
    """The roster, after squads that can't go any more were taken off what they hadn't begun."""
    roster = await load_roster(connection, now)
    squads = {squad.squad_id: squad for squad in roster.squads}
    gone: dict[str, list[int]] = {}
    for squad_id, tasks in roster.engaged.items():
        for task in tasks:
            why = _absence(squads[squad_id], task.status, now)
            if why is not None:
                gone.setdefault(why, []).append(task.task_id)
    for why, task_ids in gone.items():
        await withdraw(connection, task_ids, why, now)
    return await load_roster(connection, now) if gone else roster


def _absence(squad: Squad, status: str, now: datetime) -> str | None:
    """Why the squad can't be counted on for a task of this status."""
    if squad.out_since is not None and status in {"ordered", "accepted", "en_route"}:
        return "out_of_service"
    if status == "ordered" and not on_duty(squad, now):
        return "off_duty"
    return None


async def _fill(
    connection: Connection,
    rows: Sequence[asyncpg.Record],
    roster: Roster,
    plans: Mapping[int, Plan],
    now: datetime,
    lease: timedelta | None,
) -> Sequence[asyncpg.Record]:
    """Decide for the open roles and write it; the tasks, without a squad where nobody can be found."""
    if not rows:
        return []
    responses = await responses_of(connection, rows, plans)
    needs = [need_of(row, responses[row["incident_id"]]) for row in rows]
    due = {(row["incident_id"], row["role"]): row for row in rows}
    choices = await choose(connection, needs, due, roster, now)
    taken_off = [choice.preemption.task_id for choice in choices if choice.preemption and choice.preemption.automatic]
    await withdraw(connection, taken_off, "preempted", now)
    passed_over = list({id(choice.passed_over): choice.passed_over for choice in choices}.values())
    places = {id(passed): place for place, passed in enumerate(passed_over, 1)}
    entries = [
        entry_of(due[choice.incident_id, choice.role], responses[choice.incident_id], choice, now)
        | {"passed_over": places[id(choice.passed_over)]}
        for choice in choices
    ]
    shared = [{"passed_over": msgspec.to_builtins(passed)} for passed in passed_over]
    until = None if lease is None else now + lease
    written = await connection.fetch(_SQL.write, entries, now, now - _EXPLAIN_ANEW, shared, _DECIDED, until)
    await take_steps(connection, steps_of(written, choices, now), noun=_DECIDED, locked=written)
    new = {row["task_id"] for row in written if not row["known"]}
    await tell_people(connection, news_of(due, choices, new), now)
    return written
