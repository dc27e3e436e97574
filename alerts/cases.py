"""Cases go through their stages: steps as rows, in the caller's transaction, with their clocks and their events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from alerts.clockbook import clocks_of
from alerts.clocks import Clocks
from alerts.errors import AlertRefusal
from alerts.stages import EVENTS, Case, Stage, StageError, Step, advance, verified_how
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_WATCHED = frozenset({"verify", "override"})
_SAVED = (
    "incident_id",
    "stage",
    "due_at",
    "fed_back_at",
    "overtime",
    "appeal",
    "appealed_by",
    "verified_how",
    "verified_by",
    "verified_at",
    "closed_at",
)

_READ = ("hazard_type", *_SAVED)


class UnknownIncidentError(AlertRefusal):
    """There is no incident of this number."""


_APPEALS_ZH = {"pending": "待裁定", "granted": "已准予", "rejected": "已驳回"}


@dataclass(frozen=True, slots=True)
class Overdue:
    """A case that should have been handed back at ``due_at``, ``by`` ago."""

    incident_id: int
    hazard_type: str
    grade: int
    stage: Stage
    due_at: datetime
    by: timedelta


@dataclass(slots=True)
class Record:
    """An incident's row as far as its stages and clocks move it."""

    incident_id: int
    hazard_type: str
    stage: Stage
    due_at: datetime | None
    fed_back_at: datetime | None
    overtime: bool
    appeal: str | None
    appealed_by: str | None
    verified_how: str | None
    verified_by: str | None
    verified_at: datetime | None
    closed_at: datetime | None
    hazards: int = 0
    hazards_open: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def take(self, step: Step, clocks: Clocks | None) -> None:
        """Carry out a step that may be taken; what is repeated or overtaken leaves no trace."""
        case = Case(self.incident_id, self.stage, self.hazards, self.hazards_open)
        reached = advance(case, step)
        if reached is None:
            return
        detail = {**step.detail, **({"reason": step.reason} if step.reason else {})}
        self.stage = reached
        match step.action:
            case "dispatch":
                assert clocks is not None  # read for every dispatch
                self.fed_back_at, self.due_at = None, clocks.due(self.hazard_type, step.at)
                detail["due_at"] = self.due_at
            case "feed_back":
                detail["overtime"] = self._stop(step.at)
                self.fed_back_at = step.at
            case "return":
                self._stop(step.at)
                self.due_at = self.fed_back_at = None
            case "verify" | "override":
                self.verified_how = verified_how(case, step)
                self.verified_by, self.verified_at = step.actor, step.at
                detail["verified_how"] = self.verified_how
            case "close" | "dismiss":
                self._stop(step.at)
                self.closed_at = step.at
        self._log(EVENTS[step.action], step.actor, step.at, detail)

    def take_appeal(self, actor: str, reason: str, now: datetime) -> None:
        """A unit says why it was late; StageError when it was not, or has said so before."""
        place, place_zh = f"incident {self.incident_id}", f"事件 {self.incident_id}"
        running = self.due_at is not None and self.fed_back_at is None and self.closed_at is None
        if not self.overtime and not (running and self.due_at is not None and now > self.due_at):
            raise StageError(
                zh=f"{place_zh}没有超时，无须申诉",
                en=f"{place} is not over its time, so there is nothing to appeal against",
            )
        if self.appeal is not None:
            raise StageError(
                zh=f"{place_zh}：已申诉过，结果：{_APPEALS_ZH[self.appeal]}",
                en=f"{place}: an appeal was made before and is {self.appeal}",
            )
        self._need_reason("申诉", "an appeal", reason)
        self.appeal, self.appealed_by = "pending", actor
        self._log("appealed", actor, now, {"reason": reason})

    def decide_appeal(self, granted: bool, actor: str, reason: str, now: datetime) -> None:
        """Exempt the overtime or not; it stays on record either way."""
        place, place_zh = f"incident {self.incident_id}", f"事件 {self.incident_id}"
        if self.appeal != "pending":
            raise StageError(zh=f"{place_zh}：没有待裁定的申诉", en=f"{place}: there is no appeal to decide")
        if actor == self.appealed_by:
            raise StageError(zh=f"{place_zh}：申诉人不能裁定本人的申诉", en=f"{place}: who appealed can't decide on it")
        self._need_reason("裁定", "the decision", reason)
        self.appeal = "granted" if granted else "rejected"
        self._log(f"appeal_{self.appeal}", actor, now, {"reason": reason})

    def _need_reason(self, what_zh: str, what: str, reason: str) -> None:
        if not reason.strip():
            raise StageError(
                zh=f"事件 {self.incident_id}：{what_zh}须说明理由",
                en=f"incident {self.incident_id}: {what} needs a reason",
            )

    def _stop(self, at: datetime) -> bool:
        late = self.due_at is not None and self.fed_back_at is None and at > self.due_at
        self.overtime = self.overtime or late
        return late

    def _log(self, event: str, actor: str, at: datetime, detail: dict[str, Any]) -> None:
        entry = {"incident_id": self.incident_id, "at": at, "event": event, "actor": actor, "detail": detail}
        self.events.append(entry)

    @property
    def row(self) -> dict[str, Any]:
        """The columns to save."""
        return {name: getattr(self, name) for name in _SAVED}


async def take_steps(
    connection: Connection,
    steps: Sequence[Step],
    *,
    noun: str = "incident",
    locked: Sequence[asyncpg.Record] | None = None,
) -> dict[int, Stage]:
    """Take ``steps`` in their order, in the caller's transaction; the stages that the incidents then have.

    ``noun`` is what is notified when there is something new. ``locked`` are the rows, as ``lock`` in cases.sql gives
    them, of incidents that the caller had locked when it read them. Raises StageError when one isn't possible, and
    UnknownIncidentError; then nothing may be committed.
    """
    if not steps:
        return {}
    wanted = {step.incident_id for step in steps}
    records, body = await _lock(connection, wanted) if locked is None else _records(locked, wanted)
    if any(step.action in _WATCHED for step in steps):
        for row in await connection.fetch(_SQL.hazards, list(records)):
            records[row["incident_id"]].hazards = row["hazards"]
            records[row["incident_id"]].hazards_open = row["open"]
    clocks = clocks_of(body) if any(step.action == "dispatch" for step in steps) else None
    for step in steps:
        records[step.incident_id].take(step, clocks)
    await _save(connection, records.values(), noun)
    return {incident_id: one.stage for incident_id, one in records.items()}


async def close_finished(connection: Connection, actor: str, now: datetime) -> list[int]:
    """Verify and close the cases that were handed back and whose sensors all say that it is over; their numbers."""
    finished = [row["incident_id"] for row in await connection.fetch(_SQL.finished)]
    # Counted anew under the lock: a hazard may have joined while it was waited for.
    counts = await connection.fetch(_SQL.hazards, finished) if finished else []
    over = sorted(row["incident_id"] for row in counts if row["open"] == 0)
    await take_steps(
        connection, [Step(number, action, actor, now) for number in over for action in ("verify", "close")]
    )
    return over


async def appeal(connection: Connection, incident_id: int, actor: str, reason: str, now: datetime) -> None:
    """Appeal against a case's overtime. StageError when there is none."""
    records, _ = await _lock(connection, {incident_id})
    records[incident_id].take_appeal(actor, reason, now)
    await _save(connection, records.values(), "incident")


async def decide_appeal(
    connection: Connection, incident_id: int, granted: bool, actor: str, reason: str, now: datetime
) -> None:
    """Grant an appeal, which exempts the overtime without deleting it, or reject it."""
    records, _ = await _lock(connection, {incident_id})
    records[incident_id].decide_appeal(granted, actor, reason, now)
    await _save(connection, records.values(), "incident")


async def overdue(connection: Connection, now: datetime, limit: int = 500) -> list[Overdue]:
    """Cases over their handling time at ``now``, the longest overdue first."""
    return [Overdue(**row) for row in await connection.fetch(_SQL.overdue, now, limit)]


def unknown(incident_ids: Iterable[int]) -> UnknownIncidentError:
    """The error for numbers that no incident has."""
    numbers = [str(number) for number in incident_ids]
    return UnknownIncidentError(zh=f"没有事件 {'、'.join(numbers)}", en=f"there is no incident {', '.join(numbers)}")


async def _lock(connection: Connection, incident_ids: Iterable[int]) -> tuple[dict[int, Record], Any]:
    """Lock incidents until the transaction ends; beside them what is stored of the clocks in force."""
    wanted = sorted(incident_ids)
    return _records(await connection.fetch(_SQL.lock, wanted), wanted)


def _records(rows: Iterable[asyncpg.Record], wanted: Iterable[int]) -> tuple[dict[int, Record], Any]:
    records, clocks = {}, None
    for row in rows:
        clocks = row["clocks"] or clocks
        records[row["incident_id"]] = Record(**{name: row[name] for name in _READ})
    missing = sorted(number for number in wanted if number not in records)
    if missing:
        raise unknown(missing)
    return records, clocks


async def _save(connection: Connection, records: Iterable[Record], noun: str) -> None:
    moved = [one for one in records if one.events]
    if moved:
        await connection.execute(
            _SQL.save, [one.row for one in moved], [event for one in moved for event in one.events], noun
        )
