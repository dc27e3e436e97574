"""The alert engine: a small state per sensor, folded over its readings.

A sensor's state is rebuilt when its first reading since the start (or since a failed commit) comes in: from its open
hazards and its latest readings, through the same pure function. So a restart costs nothing up front, and what was
judged before is not judged again: readings no later than the latest one stored leave the state as it is.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from alerts.assessment import REST, Change, Standing, Track, assess, build_track, measure, quiet, release
from alerts.hazards import Finding, write_findings
from alerts.rules import Rule, parse_rule
from database.pool import Connection
from database.queries import load_queries
from ingest.kinds import KINDS, State
from ingest.payload import Row

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

# Stored readings older than this are in compressed chunks; a sensor silent for longer starts from rest.
RECALL_DAYS = 7
_RECALL_ROWS = 200
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class KnownSensor(Protocol):
    """What the engine asks of a registered sensor."""

    @property
    def kind(self) -> str: ...

    @property
    def attributes(self) -> Mapping[str, Any]: ...


@dataclass(slots=True)
class AlertStats:
    """Counts since the start of the process."""

    raised: int = 0
    regraded: int = 0
    cleared: int = 0
    late: int = 0
    recalled: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """The tracks of sensors of one kind with the same attributes.

    ``bounds`` is (position, low, high) of numbers and ``harmless`` (position, words) of states: a sensor at rest
    whose row lies within them all stays at rest. They only save time.
    """

    tracks: tuple[Track, ...]
    bounds: tuple[tuple[int, float, float], ...]
    harmless: tuple[tuple[int, frozenset[str]], ...]

    def is_quiet(self, row: Row) -> bool:
        """Whether no track of a sensor at rest would move."""
        for position, low, high in self.bounds:
            value = row[position]
            if value is not None and not low < value < high:
                return False
        for position, words in self.harmless:
            value = row[position]
            if value is not None and value not in words:
                return False
        return True


@dataclass(slots=True)
class SensorState:
    """What is remembered of one sensor; ``standings`` is None while every track rests."""

    watch: Watch
    last: datetime = _NEVER
    standings: list[Standing] | None = None


@dataclass(slots=True)
class Engine:
    """Judges rows for the pipeline. ``sensors`` is the registry's live view by sensor_id."""

    sensors: Mapping[int, KnownSensor]
    stats: AlertStats = field(default_factory=AlertStats)
    _rules: dict[str, dict[str, tuple[int, Rule]]] = field(default_factory=dict)
    _watches: dict[tuple[str, int], Watch] = field(default_factory=dict)
    _attributes: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    _states: dict[int, SensorState] = field(default_factory=dict)
    # Rules, latches and attributes change only between two batches.
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def load_rules(self, pool: asyncpg.Pool) -> bool:
        """Take up the newest revision of every rule; True when that changed anything."""
        rows = await pool.fetch(_SQL.rules_in_force)
        rules: dict[str, dict[str, tuple[int, Rule]]] = {}
        for row in rows:
            place = f"rule {row['hazard_type']} of {row['kind']}, revision {row['revision']}"
            rule = parse_rule(place, row["kind"], row["body"])
            rules.setdefault(row["kind"], {})[row["hazard_type"]] = (row["rule_id"], rule)
        if rules == self._rules:
            return False
        async with self._turn:
            self._rules = rules
            self.forget()
        return True

    def forget(self) -> None:
        """Drop all state; it comes back sensor by sensor as readings arrive."""
        self._states.clear()
        self._watches.clear()
        self._attributes.clear()

    async def forget_sensors(self, sensor_ids: Iterable[int]) -> None:
        """Drop the state of sensors whose attributes changed."""
        async with self._turn:
            for sensor_id in sensor_ids:
                self._states.pop(sensor_id, None)

    async def assess(self, pool: asyncpg.Pool, rows: dict[str, list[Row]]) -> list[Finding]:
        """Fold rows in the order given and return what changed."""
        async with self._turn:
            await self._recall_unseen(pool, rows)
            findings = [finding for kind_rows in rows.values() for finding in self._fold_rows(kind_rows)]
        self._count(findings)
        return findings

    async def _recall_unseen(self, pool: asyncpg.Pool, rows: dict[str, list[Row]]) -> None:
        states = self._states
        for kind, kind_rows in rows.items():
            unseen = {row[0] for row in kind_rows if row[0] not in states}
            if unseen:
                newest = max(row[1] for row in kind_rows)
                await self._recall(pool, kind, sorted(unseen), newest - timedelta(days=RECALL_DAYS))

    def _fold_rows(self, rows: Sequence[Row]) -> list[Finding]:
        states = self._states
        findings: list[Finding] = []
        for row in rows:
            state = states[row[0]]
            if row[1] <= state.last:
                self.stats.late += 1
                continue
            state.last = row[1]
            if state.standings is None and state.watch.is_quiet(row):
                continue
            findings += self._fold(row[0], state, row)
        return findings

    def _fold(self, sensor_id: int, state: SensorState, row: Row) -> list[Finding]:
        standings = state.standings or [REST] * len(state.watch.tracks)
        findings = []
        for index, track in enumerate(state.watch.tracks):
            value = row[track.position]
            if value is not None:
                standings[index], change = assess(track, standings[index], row[1], value)
                if change is not None:
                    findings.append(Finding(sensor_id, track, change, standings[index].latched))
        state.standings = standings if any(standing != REST for standing in standings) else None
        return findings

    def _count(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            change: Change = finding.change
            if change.before == 0:
                self.stats.raised += 1
            elif change.after == 0:
                self.stats.cleared += 1
            else:
                self.stats.regraded += 1

    async def write(self, connection: Connection, changes: object) -> None:
        """Write what ``assess`` found, in the readings' transaction."""
        assert isinstance(changes, list)
        if changes:
            await write_findings(connection, changes)

    async def release_checked(self, pool: asyncpg.Pool) -> None:
        """Free the latches of hazards that were found harmless on site."""
        for sensor_id, hazard_type in await pool.fetch(_SQL.checked):
            state = self._states.get(sensor_id)
            if state is not None and state.standings is not None:
                for index, track in enumerate(state.watch.tracks):
                    if track.hazard_type == hazard_type:
                        state.standings[index] = release(state.standings[index])

    def _watch(self, sensor_id: int) -> Watch:
        sensor = self.sensors[sensor_id]
        key = (sensor.kind, id(sensor.attributes))
        watch = self._watches.get(key)
        if watch is None:
            self._attributes[key[1]] = sensor.attributes  # keeps the object, and so its id, alive
            watch = self._watches[key] = _build_watch(sensor.kind, self._rules.get(sensor.kind, {}), sensor.attributes)
        return watch

    async def _recall(self, pool: asyncpg.Pool, kind: str, sensor_ids: Sequence[int], since: datetime) -> None:
        table = KINDS[kind].table
        columns = ", ".join(("sensor_id", "time", *KINDS[kind].column_names))
        latest = await pool.fetch(_latest(table, columns, 1), sensor_ids, since)
        hazards: dict[int, list[asyncpg.Record]] = {}
        for hazard in await pool.fetch(_SQL.open_hazards_of, sensor_ids):
            hazards.setdefault(hazard["sensor_id"], []).append(hazard)
        for sensor_id in sensor_ids:
            self._states[sensor_id] = SensorState(self._watch(sensor_id))
        restless = set(hazards)
        for record in latest:
            state = self._states[record["sensor_id"]]
            state.last = record["time"]
            if not state.watch.is_quiet(as_sent(record)):
                restless.add(record["sensor_id"])
        self.stats.recalled += len(sensor_ids)
        if restless:
            rows = await pool.fetch(_latest(table, columns, _RECALL_ROWS), sorted(restless), since)
            histories: dict[int, list[Row]] = {sensor_id: [] for sensor_id in restless}
            for record in reversed(rows):
                histories[record["sensor_id"]].append(as_sent(record))
            for sensor_id, history in histories.items():
                state = self._states[sensor_id]
                state.standings = rebuild(state.watch, history, hazards.get(sensor_id, []))


def _build_watch(kind: str, rules: Mapping[str, tuple[int, Rule]], attributes: Mapping[str, Any]) -> Watch:
    built = (build_track(KINDS[kind], name, rule_id, rule, attributes) for name, (rule_id, rule) in rules.items())
    tracks = tuple(track for track in built if track is not None)
    bounds, harmless = [], []
    for track in tracks:
        if isinstance(track.column, State):
            words = frozenset(word for word in track.column.words if quiet(track, word))
            harmless.append((track.position, words))
        else:
            limits = [limit for case in track.cases for limit in case.limits.values()]
            above = track.rule.direction == "above"
            bounds.append((track.position, -1e9 if above else max(limits), min(limits) if above else 1e9))
    return Watch(tracks, tuple(bounds), tuple(harmless))


def _latest(table: str, columns: str, count: int) -> str:
    return (
        f"SELECT recent.* FROM unnest($1::int[]) AS wanted (id) CROSS JOIN LATERAL ("
        f" SELECT {columns} FROM {table} WHERE sensor_id = wanted.id AND time > $2 ORDER BY time DESC LIMIT {count}"
        f") AS recent"
    )


def as_sent(record: Iterable[Any]) -> Row:
    """A stored row with the numbers as devices sent them.

    The tables keep seven digits: 0.3 comes back as 0.30000001192…, which is not a limit of 0.3 any more.
    """
    return tuple(float(f"{value:.7g}") if isinstance(value, float) else value for value in record)


def rebuild(
    watch: Watch, history: Sequence[Row], hazards: Sequence[asyncpg.Record | Mapping[str, Any]]
) -> list[Standing] | None:
    """The standings after ``history`` (rows, oldest first) for a sensor with these open hazards.

    The database knows the grades; the fold brings back the timers that run beside them.
    """
    open_hazards = {hazard["hazard_type"]: hazard for hazard in hazards}
    standings = []
    for track in watch.tracks:
        hazard = open_hazards.get(track.hazard_type)
        severity = 5 - hazard["grade"] if hazard else 0
        latched = bool(hazard and hazard["latched"])
        standing = Standing(severity, latched=latched)
        for row in history:
            value = row[track.position]
            if value is None:
                continue
            folded, _ = assess(track, standing, row[1], value)
            settled = hazard is not None and row[1] >= hazard["graded_at"]
            falling = _falling(track, severity, row, value, folded, standing) if settled else None
            standing = Standing(severity, folded.since, folded.samples, falling, latched)
        standings.append(standing)
    return standings if any(standing != REST for standing in standings) else None


def _falling(
    track: Track, severity: int, row: Row, value: Any, folded: Standing, standing: Standing
) -> datetime | None:
    if folded.severity == severity:
        return folded.falling_since
    case = track.case_at(row[1])
    held = measure(track, case, value)[1] if case else 0
    return None if held >= severity else standing.falling_since or row[1]
