"""Tasks: orders to squads, and what an officer may do to them."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access.caller import Caller
from api.access.guard import CallerOf, GuardedRoute, refuse_role
from api.access.roles import ACT, REPORT
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.errors import NotFound
from api.fields import OF_EXERCISE, Maybe, Page, Paging, Remark, RowId, RowRef, SquadId
from database.pool import Connection
from database.queries import load_queries
from dispatch.steps import Action, Status
from dispatch.tasks import advance

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("tasks", RowNumber)
_MOST_EVENTS = 200
_MOST_OF_INCIDENT = 100
router = APIRouter(prefix=PREFIX, tags=["tasks"], route_class=GuardedRoute)


class Task(BaseModel):
    """An order to one squad for one incident."""

    task_id: int
    incident_id: int
    squad_id: str | None = Field(description="Null while nobody can be sent")
    status: Status
    role: str = Field(description="Its part in the response, as the plan names it")
    lead: bool = Field(description="The report of this squad that all is done ends the response")
    confined_space: bool = Field(description="Needs an entry permit and reports at intervals")
    decision: dict[str, Any] = Field(description="Why this squad, who was passed over and why, what fell short")
    created_at: datetime
    updated_at: datetime
    arrival_expected_at: datetime | None
    clock_at: datetime | None = Field(description="When the next step of its escalation is due")
    check_in_at: datetime | None = Field(description="When a crew at dangerous work has to report again")
    ended_for: str | None = Field(
        description="Why it was taken off: unconfirmed, off_duty, out_of_service, preempted, reassigned, not_needed"
    )


class TaskEvent(BaseModel):
    """A step in the life of a task."""

    at: datetime
    event: str = Field(description="A status, or received")
    actor: str = Field(description="dispatcher, key:NAME or squad:NAME")
    note: str


class TaskWithEvents(Task):
    """A task and its first 200 events."""

    events: list[TaskEvent]


class TaskFilter(Paging):
    """Which tasks."""

    status: Maybe[Annotated[list[Status], Field(max_length=8)]] = Field(
        None, description="Only these statuses; repeat it for several", examples=[["ordered"]]
    )
    squad: Maybe[SquadId] = Field(None, description="Only of this squad")
    incident: Maybe[RowRef] = Field(None, description="Only for the incident of this number")
    exercise: Maybe[RowRef] = Field(None, description=OF_EXERCISE)


EXAMPLE: dict[str, Any] = {
    "task_id": 7,
    "incident_id": 5,
    "squad_id": "gas-1",
    "status": "ordered",
    "role": "handle",
    "lead": True,
    "confined_space": False,
    "decision": {"squad_id": "gas-1", "reason": {"zh": "在岗、空闲", "en": "on duty, free"}},
    "created_at": "2026-05-01T08:00:01Z",
    "updated_at": "2026-05-01T08:00:01Z",
    "arrival_expected_at": "2026-05-01T08:14:00Z",
    "clock_at": "2026-05-01T08:01:31Z",
    "check_in_at": None,
    "ended_for": None,
}
_EVENT = {"at": "2026-05-01T08:00:01Z", "event": "ordered", "actor": "dispatcher", "note": ""}
WHOLE = {**EXAMPLE, "events": [_EVENT]}
_ACCEPTED = {
    **EXAMPLE,
    "status": "accepted",
    "updated_at": "2026-05-01T08:00:30Z",
    "events": [
        _EVENT,
        {"at": "2026-05-01T08:00:30Z", "event": "accepted", "actor": "key:duty", "note": "by telephone"},
    ],
}


async def tasks_of(connection: Connection, incident_id: int) -> list[Task]:
    """The tasks of an incident, the newest 100 first."""
    rows = await connection.fetch(_SQL.of_incident, incident_id, _MOST_OF_INCIDENT)
    return [Task(**dict(row)) for row in rows]


async def check_task(connection: Connection, task_id: int, caller: Caller) -> asyncpg.Record:
    """The row of a task; NotFound when there is none that the caller may know of."""
    row = await connection.fetchrow(_SQL.one, task_id)
    # To a squad's member another squad's task is as absent as one that never was.
    if row is None or (caller.role == "squad" and row["squad_id"] != caller.squad_id):
        raise NotFound(
            zh=f"没有编号为 {task_id} 的任务；全部见 /api/v1/tasks。",
            en=f"There is no task {task_id}; /api/v1/tasks lists them.",
        )
    return row


async def whole_task(connection: Connection, task_id: int, caller: Caller) -> TaskWithEvents:
    """A task with its events; NotFound when there is none that the caller may know of."""
    row = await check_task(connection, task_id, caller)
    events = await connection.fetch(_SQL.events, task_id, _MOST_EVENTS)
    return TaskWithEvents(**dict(row), events=[TaskEvent(**dict(event)) for event in events])


@router.get(
    "/tasks",
    summary="Tasks",
    description="Tasks, the newest first, filtered by status, squad, incident and exercise. A squad's member sees those"
    " of their squad only.",
    responses=answers({"items": [EXAMPLE], "next_cursor": None}),
)
async def list_tasks(store: Reach, caller: CallerOf, which: Annotated[TaskFilter, Query()]) -> Page[Task]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(
            _SQL.page,
            *(before, which.status, which.squad, which.incident, caller.squad_id, which.exercise, which.limit + 1),
        )
    return _CURSOR.page([Task(**dict(row)) for row in rows], which.limit, key=lambda task: task.task_id)


@router.get(
    "/tasks/{task_id}",
    summary="One task",
    description="The task of this number with its events.",
    responses=answers(WHOLE, 404),
)
async def show_task(store: Reach, caller: CallerOf, task_id: RowId) -> TaskWithEvents:
    async with store.reading() as connection:
        return await whole_task(connection, task_id, caller)


@router.post(
    "/tasks/{task_id}/actions/{action}",
    summary="Move a task on",
    description="A squad's member reports on a task of their squad (accept, refuse, en_route, on_scene, done); an"
    " officer does it for them, or cancels the task. What its status doesn't allow is answered with 409.",
    responses=answers(_ACCEPTED, 404, acts=True),
)
async def act_on_task(
    store: Reach,
    now: Now,
    caller: CallerOf,
    task_id: RowId,
    action: Action,
    remark: Remark | None = None,
) -> TaskWithEvents:
    refuse_role(caller.role, ACT if action == "cancel" else REPORT)
    async with store.writing() as connection:
        await check_task(connection, task_id, caller)
        await advance(connection, task_id, action, caller.actor, now, note=remark.note if remark else "")
        return await whole_task(connection, task_id, caller)
