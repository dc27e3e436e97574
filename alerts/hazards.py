"""The hazard register: findings of the engine as rows, in the transaction of the readings that caused them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from alerts.errors import AlertError
from alerts.grades import grade_of
from alerts.incidents import place_hazards, take_turn
from alerts.standing import Change
from alerts.tracks import Track
from database.pool import Connection
from database.queries import load_queries
from ingest.errors import StaleState

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_LATCHED_ZH, _LATCHED_EN = "须经现场核查方可解除", "stays until checked on site"


class HazardError(AlertError, StaleState):
    """The register is not as the engine remembers it: the state must be rebuilt."""


class Lapsed(NamedTuple):
    """What is known of a hazard whose rule does not apply to its sensor any more."""

    hazard_type: str
    rule_id: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A change of grade at one sensor."""

    sensor_id: int
    track: Track | Lapsed
    change: Change
    latched: bool

    @property
    def event(self) -> str:
        """What happened, as a word of the hazard's events."""
        before, after = self.change.before, self.change.after
        if before == 0:
            return "raised"
        if after == 0:
            return "cleared"
        if after == before:
            return "latched"
        return "upgraded" if after > before else "downgraded"

    @property
    def record(self) -> dict[str, Any]:
        """The finding as the queries take it."""
        change = self.change
        return {
            "sensor_id": self.sensor_id,
            "hazard_type": self.track.hazard_type,
            "rule_id": self.track.rule_id,
            "grade": grade_of(change.after).number if change.after else None,
            "latched": self.latched,
            "reason_zh": change.reason_zh,
            "reason_en": change.reason_en,
            "at": change.at,
            "event": self.event,
        }


_RAISE, _REGRADE, _CLEAR, _LATCH = (
    _SQL.record.format(change=change)
    for change in (_SQL.raise_hazards, _SQL.regrade_hazards, _SQL.clear_hazards, _SQL.latch_hazards)
)
_QUERY = {"raised": _RAISE, "upgraded": _REGRADE, "downgraded": _REGRADE, "cleared": _CLEAR, "latched": _LATCH}


async def write_findings(connection: Connection, findings: Sequence[Finding]) -> None:
    """Write findings in the caller's transaction, in their order for each sensor and hazard type.

    Raises HazardError when a hazard that should be open is not.
    """
    await take_turn(connection)
    touched: list[int] = []
    for wave in _waves(findings):
        touched += await _write_wave(connection, wave)
    await place_hazards(connection, touched, graded=True)


def _waves(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Split so that each wave holds at most one finding per (sensor, hazard type) and order is kept."""
    waves: list[list[Finding]] = []
    seen: dict[tuple[int, str], int] = {}
    for finding in findings:
        pair = (finding.sensor_id, finding.track.hazard_type)
        number = seen.get(pair, 0)
        seen[pair] = number + 1
        if number == len(waves):
            waves.append([])
        waves[number].append(finding)
    return waves


async def _write_wave(connection: Connection, wave: Sequence[Finding]) -> list[int]:
    records = {(finding.sensor_id, finding.track.hazard_type): finding.record for finding in wave}.values()
    touched: list[int] = []
    for query in dict.fromkeys(_QUERY[record["event"]] for record in records):
        chosen = [record for record in records if _QUERY[record["event"]] == query]
        try:
            rows = await connection.fetch(query, chosen, [event for record in chosen for event in _events(record)])
        except asyncpg.UniqueViolationError as error:
            raise HazardError("a hazard is open already") from error
        if len(rows) != len(chosen):
            raise HazardError(f"{len(chosen) - len(rows)} hazards are not open any more")
        touched += [row["hazard_id"] for row in rows]
    return touched


def _events(record: dict[str, Any]) -> list[dict[str, Any]]:
    if record["event"] not in ("raised", "upgraded") or not record["latched"]:
        return [record]
    return [record, {**record, "event": "latched", "reason_zh": _LATCHED_ZH, "reason_en": _LATCHED_EN}]
