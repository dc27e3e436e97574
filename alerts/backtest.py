"""Back-test: what a proposal would have made of stored readings, against the rules in force, by the same functions.

Each sensor is replayed on its own, so grades that neighbours would have confirmed are left out on both sides. What is
measured around a sensor voids its values as in life, but for what was told late.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import asyncpg

from alerts.conditions import Conditions
from alerts.grades import grade_of
from alerts.neighbours import Place
from alerts.rulebook import InForce
from alerts.rulefile import rule_body
from alerts.rules import Rule, RuleFile
from alerts.sensorstate import Found, SensorState
from alerts.tracks import ZONE
from alerts.watch import Watch, build_watch
from database.pool import Database
from database.queries import load_queries
from ingest.kinds import KINDS, Kind
from ingest.payload import Row

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_AT_ONCE = 50  # sensors of one query
_FLAPPING = timedelta(minutes=30)

Rules = dict[str, tuple[int, Rule]]
"""rule_id and rule by hazard type."""
Tell = Callable[[int, int, int], None]
"""Told sensors done, sensors in all, readings replayed."""


@dataclass(slots=True)
class Episode:
    """A hazard from raised to cleared, as a replay found it; ``severity`` is the gravest."""

    sensor: str
    hazard_type: str
    raised_at: datetime
    severity: int
    reason_zh: str
    reason_en: str
    cleared_at: datetime | None = None
    maintenance: bool = False

    def overlaps(self, other: "Episode") -> bool:
        """Whether both were open at some time."""
        return (other.cleared_at is None or self.raised_at < other.cleared_at) and (
            self.cleared_at is None or other.raised_at < self.cleared_at
        )


@dataclass(slots=True)
class Side:
    """What one set of rules made of the readings up to ``end``."""

    end: datetime
    episodes: list[Episode] = field(default_factory=list)

    @property
    def per_day(self) -> Counter[tuple[date, str]]:
        """Hazards by local day of being raised and colour of the gravest grade."""
        return Counter((e.raised_at.astimezone(ZONE).date(), grade_of(e.severity).colour) for e in self.episodes)

    @property
    def open_for(self) -> timedelta:
        """How long hazards were open, added up."""
        return sum(((e.cleared_at or self.end) - e.raised_at for e in self.episodes), timedelta())

    @property
    def flapping(self) -> int:
        """Hazards raised within half an hour after the same one had cleared."""
        ended: dict[tuple[str, str], datetime] = {}
        count = 0
        for episode in sorted(self.episodes, key=lambda episode: episode.raised_at):
            key = (episode.sensor, episode.hazard_type)
            if key in ended and episode.raised_at - ended[key] <= _FLAPPING:
                count += 1
            if episode.cleared_at is not None:
                ended[key] = episode.cleared_at
        return count

    @property
    def tasks(self) -> int:
        """Hazards grave enough to call a squad, were each an incident of its own: at most so many tasks."""
        return sum(episode.severity >= 2 and not episode.maintenance for episode in self.episodes)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The proposal beside the rules in force."""

    current: Side
    proposed: Side
    added: tuple[Episode, ...]
    dropped: tuple[Episode, ...]
    regraded: tuple[tuple[Episode, Episode], ...]
    readings: int


def replay(watch: Watch, sensor: str, rows: Iterable[Row], begin: datetime, end: datetime) -> list[Episode]:
    """The hazards of one sensor from ``begin`` to ``end``, at rest before; ``rows`` oldest first."""
    state = SensorState(watch)
    episodes = _Episodes(sensor)
    stays, hold, silent = state.stays, watch.hold, watch.silence >= 0
    for row in rows:
        if silent and row[1] - state.last > hold:
            episodes.add(state.advance(row[1], heard_from=begin))
        if not stays(row):
            episodes.add(state.take(row))
    episodes.add(state.advance(end, heard_from=begin))
    return episodes.done


@dataclass(slots=True)
class _Episodes:
    sensor: str
    done: list[Episode] = field(default_factory=list)
    _open: dict[str, Episode] = field(default_factory=dict)

    def add(self, found: Sequence[Found]) -> None:
        for track, change, _ in found:
            name = track.hazard_type
            if change.before == 0:
                words = (change.reason_zh, change.reason_en)
                fresh = Episode(self.sensor, name, change.at, change.after, *words, maintenance=track.rule.maintenance)
                self._open[name] = fresh
                self.done.append(fresh)
            elif change.after == 0:
                self._open.pop(name).cleared_at = change.at
            else:
                self._open[name].severity = max(self._open[name].severity, change.after)


def compare(current: Side, proposed: Side, readings: int) -> Comparison:
    """What the proposal adds, drops and grades otherwise. Hazards are the same when they overlap in time."""
    theirs: dict[tuple[str, str], list[Episode]] = {}
    for episode in proposed.episodes:
        theirs.setdefault((episode.sensor, episode.hazard_type), []).append(episode)
    dropped, regraded = [], []
    met: set[int] = set()
    for old in current.episodes:
        matches = [new for new in theirs.get((old.sensor, old.hazard_type), ()) if old.overlaps(new)]
        met.update(map(id, matches))
        if not matches:
            dropped.append(old)
        elif (gravest := max(matches, key=lambda match: match.severity)).severity != old.severity:
            regraded.append((old, gravest))
    added = [episode for episode in proposed.episodes if id(episode) not in met]
    return Comparison(current, proposed, tuple(added), tuple(dropped), tuple(regraded), readings)


def affected(current: Rules, proposed: RuleFile) -> tuple[Rules, Rules]:
    """The rules in force and the proposed ones that may judge otherwise: what differs, what that mutes, and faults."""
    after = {**current, **{name: (0, rule) for name, rule in proposed.hazards.items()}}
    changed = {
        name
        for name, (_, rule) in after.items()
        if name not in current or rule_body(current[name][1]) != rule_body(rule)
    }
    if not changed:
        return {}, {}
    both = [(name, rule) for rules in (current, after) for name, (_, rule) in rules.items()]
    wanted = changed | {name for name, rule in both if rule.fault or changed & set(rule.muted_by)}
    wanted |= {muter for name, rule in both if name in wanted for muter in rule.muted_by}
    return ({n: r for n, r in current.items() if n in wanted}, {n: r for n, r in after.items() if n in wanted})


async def backtest(
    database: Database, rules: InForce, proposed: RuleFile, begin: datetime, end: datetime, tell: Tell
) -> Comparison:
    """Replay the stored readings of the proposal's kind in [begin, end) under both sets of rules."""
    kind = KINDS[proposed.kind]
    before, after = affected(rules.of(kind.name), proposed)
    sides = Side(end), Side(end)
    readings = 0
    sensors = await database.fetch(_SQL.sensors, kind.name) if after else []
    by_id = {sensor["sensor_id"]: sensor for sensor in sensors}
    watches = _Watches(kind.name, before, by_id), _Watches(kind.name, after, by_id)
    conditions = Conditions(await _placed(database, (before, after)))
    async with asyncio.TaskGroup() as group:

        def read(start: int) -> "asyncio.Task[list[asyncpg.Record]]":
            ids = [sensor["sensor_id"] for sensor in sensors[start : start + _AT_ONCE]]
            return group.create_task(database.fetch(query, ids, begin, end), name="stored readings")

        query = _rows(kind, (before, after))
        coming = read(0)
        for start in range(0, len(sensors), _AT_ONCE):
            stored: list[Row] = [tuple(record) for record in await coming]
            readings += len(stored)
            counting: list[Sequence[Row]] = [stored, stored]
            if conditions.sensors:
                counting = [(await conditions.clean(database, known.of, stored))[0] for known in watches]
            coming = read(start + _AT_ONCE)  # the database works while these are replayed
            for side, known, all_rows in zip(sides, watches, counting, strict=True):
                for sensor_id, rows in _grouped(all_rows):
                    await asyncio.sleep(0)  # whoever else has work goes on
                    side.episodes += replay(known.of(sensor_id), by_id[sensor_id]["code"], rows, begin, end)
            tell(min(start + _AT_ONCE, len(sensors)), len(sensors), readings)
    return compare(*sides, readings)


class _Spot(NamedTuple):
    kind: str
    place: Place | None
    exercise_id: int


async def _placed(database: Database, sides: Iterable[Rules]) -> dict[int, _Spot]:
    """Where sensors are, if any rule heeds what is measured around one."""
    if not any(rule.void_near for rules in sides for _, rule in rules.values()):
        return {}
    return {
        number: _Spot(kind, None if longitude is None or latitude is None else (longitude, latitude), exercise_id)
        for number, kind, longitude, latitude, exercise_id in await database.fetch(_SQL.places)
    }


@dataclass(slots=True)
class _Watches:
    kind: str
    rules: Rules
    sensors: Mapping[int, asyncpg.Record]
    _built: dict[tuple[str, int | None], Watch] = field(default_factory=dict)
    _known: dict[int, Watch] = field(default_factory=dict)

    def of(self, sensor_id: int) -> Watch:
        if sensor_id not in self._known:
            self._known[sensor_id] = self._find(self.sensors[sensor_id])
        return self._known[sensor_id]

    def _find(self, sensor: asyncpg.Record) -> Watch:
        attributes, interval_s = sensor["attributes"], sensor["interval_s"]
        key = (repr(attributes), interval_s)
        if key not in self._built:
            self._built[key] = build_watch(self.kind, self.rules, attributes, interval_s)
        return self._built[key]


def _rows(kind: Kind, sides: Iterable[Rules]) -> str:
    """The query of rows with those columns that the rules look at."""
    named: set[str] = set()
    for rules in sides:
        for _, rule in rules.values():
            named |= {*rule.void, rule.quantity or ""}
            if rule.fault is not None:
                named |= set(rule.fault.plausible)
                named |= {check.quantity for check in (rule.fault.stuck, rule.fault.spike) if check is not None}
    numbers = {quantity.name for quantity in kind.quantities}
    columns = ", ".join(
        # By way of text a number comes back as the device sent it; see ``as_sent``.
        (f"{name}::text::float8 AS {name}" if name in numbers else name) if name in named else f"NULL AS {name}"
        for name in kind.column_names
    )
    return (
        f"SELECT sensor_id, time, {columns} FROM {kind.table}"
        " WHERE sensor_id = ANY($1::int[]) AND time >= $2 AND time < $3 ORDER BY sensor_id, time"
    )


def _grouped(ordered: Sequence[Row]) -> Iterator[tuple[int, list[Row]]]:
    rows: list[Row] = []
    for row in ordered:
        if rows and rows[-1][0] != row[0]:
            yield rows[0][0], rows
            rows = []
        rows.append(row)
    if rows:
        yield rows[0][0], rows
