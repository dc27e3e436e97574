"""What is wrong with the hub itself, as incidents: opened once for each kind of trouble, closed when it is over.

They take the road of every report: the dispatcher tells the duty officer, and everybody sees them on the board. No
squad is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from alerts.cases import take_steps
from alerts.families import HUB
from alerts.incidents import take_turn
from alerts.intake import Report, take_report
from alerts.rules import Words
from alerts.stages import Action, Step
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

REST = timedelta(hours=1)
"""What somebody closed, or what was over, is not opened again before this, unless it is graver: no flood."""

_PLACE = "Lifeline"
_END: tuple[Action, ...] = ("feed_back", "verify", "close")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A trouble of ``hazard_type`` with its grade, 1 (red) to 4 (blue), and what was measured."""

    hazard_type: str
    grade: int
    reason: Words


@dataclass(frozen=True, slots=True)
class Settled:
    """Numbers of the incidents that were opened, made graver, and closed."""

    opened: tuple[int, ...] = ()
    graver: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()


async def open_troubles(connection: Connection) -> dict[str, int]:
    """Grade of each trouble that has an open incident."""
    return {row["hazard_type"]: row["grade"] for row in await connection.fetch(_SQL.open)}


async def settle(
    connection: Connection, troubles: Sequence[Trouble], over: Mapping[str, Words], now: datetime
) -> Settled:
    """Open or make graver the incidents of ``troubles``, close those of the types in ``over``, with what was seen.

    In the caller's transaction; doing it twice, or in two processes, is doing it once.
    """
    await take_turn(connection)
    standing = {row["hazard_type"]: row for row in await connection.fetch(_SQL.open)}
    resting = {row["hazard_type"]: row["peak_grade"] for row in await connection.fetch(_SQL.resting, now - REST)}
    opened: list[int] = []
    graver: list[int] = []
    for trouble in troubles:
        known = standing.get(trouble.hazard_type)
        if trouble.grade >= (known["grade"] if known else resting.get(trouble.hazard_type, 5)):
            continue
        about = known["incident_id"] if known else None
        taken = await take_report(connection, _report(trouble, now), HUB, about=about)
        (opened if taken.opened else graver).append(taken.incident_id)
    closing = {row["incident_id"]: over[name] for name, row in standing.items() if name in over}
    await take_steps(connection, [step for number, seen in closing.items() for step in _steps(number, seen, now)])
    return Settled(tuple(opened), tuple(graver), tuple(closing))


def _report(trouble: Trouble, now: datetime) -> Report:
    text = f"{trouble.reason.zh} / {trouble.reason.en}"
    return Report("system", trouble.hazard_type, trouble.grade, _PLACE, text, now)


def _steps(incident_id: int, seen: Words, now: datetime) -> list[Step]:
    detail = {"reason_zh": seen.zh, "reason_en": seen.en}
    return [Step(incident_id, action, HUB, now, detail=detail) for action in _END]
