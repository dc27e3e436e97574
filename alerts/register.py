"""The hazard register as people use it: what officers say of a hazard, and how things stand.

Acknowledged and cleared are two facts, and only the engine clears. All that is said is an event, never changed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

from alerts.errors import AlertRefusal
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
View = Literal["grade", "hazard_type", "grid_id", "owner_unit", "age"]


class UnknownHazardError(AlertRefusal):
    """There is no hazard of this number."""


class UnfoundedError(AlertRefusal):
    """What must be founded on a reason has none."""


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """Somebody was there and found the hazards of an incident harmless."""

    incident_id: int
    at: datetime
    actor: str
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Open hazards that share ``name`` in one ``view``; '' where a sensor has no grid or owner."""

    view: View
    name: str
    open: int
    unacknowledged: int
    oldest_at: datetime
    worst_grade: int


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A sensor that raised the same hazard more than once, and how long these were open together."""

    sensor: str
    hazard_type: str
    raised: int
    false_alarms: int
    worst_grade: int
    latest_at: datetime
    open_for: timedelta


@dataclass(frozen=True, slots=True)
class Day:
    """Hazards of one local day: raised, by the gravest grade that each reached, and cleared."""

    day: date
    raised: int
    red: int
    orange: int
    yellow: int
    blue: int
    false_alarms: int
    cleared: int


async def acknowledge(connection: Connection, hazard_id: int, actor: str, now: datetime, note: str = "") -> None:
    """An officer has taken note; the first time counts. UnknownHazardError."""
    await _say(connection, _SQL.acknowledge, hazard_id, actor, now, note)


async def comment(connection: Connection, hazard_id: int, actor: str, now: datetime, note: str) -> None:
    """Keep a remark with the hazard. UnknownHazardError; UnfoundedError when it is empty."""
    await _say(connection, _SQL.comment, hazard_id, actor, now, _given("备注", "a comment", note))


async def check(connection: Connection, hazard_id: int, actor: str, now: datetime, note: str = "") -> None:
    """It was found harmless on site, which frees its latch; the engine then clears it. UnknownHazardError."""
    await _say(connection, _SQL.check_hazard, hazard_id, actor, now, note)


async def call_false_alarm(connection: Connection, hazard_id: int, actor: str, now: datetime, reason: str) -> None:
    """There was no danger. It frees the latch, counts apart, and clears nothing by itself.

    Raises UnknownHazardError, and UnfoundedError without a reason.
    """
    await _say(connection, _SQL.call_false_alarm, hazard_id, actor, now, _given("判定误报", "a false alarm", reason))


async def dismiss(connection: Connection, hazard_id: int, actor: str, now: datetime, reason: str) -> None:
    """It is over, a person says: the engine clears it, and raises it again later should it still be bad.

    Raises UnknownHazardError, and UnfoundedError without a reason.
    """
    await _say(connection, _SQL.dismiss, hazard_id, actor, now, _given("人工解除", "clearing by hand", reason))


async def check_incidents(connection: Connection, checks: Sequence[SiteCheck]) -> None:
    """Free the latches of all open hazards of incidents that were checked on site."""
    await connection.execute(_SQL.check_incidents, [asdict(one) for one in checks])
    await connection.execute(_SQL.tell)


async def open_now(connection: Connection, now: datetime) -> list[Standing]:
    """Open hazards by grade, type, grid, owner unit and age, in one reading of the register."""
    return [Standing(**row) for row in await connection.fetch(_SQL.open_now, now)]


async def recurrence(connection: Connection, since: datetime, until: datetime, limit: int = 100) -> list[Recurrence]:
    """Sensors with the same hazard more than once between ``since`` and ``until``, the most often first."""
    return [Recurrence(**row) for row in await connection.fetch(_SQL.recurrence, since, until, limit)]


async def trend(connection: Connection, first: date, last: date, hazard_type: str | None = None) -> list[Day]:
    """Each local day from ``first`` to ``last``, of all hazard types or one."""
    return [Day(**row) for row in await connection.fetch(_SQL.trend, first, last, hazard_type)]


async def _say(connection: Connection, query: str, hazard_id: int, actor: str, now: datetime, words: str) -> None:
    if await connection.execute(query, hazard_id, now, actor, words) != "INSERT 0 0":
        await connection.execute(_SQL.tell)
    elif not await connection.fetchval(_SQL.exists, hazard_id):
        raise UnknownHazardError(zh=f"没有隐患 {hazard_id}", en=f"there is no hazard {hazard_id}")


def _given(what_zh: str, what: str, words: str) -> str:
    if not words.strip():
        raise UnfoundedError(zh=f"{what_zh}须说明原因", en=f"{what} needs words: say why")
    return words
