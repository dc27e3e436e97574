"""What an incident calls for: the plan in force, applied when it is opened, grows graver or flares up again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg
import msgspec

from alerts.cases import take_steps
from alerts.grades import grade_of
from alerts.stages import Step
from database.pool import Connection
from database.queries import load_queries
from dispatch.exercises import REAL
from dispatch.notices import Notice, tell_people
from dispatch.planbook import plan_of, plans_of
from dispatch.plans import Plan, Response, usual_response
from dispatch.supplies import reserve, shortage
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


async def respond(connection: Connection, now: datetime, most: int) -> tuple[int, dict[int, Plan]]:
    """Apply plans to at most ``most`` incidents that have outgrown what was planned, gravest first.

    Returns how many, and the plans that were applied by their numbers.

    In the caller's transaction: roles to be filled and the clock of the next report; ``tell_opened`` is for people. A
    graver grade adds to what is under way. An incident that was fed back while a hazard of it grew graver again starts
    anew.
    """
    rows = await connection.fetch(_SQL.outgrown, most)
    if not rows:
        return 0, {}
    plans = {row["plan_id"]: plan_of(row) for row in rows if row["body"] is not None}
    entries, roles = [], []
    for row in rows:
        response = _response(plans.get(row["plan_id"]), row["grade"], row["skill"])
        entries.append(_entry(row, response, now))
        roles += [_role(row["incident_id"], role) for role in response.roles]
    await connection.execute(_SQL.write, entries, roles)
    await take_steps(connection, [_again(row["incident_id"], now) for row in rows if row["again"]])
    await tell_people(connection, await _reserve(connection, rows, plans, now), now)
    return len(rows), plans


async def tell_opened(connection: Connection, now: datetime, most: int) -> int:
    """Tell people of at most ``most`` incidents that a plan was applied to, once for each grade; how many incidents."""
    rows = await connection.fetch(_SQL.untold, most)
    if rows:
        responses = await responses_of(connection, rows)
        told = [row for row in rows if row["running"]]
        notices = [_opened(row, person) for row in told for person in responses[row["incident_id"]].tell]
        await tell_people(connection, notices, now)
        await connection.execute(_SQL.told, [row["incident_id"] for row in rows])
    return len(rows)


async def _reserve(
    connection: Connection, rows: Sequence[asyncpg.Record], plans: Mapping[int, Plan], now: datetime
) -> list[Notice]:
    """Reserve the materials of each response; what the duty officer is told of those that fall short.

    An exercise reserves nothing: its orders name the materials, and they stay free for what is real.
    """
    notices = []
    exhausted: set[str] = set()
    for row in rows:
        if row["plan_id"] is None or row["exercise_id"] != REAL:
            continue
        wanted = plans[row["plan_id"]].at(row["grade"]).materials
        # Thousands of incidents at once need not ask thousands of times for what has run out.
        missing = {item: amount for item, amount in wanted.items() if item in exhausted and not row["planned"]}
        asked = {item: amount for item, amount in wanted.items() if item not in missing}
        missing |= await reserve(connection, row["incident_id"], asked, now)
        exhausted |= missing.keys()
        if missing:
            notices.append(_short(row, shortage(missing)))
    return notices


def _short(row: asyncpg.Record, text: Words) -> Notice:
    return Notice(
        key=f"materials-{row['incident_id']}-{row['grade']}",
        kind="shortfall",
        recipient="duty_officer",
        incident_id=row["incident_id"],
        text=Words(f"事件{row['incident_id']}：{text.zh}", f"Incident {row['incident_id']}: {text.en}"),
    )


async def responses_of(
    connection: Connection, rows: Sequence[asyncpg.Record], at_hand: Mapping[int, Plan] = MappingProxyType({})
) -> dict[int, Response]:
    """The response to each incident; rows have incident_id, plan_id, planned_grade and skill.

    ``at_hand`` are plans that were read before, by their numbers; a revision never changes.
    """
    called_for = {row["plan_id"] for row in rows if row["plan_id"] is not None}
    plans = {**at_hand, **await plans_of(connection, called_for - at_hand.keys())}
    known: dict[tuple[int | None, int, str], Response] = {}  # hundreds of incidents may wait under a few plans
    found = {}
    for row in rows:
        plan_id, grade, skill = key = row["plan_id"], row["planned_grade"], row["skill"]
        if key not in known:
            known[key] = _response(plans.get(plan_id), grade, skill)
        found[row["incident_id"]] = known[key]
    return found


def _response(plan: Plan | None, grade: int, skill: str) -> Response:
    return usual_response(skill) if plan is None else plan.at(grade)


def _entry(row: asyncpg.Record, response: Response, now: datetime) -> dict[str, Any]:
    reports = response.reports
    return {
        "incident_id": row["incident_id"],
        "plan_id": row["plan_id"],
        "grade": row["grade"],
        "again": row["again"],
        "report_due_at": now + timedelta(seconds=reports.first_s) if reports is not None else None,
    }


def _again(incident_id: int, now: datetime) -> Step:
    return Step(incident_id, "return", "dispatcher", now, "a hazard of it is open and unchecked")


def _role(incident_id: int, role: msgspec.Struct) -> dict[str, Any]:
    return {"incident_id": incident_id, **msgspec.to_builtins(role)}


def _opened(row: asyncpg.Record, person: str) -> Notice:
    grade, before = row["planned_grade"], row["told_grade"]
    colour = grade_of(5 - grade)
    news = ("", "is") if before is None else ("升级为", "is now")
    return Notice(
        key=f"incident-{row['incident_id']}-{grade}-{person}",
        kind="opened" if before is None else "regraded",
        recipient=person,
        incident_id=row["incident_id"],
        text=Words(
            f"【{news[0]}{colour.zh}】{row['title_zh']}（事件{row['incident_id']}）",
            f"{row['title_en']} (incident {row['incident_id']}) {news[1]} {colour.colour}",
        ),
    )
