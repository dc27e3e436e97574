"""A task's life, from the order to the report that it is done.

What a squad reports may come twice, late, or with steps left out: MQTT delivers at least once, and a crew has more to
do than press buttons. So a repeated or overtaken report changes nothing, setting out and arriving may be reported
without what comes before, and only one step can't be left out: a task is done only by a squad that was on scene,
because its report frees the latches of the incident's hazards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import asyncpg

from alerts.cases import take_steps
from alerts.register import SiteCheck, check_incidents
from alerts.stages import Action as CaseAction
from alerts.stages import Step
from database.pool import Connection
from database.queries import load_queries
from dispatch.errors import DispatchError

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

Status = Literal["unassigned", "ordered", "accepted", "en_route", "on_scene", "done", "refused", "cancelled"]
Action = Literal["accept", "refuse", "en_route", "on_scene", "done", "cancel"]
ACTIONS: tuple[Action, ...] = get_args(Action)

_LEAVE: Mapping[Action, Status] = {"refuse": "refused", "cancel": "cancelled"}

STEPS: Mapping[Status, Mapping[Action, Status]] = MappingProxyType(
    {
        "unassigned": {},
        "ordered": {"accept": "accepted", "en_route": "en_route", "on_scene": "on_scene", **_LEAVE},
        "accepted": {"en_route": "en_route", "on_scene": "on_scene", **_LEAVE},
        "en_route": {"on_scene": "on_scene", **_LEAVE},
        "on_scene": {"done": "done", "cancel": "cancelled"},
        "done": {},
        "refused": {},
        "cancelled": {},
    }
)

# Statuses in which an action has nothing left to say: it was done, or a later report implied it.
_IMPLIED: Mapping[Action, frozenset[Status]] = {
    "accept": frozenset({"accepted", "en_route", "on_scene", "done"}),
    "en_route": frozenset({"en_route", "on_scene", "done"}),
    "on_scene": frozenset({"on_scene", "done"}),
    "done": frozenset({"done"}),
    "refuse": frozenset({"refused"}),
    "cancel": frozenset({"cancelled"}),
}

# What a status means for the case; one whose squad doesn't go is returned, to be dispatched again.
_STEP: Mapping[Status, CaseAction] = {
    "accepted": "handle",
    "en_route": "handle",
    "on_scene": "handle",
    "done": "feed_back",
    "refused": "return",
    "cancelled": "return",
}


class UnknownTaskError(DispatchError):
    """There is no task of this number."""


class TransitionError(DispatchError):
    """The action isn't possible in the task's present status."""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as it stands."""

    task_id: int
    incident_id: int
    squad_id: str | None
    status: Status
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What ``actor`` ('squad:NAME' or 'key:NAME') says happened to a task at ``at``; None: the order was received."""

    action: Action | None
    actor: str
    at: datetime
    note: str = ""


@dataclass(slots=True)
class Move:
    """A task and the reports folded into it, to be written in one go."""

    before: TaskView
    received: bool  # whether the order's receipt was in before
    after: TaskView = field(init=False)
    log: list[tuple[str, Report]] = field(default_factory=list)  # event and who reported it
    steps: list[tuple[CaseAction, Report]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.after = self.before

    def fold(self, report: Report) -> bool:
        """Take in a report; False when it says nothing new. TransitionError when it isn't possible."""
        if report.action is None:
            new = not self.received
            if new:
                self.log.append(("received", report))
        else:
            status = step(self.after, report.action)
            new = status is not None
            if status is not None:
                self._pass(status, report)
        if report.actor.startswith("squad:"):
            new, self.received = new or not self.received, True
        return new

    def _pass(self, status: Status, report: Report) -> None:
        if _STEP[status] != _STEP.get(self.after.status):
            self.steps.append((_STEP[status], report))
        self.after = replace(self.after, status=status)
        self.log.append((status, report))


def step(task: TaskView, action: Action) -> Status | None:
    """The status after ``action``; None when a repeated or overtaken report changes nothing.

    Raises TransitionError with a sentence for people when the action isn't possible.
    """
    reached = STEPS[task.status].get(action)
    if reached is not None:
        return reached
    if task.status in _IMPLIED[action]:
        return None
    raise TransitionError(f"task {task.task_id}: {action} is not possible, {_obstacle(task, action)}")


def _obstacle(task: TaskView, action: Action) -> str:
    if task.status == "unassigned":
        return "no squad has been ordered yet"
    if action == "done" and STEPS[task.status]:
        return "a squad reports a task done only after it reported on_scene"
    if action == "refuse" and task.status == "on_scene":
        return "the squad is on scene: cancel the task to send another one"
    return f"the task is {task.status}"


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
            raise UnknownTaskError(f"there is no task {task_id}")
        move = moves[task_id]
        move.fold(report)
        await write(connection, moves.values(), now)
        return replace(move.after, updated_at=now) if move.after != move.before else move.after


async def lock(connection: Connection, task_ids: Iterable[int]) -> dict[int, Move]:
    """Lock tasks until the transaction ends, in the order of their numbers, ready to fold reports into."""
    rows = await connection.fetch(_SQL.lock, sorted(set(task_ids)))
    return {
        row["task_id"]: Move(
            TaskView(
                row["task_id"],
                row["incident_id"],
                row["squad_id"],
                row["status"],
                row["created_at"],
                row["updated_at"],
            ),
            received=row["received"],
        )
        for row in rows
    }


async def write(connection: Connection, moves: Iterable[Move], now: datetime) -> None:
    """Write folded reports in the caller's transaction.

    Hazards come before incidents, as in the alert engine's transactions, so that the two don't wait for each other.
    """
    moved = list(moves)
    log = [_entry(move, event, report) for move in moved for event, report in move.log]
    steps = [_case_step(move, action, report) for move in moved for action, report in move.steps]
    standing = [
        {"task_id": move.before.task_id, "status": move.after.status, "received": move.received} for move in moved
    ]
    await connection.execute(_SQL.move, standing, log, now)
    done = [entry for entry in log if entry["event"] == "done"]
    if done:
        await check_incidents(connection, [_site_check(entry) for entry in done])
    await take_steps(connection, steps)
    if log:
        await connection.execute(_SQL.tell)


def _entry(move: Move, event: str, report: Report) -> dict[str, Any]:
    return {
        "task_id": move.before.task_id,
        "incident_id": move.before.incident_id,
        "at": report.at,
        "event": event,
        "actor": report.actor,
        "note": report.note,
    }


def _case_step(move: Move, action: CaseAction, report: Report) -> Step:
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
