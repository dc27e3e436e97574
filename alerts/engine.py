"""The alert engine: a small state per sensor, folded over its readings and the clock.

A sensor's state is rebuilt when its first reading since the start (or since a failed commit) comes in, or when the
clock gets to it: from its hazards and its latest readings, through the same functions. So a restart costs nothing up
front, and what was judged before is not judged again: readings no later than the latest one stored leave the state as
it is.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from alerts.assessment import release, shelve
from alerts.conditions import Conditions, log_void
from alerts.corroboration import Corroboration
from alerts.enginestats import AlertStats, KnownSensor
from alerts.hazards import Finding, Lapsed, write_findings
from alerts.muting import mute
from alerts.reasons import dismissed, lapsed
from alerts.recall import Hazard, Recalled, recall
from alerts.rulebook import InForce
from alerts.sensorstate import Found, SensorState, restless
from alerts.standing import Change
from alerts.sweep import Sweep
from alerts.timers import Timers
from alerts.watch import Watch, build_watch
from database.pool import Connection
from database.queries import load_queries
from ingest.kinds import KINDS
from ingest.payload import Row

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

SETTLE = timedelta(seconds=60)  # after the connection to the broker is back, for what waited there


@dataclass(slots=True)
class Engine:
    """Judges rows for the pipeline. ``sensors`` is the registry's live view by sensor_id.

    Whoever makes findings holds ``turn`` until they are committed: rules, latches and the clock move in between.
    """

    sensors: Mapping[int, KnownSensor]
    stats: AlertStats = field(default_factory=AlertStats)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _rules: InForce = field(default_factory=InForce)
    _watches: dict[tuple[str, int, int | None], Watch] = field(default_factory=dict)
    _attributes: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    _states: dict[int, SensorState] = field(default_factory=dict)
    _timers: Timers = field(default_factory=Timers)
    _corroboration: Corroboration | None = None
    _sweeping: Sweep = field(default_factory=Sweep)
    _age: int = 0  # grows when states are dropped
    _conditional: frozenset[str] = frozenset()  # kinds whose values others around may make worthless
    _conditions: Conditions = field(init=False)

    def __post_init__(self) -> None:
        """Look at the same sensors."""
        self._conditions = Conditions(self.sensors)

    async def take_rules(self, rules: InForce) -> bool:
        """Judge by ``rules`` from now on; True when that changes anything. States of kinds that keep theirs stay."""
        self.stats.rules_refused = float(len(rules.refused))
        if rules == self._rules:
            return False
        async with self.turn:
            changed = {kind for kind in KINDS if rules.of(kind) != self._rules.of(kind)}
            self._rules = rules
            self._conditional = frozenset(kind for (kind, _), (_, rule) in rules.rules.items() if rule.void_near)
            self._corroboration = None
            self._watches.clear()
            self._attributes.clear()
            self._drop([sensor_id for sensor_id, sensor in self.sensors.items() if sensor.kind in changed])
            for sensor_id, state in self._states.items():
                state.watch = self._watch(sensor_id)
        return True

    def forget(self) -> None:
        """Drop all state; it comes back sensor by sensor as readings arrive or the clock gets to them."""
        self._states.clear()
        self._timers.clear()
        self._watches.clear()
        self._attributes.clear()
        self._corroboration = None
        self._sweeping.begin()
        self._drop(self.sensors)

    async def forget_sensors(self, sensor_ids: Iterable[int]) -> None:
        """Drop the state of sensors that are new or were changed."""
        async with self.turn:
            self._drop(sensor_ids)

    def _drop(self, sensor_ids: Iterable[int]) -> None:
        self._age += 1
        self._conditions.forget()
        for sensor_id in sensor_ids:
            state = self._states.pop(sensor_id, None)
            self._sweeping.add(sensor_id, urgent=state is not None and state.standings is not None)

    async def assess(self, pool: asyncpg.Pool, rows: dict[str, list[Row]]) -> list[Finding]:
        """Fold rows in the order given and return what changed."""
        findings: list[Finding] = []
        for kind, kind_rows in rows.items():
            unseen = [row[0] for row in kind_rows if row[0] not in self._states]
            if unseen:
                newest = max(row[1] for row in kind_rows)
                findings += await self._enter(pool, kind, dict.fromkeys(unseen), newest)
        corroboration = await self._confirmed(pool)
        for kind, kind_rows in rows.items():
            moving: Sequence[Row] = restless(self._states, kind_rows)
            if kind in self._conditional:
                moving, void = await self._conditions.clean(pool, self._watch, moving)
                log_void(void)
            findings += self._take(moving)
        findings = await self._mute(pool, findings)
        findings += corroboration.follow(self._states, self.sensors, findings)
        self.stats.count(finding.change for finding in findings)
        return findings

    async def write(self, connection: Connection, changes: object) -> None:
        """Write what ``assess`` found, in the readings' transaction."""
        assert isinstance(changes, list)
        if changes:
            await write_findings(connection, changes)

    async def run_once(self, pool: asyncpg.Pool, now: datetime, *, connected_at: datetime | None = None) -> int:
        """Do what the clock brings about up to ``now``, and what people said of hazards; the number of findings.

        Silence is judged only while readings are heard: ``connected_at`` is since when, None for not now.
        """
        heard_from = connected_at + SETTLE if connected_at is not None else None
        age, recalled = self._age, await self._sweep(pool, now)
        async with self.turn:
            findings: list[Finding] = []
            for kind, (states, hazards) in recalled.items():
                if age == self._age:
                    findings += await self._adopt(pool, kind, states, hazards, now)
                else:  # judged by what no longer holds
                    self._drop(sensor_id for sensor_id in states if sensor_id not in self._states)
            for _, sensor_id in self._timers.due(now):
                findings += self._look(sensor_id, now, heard_from)
            return await self._commit(pool, findings)

    async def listen(self, pool: asyncpg.Pool, now: datetime) -> int:
        """Take up what people said of hazards: free latches, end what was cleared by hand; the number of findings."""
        findings: list[Finding] = []
        async with self.turn:
            told = await pool.fetch(_SQL.told)
            unknown: dict[str, dict[int, None]] = {}
            for row in told:
                if row["sensor_id"] in self.sensors and row["sensor_id"] not in self._states:
                    unknown.setdefault(self.sensors[row["sensor_id"]].kind, {})[row["sensor_id"]] = None
            for kind, sensor_ids in unknown.items():
                findings += await self._enter(pool, kind, sensor_ids, now)
            for row in told:
                findings += self._hear(row, now)
            return await self._commit(pool, findings)

    async def _commit(self, pool: asyncpg.Pool, findings: list[Finding]) -> int:
        """Write what no reading brought about, in a transaction of its own; the number of findings."""
        findings = await self._mute(pool, findings)
        findings += (await self._confirmed(pool)).follow(self._states, self.sensors, findings)
        if findings:
            try:
                async with pool.acquire() as connection, connection.transaction():
                    await write_findings(connection, findings)
            except BaseException:
                self.forget()
                raise
        self.stats.count(finding.change for finding in findings)
        return len(findings)

    async def _mute(self, pool: asyncpg.Pool, findings: list[Finding]) -> list[Finding]:
        told, held = await mute(pool, self.sensors, self._states, findings)
        for sensor_id in held:
            self._timers.set(sensor_id, self._states[sensor_id], self._states[sensor_id].next_due())
        return told

    def _take(self, rows: Iterable[Row]) -> list[Finding]:
        findings: list[Finding] = []
        for row in rows:
            state = self._states[row[0]]
            if row[1] <= state.last:
                self.stats.late += 1
            else:
                findings += _findings(row[0], state.take(row))
                self._timers.set(row[0], state, state.pending)
        return findings

    def _look(self, sensor_id: int, now: datetime, heard_from: datetime | None) -> list[Finding]:
        state = self._states.get(sensor_id)
        if state is None or state.due is None or state.due > now:
            return []
        self.stats.timed += 1
        findings = _findings(sensor_id, state.advance(now, heard_from=heard_from))
        due, state.due = state.next_due(), None
        if due is not None and due <= now:  # silence that can't be told while nobody listens
            due = max(now, heard_from or now) + SETTLE
        self._timers.set(sensor_id, state, due)
        return findings

    async def _sweep(self, pool: asyncpg.Pool, now: datetime) -> dict[str, Recalled]:
        """What brings back the state of some sensors that no reading has brought back yet, by kind."""
        wanted: dict[str, dict[int, Watch]] = {}
        for sensor_id in await self._sweeping.choose(pool):
            if sensor_id in self.sensors and sensor_id not in self._states:
                wanted.setdefault(self.sensors[sensor_id].kind, {})[sensor_id] = self._watch(sensor_id)
        return {
            kind: await recall(pool, KINDS[kind], watches, now, self._conditions) for kind, watches in wanted.items()
        }

    async def _enter(self, pool: asyncpg.Pool, kind: str, sensor_ids: Iterable[int], newest: datetime) -> list[Finding]:
        watches = {sensor_id: self._watch(sensor_id) for sensor_id in sensor_ids}
        states, hazards = await recall(pool, KINDS[kind], watches, newest, self._conditions)
        findings = await self._adopt(pool, kind, states, hazards, newest)
        for sensor_id in watches.keys() - self._states.keys():  # not heard of before
            self._states[sensor_id] = states[sensor_id]
            self._timers.set(sensor_id, states[sensor_id], newest + watches[sensor_id].hold)
        return findings

    async def _adopt(
        self,
        pool: asyncpg.Pool,
        kind: str,
        states: Mapping[int, SensorState],
        hazards: Sequence[Hazard],
        now: datetime,
    ) -> list[Finding]:
        """Go on with states that were brought back, unless a reading was quicker; sensors never heard of wait."""
        corroboration = await self._confirmed(pool)
        unknown = states.keys() - self._states.keys()
        for sensor_id in sorted(unknown):
            state = states[sensor_id]
            if state.previous is not None or state.standings is not None:
                corroboration.enter(sensor_id, state, self.sensors[sensor_id], now)
                self._states[sensor_id] = state
                self._timers.set(sensor_id, state, state.next_due())
                self.stats.recalled += 1
        ended = (self._lapse(kind, hazard, now) for hazard in hazards if hazard["sensor_id"] in unknown)
        return [finding for finding in ended if finding is not None]

    def _lapse(self, kind: str, hazard: Hazard, now: datetime) -> Finding | None:
        """The end of a hazard that no rule speaks of any more; one whose rule can't be used stays."""
        sensor_id, hazard_type = hazard["sensor_id"], hazard["hazard_type"]
        tracks = self._watch(sensor_id).tracks
        if any(track.hazard_type == hazard_type for track in tracks) or (kind, hazard_type) in self._rules.refused:
            return None
        change = Change(5 - hazard["grade"], 0, max(now, hazard["graded_at"]), *lapsed())
        return Finding(sensor_id, Lapsed(hazard_type, hazard["rule_id"]), change, False)

    def _hear(self, told: asyncpg.Record, now: datetime) -> list[Finding]:
        sensor_id, hazard_type, latched, checked_at, dismissed_at, by = told
        state = self._states.get(sensor_id)
        names = [track.hazard_type for track in state.watch.tracks] if state else []
        if state is None or state.standings is None or hazard_type not in names:
            return []
        index = names.index(hazard_type)
        track, standing = state.watch.tracks[index], state.standings[index]
        findings: list[Finding] = []
        if dismissed_at is not None and standing.severity:
            state.amend(index, shelve(track, standing, dismissed_at))
            change = Change(standing.severity, 0, max(dismissed_at, standing.graded_at or dismissed_at), *dismissed(by))
            findings.append(Finding(sensor_id, track, change, False))
        elif latched and standing.latched:
            state.amend(index, release(standing, checked_at))
        findings += _findings(sensor_id, state.advance(now))
        state.due = None
        self._timers.set(sensor_id, state, state.next_due())
        return findings

    async def _confirmed(self, pool: asyncpg.Pool) -> Corroboration:
        """What confirms what, read from the register when it is not known."""
        if self._corroboration is None:
            self._corroboration = Corroboration.of(self._rules)
            for sensor_id, hazard_type, grade in await pool.fetch(_SQL.grave, self._corroboration.hazard_types):
                if sensor_id in self.sensors:
                    self._corroboration.heed(sensor_id, self.sensors[sensor_id], hazard_type, 5 - grade)
        return self._corroboration

    def _watch(self, sensor_id: int) -> Watch:
        sensor = self.sensors[sensor_id]
        key = (sensor.kind, id(sensor.attributes), sensor.interval_s)
        watch = self._watches.get(key)
        if watch is None:
            self._attributes[key[1]] = sensor.attributes  # keeps the object, and so its id, alive
            rules = self._rules.of(sensor.kind)
            watch = self._watches[key] = build_watch(sensor.kind, rules, sensor.attributes, sensor.interval_s)
        return watch


def _findings(sensor_id: int, found: Iterable[Found]) -> list[Finding]:
    return [Finding(sensor_id, track, change, latched) for track, change, latched in found]
