"""Who could be sent for a task, and another squad sent by an officer."""

from typing import Any

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import tasks
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.fields import Bilingual, Reason, RowId, SquadId, Strict
from api.tasks import TaskWithEvents, check_task, whole_task
from dispatch.candidates import candidates_of
from dispatch.dispatcher import send_by_hand

router = APIRouter(prefix=f"{PREFIX}/tasks", tags=["tasks"], route_class=GuardedRoute)


class Candidate(BaseModel):
    """A squad, looked at for a task."""

    squad_id: str
    name: Bilingual
    could_go: bool = Field(description="The hub itself might send it")
    may_be_sent: bool = Field(description="An officer may: on duty, in service, and not ordered already")
    ordered: bool = Field(description="The task is with it now")
    why: str = Field(
        description="best, or what speaks against it: later, asked_before, lacks_skill, off_duty, out_of_service, busy,"
        " resting, declined"
    )
    reason: Bilingual
    distance_m: int | None = Field(description="Null: the place is unknown", json_schema_extra={"x-unit": "m"})
    arrival_s: int | None = Field(description="Expected, by road", json_schema_extra={"x-unit": "s"})


class Candidates(BaseModel):
    """All squads, the hub's own choice first."""

    items: list[Candidate]


class Reassignment(Strict):
    """Who shall go instead, and why."""

    squad_id: SquadId = Field(examples=["gas-2"])
    reason: Reason = Field(examples=["二队距离更近，电话已确认"])


_EXAMPLE: dict[str, Any] = {
    "squad_id": "gas-2",
    "name": {"zh": "燃气抢修二队", "en": "Gas repair squad 2"},
    "could_go": True,
    "may_be_sent": True,
    "ordered": False,
    "why": "later",
    "reason": {"zh": "到达较晚，约14分钟", "en": "there later, in about 14 min"},
    "distance_m": 5210,
    "arrival_s": 840,
}
_SENT = {**tasks.WHOLE, "task_id": 8, "squad_id": "gas-2"}


@router.get(
    "/{task_id}/candidates",
    summary="Who could be sent for a task",
    description="Every squad with its expected arrival and what speaks for or against it, the hub's own choice first,"
    " as if the task had not been ordered yet.",
    responses=answers({"items": [_EXAMPLE]}, 404),
)
async def list_candidates(store: Reach, now: Now, caller: CallerOf, task_id: RowId) -> Candidates:
    async with store.reading() as connection, connection.transaction(isolation="repeatable_read"):
        await check_task(connection, task_id, caller)
        found = await candidates_of(connection, task_id, now)
    return Candidates(items=[Candidate.model_validate(msgspec.to_builtins(one)) for one in found])


@router.post(
    "/{task_id}/decisions/reassign",
    summary="Send another squad",
    description="An officer overrules the hub: the squad that has the task is told to stop, and the one named is"
    " ordered instead, also when it is busy, resting, declined before or lacks the skill. Answers the new task, or the"
    " same one when it was waiting for a squad. 409 once the work has begun, and for a squad that is off duty or out of"
    " service.",
    responses=answers(_SENT, 404, acts=True),
)
async def reassign_task(
    store: Reach, now: Now, caller: CallerOf, task_id: RowId, given: Reassignment
) -> TaskWithEvents:
    async with store.writing() as connection:
        await check_task(connection, task_id, caller)
        number = await send_by_hand(connection, task_id, given.squad_id, given.reason, caller.actor, now)
        return await whole_task(connection, number, caller)
