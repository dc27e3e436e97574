"""What drills found wanting in plans: a finding is open until a revision that answers it is in force."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import asyncpg
import msgspec

from database.pool import Connection
from database.queries import load_queries
from dispatch.errors import DispatchError

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class LessonError(DispatchError):
    """A finding that can't be opened, answered or dismissed as asked; the message says why."""


class Lesson(msgspec.Struct, frozen=True):
    """A finding of a drill's report, about the plans for ``hazard_types``."""

    heading: str
    zh: str
    en: str
    proposal_zh: str
    proposal_en: str
    hazard_types: tuple[str, ...]


class Lessons(msgspec.Struct, frozen=True):
    """What there is to learn from a drill that was held at ``held_at``; the rest of its report is left aside."""

    drill: str
    held_at: datetime
    findings: tuple[Lesson, ...]


def read_lessons(path: Path) -> Lessons:
    """The findings in a drill's report (JSON); LessonError when it is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Lessons)
    except (OSError, msgspec.MsgspecError) as error:
        raise LessonError(f"{path} is no report of a drill (`lifeline drill run … --json FILE`): {error}") from error


async def open_lessons(connection: Connection, lessons: Lessons, by: str, now: datetime) -> list[int]:
    """Open a finding for each plan concerned; the numbers of those that were not open before."""
    findings = [msgspec.to_builtins(one) for one in lessons.findings]
    rows = await connection.fetch(_SQL.open, findings, lessons.drill, lessons.held_at, by, now)
    return [row["plan_finding_id"] for row in rows]


async def listed(connection: Connection, *, closed: bool = False) -> list[asyncpg.Record]:
    """Findings that are open, with ``closed`` all of them, in their order."""
    return await connection.fetch(_SQL.listed, closed)


async def answer(connection: Connection, numbers: Sequence[int], proposed: Sequence[str]) -> None:
    """Note that the revisions ``proposed`` ("hazard_type revision") answer findings, in the caller's transaction.

    LessonError when one of them is not open, or none of the revisions is of its plan.
    """
    revisions = [{"hazard_type": name, "revision": int(number)} for name, number in map(str.split, proposed)]
    revised = {revision["hazard_type"] for revision in revisions}
    known = {row["plan_finding_id"]: row for row in await connection.fetch(_SQL.find, list(numbers))}
    for number in numbers:
        if number not in known or known[number]["closed_at"] is not None:
            raise LessonError(f"there is no open finding {number}: see `lifeline plans findings`")
        if known[number]["hazard_type"] not in revised:
            raise LessonError(
                f"finding {number} is about {known[number]['hazard_type']}, whose plan is not changed here"
            )
    await connection.execute(_SQL.answer, list(numbers), revisions)


async def close_answered(connection: Connection, hazard_type: str, revision: int, by: str, now: datetime) -> list[int]:
    """Close the findings that a revision answers, now that it is in force; their numbers."""
    rows = await connection.fetch(_SQL.close_answered, hazard_type, revision, by, now)
    return [row["plan_finding_id"] for row in rows]


async def dismiss(connection: Connection, number: int, by: str, because: str, now: datetime) -> None:
    """Close a finding without a revision; LessonError when it is not open, or nobody says why."""
    if not because.strip():
        raise LessonError("say why nothing is to be changed")
    if await connection.fetchval(_SQL.dismiss, number, by, now, because) is None:
        raise LessonError(f"there is no open finding {number}: see `lifeline plans findings`")
