"""Plans in the database: every revision, proposed by one person and in force once another has approved it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from database.pool import Connection
from database.queries import load_queries
from dispatch.lessons import close_answered
from dispatch.plans import Plan, PlanError, parse_plan

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class UnknownPlanError(PlanError):
    """There is no such revision."""


class DecidedPlanError(PlanError):
    """The revision was decided on before, or overtaken by a later one."""


class OwnPlanError(PlanError):
    """A plan is approved by another person than who proposed it."""


def body_of(plan: Plan) -> dict[str, Any]:
    """The plan as jsonb gives it back."""
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plan))
    return body


async def propose(connection: Connection, plans: Sequence[Plan], by: str, now: datetime, note: str = "") -> list[str]:
    """Add a revision for every plan that differs from the newest one; ``hazard_type revision`` of those added.

    ``note`` says why, such as the finding of a drill. A proposal changes nothing until it is approved.
    """
    added = []
    async with connection.transaction():
        await connection.execute(_SQL.lock)
        latest = {row["hazard_type"]: row for row in await connection.fetch(_SQL.latest)}
        for plan in plans:
            row = latest.get(plan.hazard_type)
            body = body_of(plan)
            if row is not None and row["body"] == body:
                continue
            revision = row["revision"] + 1 if row is not None else 1
            await connection.execute(_SQL.propose, plan.hazard_type, revision, body, plan.source, note, by, now)
            added.append(f"{plan.hazard_type} {revision}")
    return added


async def approve(connection: Connection, hazard_type: str, revision: int, by: str, now: datetime) -> None:
    """Put a proposed revision in force, which closes the drills' findings that it answers.

    UnknownPlanError when there is no such proposal; DecidedPlanError when it was decided on before or a later one is in
    force already; OwnPlanError when ``by`` proposed it.
    """
    async with connection.transaction():
        row = await _proposal(connection, hazard_type, revision)
        if row["proposed_by"] == by:
            raise OwnPlanError(
                zh=f"{hazard_type} 预案第 {revision} 版由 {by} 提出，须由他人批准",
                en=f"{by} proposed revision {revision} for {hazard_type}; another person has to approve it",
            )
        newer = await connection.fetchval(_SQL.newer_in_force, hazard_type, revision)
        if newer is not None:
            raise DecidedPlanError(
                zh=f"{hazard_type} 预案第 {newer} 版已生效，请重新提出",
                en=f"revision {newer} of the plan for {hazard_type} is in force already: propose it anew",
            )
        await connection.execute(_SQL.approve, hazard_type, revision, by, now)
        await close_answered(connection, hazard_type, revision, by, now)


async def reject(connection: Connection, hazard_type: str, revision: int, by: str, why: str, now: datetime) -> None:
    """Turn a proposed revision down; it stays on record. UnknownPlanError, DecidedPlanError as for ``approve``."""
    async with connection.transaction():
        await _proposal(connection, hazard_type, revision)
        await connection.execute(_SQL.reject, hazard_type, revision, by, now, why)


async def _proposal(connection: Connection, hazard_type: str, revision: int) -> asyncpg.Record:
    row = await connection.fetchrow(_SQL.find, hazard_type, revision)
    if row is None:
        raise UnknownPlanError(
            zh=f"{hazard_type} 预案没有第 {revision} 版；见 `lifeline plans history`",
            en=f"there is no revision {revision} of the plan for {hazard_type}: see `lifeline plans history`",
        )
    for done, done_zh in (("approved", "批准"), ("rejected", "否决")):
        if row[f"{done}_at"] is not None:
            raise DecidedPlanError(
                zh=f"{hazard_type} 预案第 {revision} 版此前已被{done_zh}",
                en=f"revision {revision} of the plan for {hazard_type} was {done} before",
            )
    return row


async def adopt(connection: Connection, plans: Sequence[Plan], now: datetime) -> tuple[list[str], list[str]]:
    """Load a county's plans: (in force at once, only proposed).

    The first revision for a hazard type is the county's own data and needs nobody's approval; a changed one does.
    """
    async with connection.transaction():
        added = await propose(connection, plans, "county data", now)
        for name in added:
            hazard_type, revision = name.split()
            if revision == "1":
                await approve(connection, hazard_type, 1, "lifeline init", now)
    return [name for name in added if name.endswith(" 1")], [name for name in added if not name.endswith(" 1")]


async def in_force(connection: Connection) -> dict[str, tuple[int, Plan]]:
    """Number and content of the plan in force for each hazard type that has one."""
    return {row["hazard_type"]: (row["plan_id"], plan_of(row)) for row in await connection.fetch(_SQL.in_force)}


async def plans_of(connection: Connection, plan_ids: Iterable[int]) -> dict[int, Plan]:
    """Revisions by their numbers, whether in force or not."""
    wanted = sorted(set(plan_ids))
    rows = await connection.fetch(_SQL.of_ids, wanted) if wanted else []
    return {row["plan_id"]: plan_of(row) for row in rows}


async def history(connection: Connection, hazard_type: str | None = None) -> list[asyncpg.Record]:
    """Revisions in their order: hazard_type, revision, source, note, who proposed, approved, rejected it, and when."""
    return await connection.fetch(_SQL.history, hazard_type)


def plan_of(row: asyncpg.Record) -> Plan:
    """The plan of a row with hazard_type, revision and body."""
    return parse_plan(f"plan for {row['hazard_type']}, revision {row['revision']}", row["body"])
