"""Tasks in the database: reports folded into them, and what follows for their incidents and squads."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg

from alerts.cases import take_steps
from alerts.register import SiteCheck, check_incidents
from alerts.stages import Action as CaseAction
from alerts.stages import Step
from database.pool import Connection
from database.queries import load_queries
from dispatch.notices import Notice, tell_squads
from dispatch.steps import Action, Move, Report, TaskView, unknown_task
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_NOT_BEGUN = frozenset({"ordered", "accepted", "en_route"})


async def advance(
    where: "asyncpg.Pool | Connection",
    task_id: int,
    action: Action,
    actor: str,
    now: datetime,
    note: str = "",
) -> TaskView:
    """Carry out ``action`` on a task at ``now`` and return the task as it then stands; repeating it changes nothing.

    On a connection it takes part in the caller's transaction. The incident's stage follows; when the task is done, the
    incident's open hazards count as checked on site. Raises UnknownTaskError, or TransitionError when the action isn't
    possible.
    """
    if isinstance(where, asyncpg.Pool):
        async with where.acquire() as connection:
            return await _advance(connection, task_id, Report(action, actor, now, note), now)
    return await _advance(where, task_id, Report(action, actor, now, note), now)


async def _advance(connection: Connection, task_id: int, report: Report, now: datetime) -> TaskView:
    async with connection.transaction():
        moves = await lock(connection, [task_id])
        if task_id not in moves:
            raise unknown_task(task_id)
        move = moves[task_id]
        move.fold(report)
        await write(connection, moves.values(), now)
        return replace(move.after, updated_at=now) if move.after != move.before else move.after


async def receive(connection: Connection, task_id: int, actor: str, now: datetime) -> None:
    """Take down that the squad has its order, in the caller's transaction; again, it changes nothing."""
    moves = await lock(connection, [task_id])
    for move in moves.values():
        if move.fold(Report(None, actor, now)):
            await write(connection, [move], now)


_WITHDRAWN: Mapping[str, Words] = MappingProxyType(
    {
        "unconfirmed": Words("未在时限内确认", "not confirmed in time"),
        "off_duty": Words("已下班", "off duty"),
        "out_of_service": Words("停止出勤", "out of service"),
        "preempted": Words("改派至更严重的事件", "sent to a graver incident"),
        "reassigned": Words("值班员改派其他队伍", "an officer sent another squad"),
    }
)


async def withdraw(
    connection: Connection, task_ids: Iterable[int], why: str, now: datetime, actor: str = "dispatcher"
) -> None:
    """Take squads off tasks that they haven't begun, in the caller's transaction, and tell them.

    ``why`` is unconfirmed, off_duty, out_of_service, preempted or reassigned. One that has got on meanwhile is left at
    it.
    """
    moves = [move for move in (await lock(connection, task_ids)).values() if move.before.status in _NOT_BEGUN]
    text = _WITHDRAWN[why]
    for move in moves:
        move.fold(Report("cancel", actor, now, f"{text.zh} / {text.en}"))
    if moves:
        await write(connection, moves, now, ended_for=why)


async def lock(connection: Connection, task_ids: Iterable[int]) -> dict[int, Move]:
    """Lock tasks until the transaction ends, in the order of their numbers, ready to fold reports into."""
    wanted = sorted(set(task_ids))
    rows = await connection.fetch(_SQL.lock, wanted) if wanted else []
    return {
        row["task_id"]: Move(
            TaskView(
                row["task_id"],
                row["incident_id"],
                row["squad_id"],
                row["status"],
                row["created_at"],
                row["updated_at"],
                row["lead"],
                row["confined_space"],
                row["limits"],
                row["clock_at"],
                row["check_in_at"],
            ),
            received=row["received"],
        )
        for row in rows
    }


async def write(connection: Connection, moves: Iterable[Move], now: datetime, *, ended_for: str | None = None) -> None:
    """Write folded reports in the caller's transaction; a squad whose task is cancelled is told.

    ``ended_for`` says why the hub itself ends them. When the leading squad is done, what nobody could be found for is
    not looked for any longer.

    Hazards come before incidents, as in the alert engine's transactions, so that the two don't wait for each other.
    """
    moved = list(moves)
    log = [_entry(move, event, report) for move in moved for event, report in move.log]
    standing = [
        {
            "task_id": move.before.task_id,
            "status": move.after.status,
            "received": move.received,
            "clock_at": move.after.clock_at,
            "check_in_at": move.after.check_in_at,
            "ended_for": ended_for,
        }
        for move in moved
    ]
    await connection.execute(_SQL.move, standing, log, now)
    called_off = [_notice(move) for move in moved if move.called_off]
    if called_off:
        await tell_squads(connection, called_off, now)
    leading = {move.before.task_id for move in moved if move.before.lead}
    done = [entry for entry in log if entry["event"] == "done" and entry["task_id"] in leading]
    if done:
        await connection.execute(_SQL.lapse, sorted({entry["incident_id"] for entry in done}), now)
        await check_incidents(connection, [_site_check(entry) for entry in done])
    await take_steps(connection, await _case_steps(connection, moved))
    if log:
        await connection.execute(_SQL.tell)


async def _case_steps(connection: Connection, moves: Iterable[Move]) -> list[Step]:
    """What ``moves`` mean for their cases.

    A case is handled once, however many squads set out. When the last of them has ended, it is fed back if the one that
    leads has done its work, and else returned.
    """
    passed = [(report.at, action, move, report) for move in moves for action, report in move.steps]
    passed.sort(key=lambda one: one[0])
    steps = [_step(move, "handle", report) for _, action, move, report in passed if action == "handle"]
    ended = {move.before.incident_id: (move, report) for _, action, move, report in passed if action != "handle"}
    for row in await connection.fetch(_SQL.nobody_out, sorted(ended)) if ended else ():
        move, report = ended[row["incident_id"]]
        steps.append(_step(move, "feed_back" if row["led"] else "return", report))
    return steps


def _notice(move: Move) -> Notice:
    task, (_, report) = move.before, move.log[-1]
    assert task.squad_id is not None
    return Notice(
        key=f"cancelled-{task.task_id}",
        kind="cancelled",
        recipient=task.squad_id,
        incident_id=task.incident_id,
        task_id=task.task_id,
        text=Words(
            f"任务{task.task_id}已取消，请停止执行。{report.note}",
            f"Task {task.task_id} is cancelled: stop. {report.note}",
        ),
    )


def _entry(move: Move, event: str, report: Report) -> dict[str, Any]:
    return {
        "task_id": move.before.task_id,
        "incident_id": move.before.incident_id,
        "at": report.at,
        "event": event,
        "actor": report.actor,
        "note": report.note,
    }


def _step(move: Move, action: CaseAction, report: Report) -> Step:
    task = move.before
    about = {"task_id": task.task_id, "squad_id": task.squad_id}
    if action == "return":
        reason = report.note or f"task {task.task_id} {move.after.status}"
        return Step(task.incident_id, action, report.actor, report.at, reason, about)
    return Step(task.incident_id, action, report.actor, report.at, detail={**about, "note": report.note})


def _site_check(entry: Mapping[str, Any]) -> SiteCheck:
    task_id, note = entry["task_id"], entry["note"]
    return SiteCheck(
        entry["incident_id"],
        entry["at"],
        entry["actor"],
        "：".join(filter(None, (f"任务{task_id}已完成，现场核查完毕", note))),
        ": ".join(filter(None, (f"task {task_id} done, checked on site", note))),
    )
