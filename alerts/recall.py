"""Bringing the state of sensors back: from the hazards in the register and the latest readings stored.

The register knows the grades; the readings, folded through the same functions, bring back the timers beside them. How
many are needed follows from the rules: the longest delay back from the latest one, and the longest N of M.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from alerts.conditions import Conditions
from alerts.sensorstate import NEVER, SensorState
from alerts.standing import REST, Standing
from alerts.watch import Watch
from database.queries import load_queries
from ingest.kinds import Kind
from ingest.payload import Row

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

# Stored readings older than this are in compressed chunks; a sensor silent for longer starts from rest.
RECALL_DAYS = 7
_AT_ONCE = 500  # sensors whose whole window is read in one query

Hazard = Mapping[str, Any] | asyncpg.Record
"""A row of ``hazards_of``: an open hazard, or one that ended so lately that it still matters."""

Recalled = tuple[dict[int, SensorState], list[asyncpg.Record]]
"""States by sensor_id, and the open hazards of these sensors."""


def restore(watch: Watch, rows: Sequence[Row], hazards: Sequence[Hazard]) -> SensorState:
    """The state after ``rows`` (oldest first) of a sensor with these hazards."""
    state = SensorState(watch)
    facts = {hazard["hazard_type"]: hazard for hazard in sorted(hazards, key=lambda hazard: hazard["raised_at"])}
    standings = [_pinned(facts.get(track.hazard_type), track.realarm) for track in watch.tracks]
    state.standings = standings if any(standing != REST for standing in standings) else None
    timed_from = rows[-1][1] - watch.timed if rows else NEVER
    for row in rows:
        if state.standings is not None and state.last < timed_from <= row[1]:
            state.standings = [standing._replace(since=REST.since, falling_since=None) for standing in state.standings]
        state.sample(row)
    if state.standings is not None:
        sound_from = _sound_from(watch, facts)
        for index, standing in enumerate(state.standings):
            if standing.falling_since is not None:
                fact = facts.get(watch.tracks[index].hazard_type)
                state.amend(index, standing._replace(falling_since=_settled(standing, fact, sound_from)))
    state.next_due()
    return state


def _pinned(hazard: Hazard | None, realarm: timedelta) -> Standing:
    if hazard is None:
        return REST
    if hazard["cleared_at"] is not None:
        dismissed_at = hazard["dismissed_at"]
        return Standing(barred_until=dismissed_at + realarm) if dismissed_at is not None else REST
    return Standing(
        5 - hazard["grade"],
        latched=hazard["latched"],
        graded_at=hazard["graded_at"],
        checked_at=hazard["checked_at"],
    )


def _sound_from(watch: Watch, facts: Mapping[str, Hazard]) -> datetime | None:
    """When the sensor's latest fault ended."""
    fact = facts.get(watch.tracks[watch.fault].hazard_type) if watch.fault >= 0 else None
    ended: datetime | None = fact["cleared_at"] if fact is not None else None
    return ended


def _settled(standing: Standing, fact: Hazard | None, sound_from: datetime | None) -> datetime | None:
    """Off-delays begin after the grade was given, a check on site freed it, and the sensor was sound again."""
    if fact is None or standing.severity == 0:
        return None
    times = (standing.falling_since, fact["graded_at"], fact["checked_at"], sound_from)
    return max(time for time in times if time is not None)


async def recall(
    pool: asyncpg.Pool, kind: Kind, watches: Mapping[int, Watch], newest: datetime, conditions: Conditions
) -> Recalled:
    """The states of sensors of one kind, by sensor_id, and their open hazards. Nothing is known of unheard ones."""

    async def clean(found: Mapping[int, Sequence[Row]]) -> dict[int, list[Row]]:
        rows = [row for sensor_id in found for row in found[sensor_id]]
        counting, _ = await conditions.clean(pool, watches.__getitem__, rows)
        return _by_sensor(counting)

    sensor_ids = sorted(watches)
    since = newest - timedelta(days=RECALL_DAYS)
    depth, memory = max(watch.depth for watch in watches.values()), max(watch.memory for watch in watches.values())
    # Side by side, since whoever waits for an order waits for both.
    found, stored = await asyncio.gather(
        pool.fetch(_SQL.hazards_of, sensor_ids, newest - memory), _latest(pool, kind, sensor_ids, depth, since)
    )
    hazards: dict[int, list[asyncpg.Record]] = {}
    for hazard in found:
        hazards.setdefault(hazard["sensor_id"], []).append(hazard)
    latest = await clean(stored)
    states: dict[int, SensorState] = {}
    restless: dict[int, datetime] = {}
    for sensor_id in sensor_ids:
        rows = latest.get(sensor_id, [])
        state = states[sensor_id] = restore(watches[sensor_id], rows, hazards.get(sensor_id, ()))
        if rows and (state.standings is not None or _repeats(state, rows)):
            restless[sensor_id] = state.last - watches[sensor_id].window
    ids = sorted(restless)
    for start in range(0, len(ids), _AT_ONCE):
        chunk = ids[start : start + _AT_ONCE]
        starts = {sensor_id: restless[sensor_id] for sensor_id in chunk}
        histories = await clean(await _window(pool, kind, starts, latest))
        for sensor_id, rows in histories.items():
            states[sensor_id] = restore(watches[sensor_id], rows, hazards.get(sensor_id, ()))
    return states, [hazard for hazard in found if hazard["cleared_at"] is None]


def _repeats(state: SensorState, rows: Sequence[Row]) -> bool:
    """Whether the latest rows may be those of a stuck sensor."""
    plausibility = state.watch.plausibility
    return len(rows) > 1 and plausibility.stuck >= 0 and plausibility.repeats(rows[-2], rows[-1])


async def _latest(
    pool: asyncpg.Pool, kind: Kind, sensor_ids: Sequence[int], count: int, since: datetime
) -> dict[int, list[Row]]:
    """The latest ``count`` rows of each sensor, oldest first."""
    records = await pool.fetch(
        f"SELECT recent.* FROM unnest($1::int[]) AS wanted (id) CROSS JOIN LATERAL ("
        f" SELECT {_columns(kind)} FROM {kind.table} WHERE sensor_id = wanted.id AND time > $2"
        f" ORDER BY time DESC LIMIT {count}) AS recent",
        sensor_ids,
        since,
    )
    return _by_sensor(map(as_sent, records))


async def _window(
    pool: asyncpg.Pool, kind: Kind, starts: Mapping[int, datetime], latest: Mapping[int, list[Row]]
) -> dict[int, list[Row]]:
    """The rows of each sensor from its start on, with the latest ones that were read before."""
    records = await pool.fetch(
        f"SELECT {_columns(kind)} FROM unnest($1::int[], $2::timestamptz[]) AS wanted (id, start)"
        f" JOIN {kind.table} ON sensor_id = wanted.id AND time >= wanted.start AND time >= $3",
        list(starts),
        list(starts.values()),
        min(starts.values()),
    )
    rows = {row[:2]: row for row in map(as_sent, records)}
    for sensor_id in starts:
        rows.update((row[:2], row) for row in latest[sensor_id])
    return _by_sensor(rows.values())


def _columns(kind: Kind) -> str:
    return ", ".join(("sensor_id", "time", *kind.column_names))


def _by_sensor(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row[1]):
        found.setdefault(row[0], []).append(row)
    return found


def as_sent(record: Iterable[Any]) -> Row:
    """A stored row with the numbers as devices sent them.

    The tables keep seven digits: 0.3 comes back as 0.30000001192…, which is not a limit of 0.3 any more.
    """
    return tuple(float(f"{value:.7g}") if isinstance(value, float) else value for value in record)
