"""The book of plans: what is in force, what was, what is proposed; proposals and decisions."""

from datetime import datetime
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
import orjson
import yaml
from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.errors import InvalidValue
from api.fields import Because, HazardType, Maybe, Note, Page, Paging, Strict
from database.pool import Connection
from database.queries import load_queries
from dispatch import planbook
from dispatch.plans import Plan, parse_plan

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("plans", RowNumber)
State = Literal["proposed", "approved", "rejected"]
router = APIRouter(prefix=f"{PREFIX}/plans", tags=["plans"], route_class=GuardedRoute)
OfHazard = Annotated[HazardType, InPath(description="The hazard type that it is for")]
Revision = Annotated[int, InPath(ge=1, le=2**31 - 1, description="Number of the revision")]


class PlanRevision(BaseModel):
    """One revision of a plan. What was decided stays as it is: a change is another revision."""

    plan_id: int
    hazard_type: str
    revision: int = Field(description="Counts for each hazard type")
    state: State
    body: dict[str, Any] = Field(description="The plan, in the form of the files of a county's `plans`")
    source: str = Field(description="Where its numbers come from")
    note: str = Field(description="Why it was changed: a drill's finding, say")
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None = Field(description="In force from then on, until a later one is")
    rejected_by: str | None
    rejected_at: datetime | None
    rejected_why: str


class PlanRevisions(BaseModel):
    """Some revisions."""

    items: list[PlanRevision]


class PlanFilter(Paging):
    """Which revisions."""

    type: Maybe[HazardType] = Field(None, description="Only for this hazard type", examples=["gas_combustible"])
    state: Maybe[State] = Field(None, description="Only those that wait, were approved, or were rejected")


class PlansEntry(Strict):
    """Plans, in the form of the files of a county's `plans`."""

    plans: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=50)] = Field(
        description="Each with hazard_type, title, source and grades"
    )

    def read(self) -> list[Plan]:
        """The plans, checked. Raises InvalidValue, and PlanError that says what to change."""
        try:
            raw = orjson.dumps(self.plans)
        except TypeError as error:  # half a surrogate pair, a whole number of more than 64 bits
            raise _unwritable() from error
        if b"\\u0000" in raw:
            raise _unwritable()
        plans = [parse_plan(f"body.plans.{place}", body) for place, body in enumerate(orjson.loads(raw))]
        if len({plan.hazard_type for plan in plans}) < len(plans):
            raise InvalidValue("body.plans", zh="一个险情类型只能有一份预案。", en="One plan for each hazard type.")
        return plans


class PlanProposal(PlansEntry):
    """Plans to be, with what they are for."""

    note: Note = ""


class PlanDifference(BaseModel):
    """What a proposal changes."""

    hazard_type: str
    diff: str = Field(description="Lines of a unified diff against what is in force; empty when nothing changes")


class PlanDifferences(BaseModel):
    """What proposals change."""

    items: list[PlanDifference]


_BODY: dict[str, Any] = {
    "hazard_type": "gas_combustible",
    "title": {"zh": "可燃气体泄漏处置预案", "en": "plan for combustible gas"},
    "source": "county proposal",
    "grades": {
        "blue": {
            "tasks": [{"role": "handle", "skill": "gas", "title": {"zh": "到场查漏", "en": "find the leak"}}],
            "limits": {"remind_s": 60, "confirm_s": 180, "depart_s": 600, "arrive_s": 1800, "finish_s": 14400},
            "escalation": [{"after_s": 300, "tell": "leader"}],
        }
    },
}
_EXAMPLE: dict[str, Any] = {
    "plan_id": 11,
    "hazard_type": "gas_combustible",
    "revision": 2,
    "state": "proposed",
    "body": _BODY,
    "source": "county proposal",
    "note": "演练发现：到场时限过短",
    "proposed_by": "user:wang",
    "proposed_at": "2026-05-01T08:00:00Z",
    "approved_by": None,
    "approved_at": None,
    "rejected_by": None,
    "rejected_at": None,
    "rejected_why": "",
}
_APPROVED = {**_EXAMPLE, "state": "approved", "approved_by": "user:zhao", "approved_at": "2026-05-01T09:00:00Z"}
_REJECTED = {
    **_EXAMPLE,
    "state": "rejected",
    "rejected_by": "user:zhao",
    "rejected_at": "2026-05-01T09:00:00Z",
    "rejected_why": "队伍不足",
}
_DIFF = {"hazard_type": "gas_combustible", "diff": "-      arrive_s: 1200\n+      arrive_s: 1800\n"}


def _unwritable() -> InvalidValue:
    return InvalidValue(
        "body.plans",
        zh="plans 含有无法保存的字符或数值。",
        en="plans holds a character or a number that can't be kept.",
    )


def _revision(row: asyncpg.Record) -> PlanRevision:
    return PlanRevision(**dict(row))


async def _one(connection: Connection, hazard_type: str, revision: int) -> PlanRevision:
    row = await connection.fetchrow(_SQL.one, hazard_type, revision)
    if row is None:
        raise planbook.UnknownPlanError(
            zh=f"{hazard_type} 没有第 {revision} 版预案",
            en=f"there is no revision {revision} of a plan for {hazard_type}",
        )
    return _revision(row)


@router.get(
    "",
    summary="Plans in force",
    description="What incidents call for now, by hazard type.",
    responses=answers({"items": [_APPROVED]}),
)
async def list_plans(store: Reach, _caller: CallerOf) -> PlanRevisions:
    async with store.reading() as connection:
        numbers = [number for number, _ in (await planbook.in_force(connection)).values()]
        return PlanRevisions(items=[_revision(row) for row in await connection.fetch(_SQL.of_numbers, numbers)])


@router.get(
    "/revisions",
    summary="Every revision of the plans",
    description="Proposals and decided ones, the newest first; none is ever changed or lost.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_plan_revisions(
    store: Reach, _caller: CallerOf, which: Annotated[PlanFilter, Query()]
) -> Page[PlanRevision]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, which.type, which.state, which.limit + 1)
    return _CURSOR.page([_revision(row) for row in rows], which.limit, key=lambda plan: plan.plan_id)


@router.get(
    "/{hazard_type}/revisions/{revision}",
    summary="One revision of a plan",
    description="The plan as it was proposed, and what was decided.",
    responses=answers(_EXAMPLE, 404),
)
async def show_plan_revision(
    store: Reach, _caller: CallerOf, hazard_type: OfHazard, revision: Revision
) -> PlanRevision:
    async with store.reading() as connection:
        return await _one(connection, hazard_type, revision)


@router.post(
    "/diff",
    summary="What plans would change",
    description="Compares plans with those in force; changes nothing.",
    responses=answers({"items": [_DIFF]}, body=True),
)
async def diff_plans(store: Reach, _caller: CallerOf, given: PlansEntry) -> PlanDifferences:
    plans = given.read()
    async with store.reading() as connection:
        known = await planbook.in_force(connection)
    items = []
    for plan in plans:
        _, before = known.get(plan.hazard_type, (None, None))
        changes = unified_diff(_lines(before), _lines(plan), "in force", "proposed", n=1)
        items.append(PlanDifference(hazard_type=plan.hazard_type, diff="".join(changes)))
    return PlanDifferences(items=items)


def _lines(plan: Plan | None) -> list[str]:
    if plan is None:
        return []
    # Sorted, since jsonb keeps no order of keys.
    return yaml.safe_dump(planbook.body_of(plan), allow_unicode=True, sort_keys=True).splitlines(keepends=True)


@router.post(
    "/proposals",
    status_code=201,
    summary="Propose plans",
    description="Those that differ from their newest revision become revisions that wait for another person's approval;"
    " the answer is these.",
    responses=answers({"items": [_EXAMPLE]}, acts=True, status=201),
)
async def propose_plans(store: Reach, now: Now, caller: CallerOf, given: PlanProposal) -> PlanRevisions:
    plans = given.read()
    async with store.writing() as connection:
        added = await planbook.propose(connection, plans, caller.actor, now, given.note)
        named = [name.split() for name in added]
        return PlanRevisions(items=[await _one(connection, hazard_type, int(number)) for hazard_type, number in named])


@router.post(
    "/{hazard_type}/revisions/{revision}/approve",
    summary="Approve a proposed plan",
    description="By another person than who proposed it. It answers incidents that open, or grow graver, from then on.",
    responses=answers(_APPROVED, 404, acts=True),
)
async def approve_plan(
    store: Reach, now: Now, caller: CallerOf, hazard_type: OfHazard, revision: Revision
) -> PlanRevision:
    async with store.writing() as connection:
        await planbook.approve(connection, hazard_type, revision, caller.actor, now)
        return await _one(connection, hazard_type, revision)


@router.post(
    "/{hazard_type}/revisions/{revision}/reject",
    summary="Reject a proposed plan",
    description="With the reason. It won't be in force, and stays on record.",
    responses=answers(_REJECTED, 404, acts=True),
)
async def reject_plan(
    store: Reach, now: Now, caller: CallerOf, hazard_type: OfHazard, revision: Revision, because: Because
) -> PlanRevision:
    async with store.writing() as connection:
        await planbook.reject(connection, hazard_type, revision, caller.actor, because.reason, now)
        return await _one(connection, hazard_type, revision)
