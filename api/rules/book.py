"""The rule book: what is in force, what was, what is proposed; proposals and decisions."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from alerts import rulebook
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.fields import (
    Asked,
    HazardType,
    Instant,
    KindName,
    Maybe,
    Note,
    Page,
    Paging,
    Strict,
)
from api.rules.entry import EXAMPLE, RulesEntry
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("rules", RowNumber)
State = Literal["proposed", "approved", "rejected"]
router = APIRouter(prefix=f"{PREFIX}/rules", tags=["rules"], route_class=GuardedRoute)
OfKind = Annotated[KindName, InPath(description="The kind of sensor that it judges")]
OfHazard = Annotated[HazardType, InPath(description="The hazard that it finds")]
Revision = Annotated[int, InPath(ge=1, le=2**31 - 1, description="Number of the revision")]


class RuleRevision(BaseModel):
    """One revision of a rule. What was decided stays as it is: a change is another revision."""

    rule_id: int
    kind: str
    hazard_type: str
    revision: int = Field(description="Counts for each kind and hazard type")
    state: State
    body: dict[str, Any] = Field(description="The rule, in the form of the files of `alerts/rules`")
    source: str = Field(description="Where its limits come from")
    note: str
    proposed_by: str = Field(description="user:NAME, key:NAME; lifeline: came with the program")
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    effective_from: datetime | None = Field(description="In force from then on, until a later one is")
    rejected_by: str | None
    rejected_at: datetime | None


class RuleRevisions(BaseModel):
    """Some revisions."""

    items: list[RuleRevision]


class KindFilter(Asked):
    """Which rules."""

    kind: Maybe[KindName] = Field(None, description="Only of this kind", examples=["gas"])


class RevisionFilter(KindFilter, Paging):
    """Which revisions."""

    type: Maybe[HazardType] = Field(None, description="Only of this hazard type")
    state: Maybe[State] = Field(None, description="Only those that wait, were approved, or were rejected")


class Proposal(RulesEntry):
    """Rules to be, with what they are for."""

    note: Note = ""


class Approval(Strict):
    """From when on."""

    effective_from: Instant | None = Field(None, description="Default: at once; a time in the past means that too")


_EXAMPLE: dict[str, Any] = {
    "rule_id": 41,
    "kind": "gas",
    "hazard_type": "oxygen",
    "revision": 2,
    "state": "proposed",
    "body": EXAMPLE,
    "source": "GBZ 2.1",
    "note": "",
    "proposed_by": "user:wang",
    "proposed_at": "2026-05-01T08:00:00Z",
    "approved_by": None,
    "approved_at": None,
    "effective_from": None,
    "rejected_by": None,
    "rejected_at": None,
}
_APPROVED = {
    **_EXAMPLE,
    "state": "approved",
    "approved_by": "user:zhao",
    "approved_at": "2026-05-01T09:00:00Z",
    "effective_from": "2026-05-01T09:00:00Z",
}
_REJECTED = {**_EXAMPLE, "state": "rejected", "rejected_by": "user:zhao", "rejected_at": "2026-05-01T09:00:00Z"}


def _revision(row: asyncpg.Record) -> RuleRevision:
    return RuleRevision(**dict(row))


async def _one(connection: Connection, key: rulebook.Key, revision: int) -> RuleRevision:
    row = await connection.fetchrow(_SQL.one, *key, revision)
    assert row is not None  # it has just been decided on
    return _revision(row)


@router.get(
    "",
    summary="Rules in force",
    description="The rules that judge now, by kind and hazard type.",
    responses=answers({"items": [_APPROVED]}),
)
async def list_rules(store: Reach, now: Now, _caller: CallerOf, which: Annotated[KindFilter, Query()]) -> RuleRevisions:
    async with store.reading() as connection:
        found = await rulebook.in_force(connection, now)
        numbers = [number for (kind, _), (number, _) in found.rules.items() if which.kind in (None, kind)]
        rows = await connection.fetch(_SQL.of_numbers, numbers)
    return RuleRevisions(items=[_revision(row) for row in rows])


@router.get(
    "/revisions",
    summary="Every revision of the rules",
    description="Proposals and decided ones, the newest first; none is ever changed or lost.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_rule_revisions(
    store: Reach, _caller: CallerOf, which: Annotated[RevisionFilter, Query()]
) -> Page[RuleRevision]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, which.kind, which.type, which.state, which.limit + 1)
    return _CURSOR.page([_revision(row) for row in rows], which.limit, key=lambda rule: rule.rule_id)


@router.post(
    "/proposals",
    status_code=201,
    summary="Propose rules",
    description="Those that differ from what is in force become revisions that wait for another person's approval;"
    " the answer is these.",
    responses=answers({"items": [_EXAMPLE]}, acts=True, status=201),
)
async def propose_rules(store: Reach, now: Now, caller: CallerOf, given: Proposal) -> RuleRevisions:
    file = given.read()
    async with store.writing() as connection:
        added = await rulebook.propose(connection, [file], caller.actor, given.note, now)
        return RuleRevisions(items=[await _one(connection, one[:2], one.revision) for one in added])


@router.post(
    "/{kind}/{hazard_type}/revisions/{revision}/approve",
    summary="Approve a proposal",
    description="By another person than who proposed it. It judges within seconds, or from the time given on.",
    responses=answers(_APPROVED, 404, acts=True),
)
async def approve_rule(
    store: Reach,
    now: Now,
    caller: CallerOf,
    kind: OfKind,
    hazard_type: OfHazard,
    revision: Revision,
    approval: Approval | None = None,
) -> RuleRevision:
    starts = approval.effective_from if approval else None
    async with store.writing() as connection:
        await rulebook.approve(connection, (kind, hazard_type), revision, caller.actor, now, starts)
        return await _one(connection, (kind, hazard_type), revision)


@router.post(
    "/{kind}/{hazard_type}/revisions/{revision}/reject",
    summary="Reject a proposal",
    description="It won't be in force, and stays on record.",
    responses=answers(_REJECTED, 404, acts=True),
)
async def reject_rule(
    store: Reach, now: Now, caller: CallerOf, kind: OfKind, hazard_type: OfHazard, revision: Revision
) -> RuleRevision:
    async with store.writing() as connection:
        await rulebook.reject(connection, (kind, hazard_type), revision, caller.actor, now)
        return await _one(connection, (kind, hazard_type), revision)
