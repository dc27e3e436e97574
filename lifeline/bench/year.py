"""``lifeline bench year``: what a long time of readings takes, on disk and to look at.

Readings go into the tables by COPY, a week at a time; each week is summed up and compressed as the policies would do it
later. Then every query of every dashboard is timed as Grafana would send it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import uvloop

from database.engine import ensure_days, rollups_of
from database.pool import Connection, connect
from database.queries import load_queries
from ingest.kinds import KINDS, Kind, State
from ingest.storage import copy_columns
from lifeline.bench.glances import time_glances
from lifeline.bench.policies import COMPRESSED_AFTER, compress, compress_rollups, hold_jobs, roll_up
from lifeline.bench.servers import BenchServers
from lifeline.bench.yeardata import Readings, as_copy, as_records, attributes_of, shares_of, simulate
from lifeline.county import load_county, read_county
from lifeline.demonstration.script import COUNTY

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_WEEK = 7
_HAZARDS_PER_SENSOR = 10  # a year

Say = Callable[[str], None]


def bench_year(servers: BenchServers, sensors: int, days: int, say: Say) -> dict[str, Any]:
    """Fill the tables with ``days`` of ``sensors`` up to midnight, weigh them, time the dashboards."""
    return uvloop.run(_measure(servers, sensors, days, say))


async def _measure(servers: BenchServers, sensors: int, days: int, say: Say) -> dict[str, Any]:
    connection = await connect(servers.database_url, application="bench year")
    try:
        # Nobody will miss the data, so no commit waits for the disk.
        await connection.execute("SET synchronous_commit = off")
        timescale = servers.engine == "timescaledb"
        if timescale:
            await hold_jobs(connection)
        end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        known = await _register(connection, sensors)
        figures: dict[str, Any] = {"engine": servers.engine, "sensors": sensors, "days": days, "kinds": {}}
        for kind in KINDS.values():
            figures["kinds"][kind.name] = await _fill(connection, kind, known[kind.name], end, days, timescale, say)
        await connection.execute(
            _SQL.cases, end - timedelta(days=days), end, sensors * _HAZARDS_PER_SENSOR * days // 365
        )
        await connection.execute("VACUUM ANALYZE")
        figures |= _summed(figures["kinds"])
        say("every query of every dashboard")
        figures |= await time_glances(connection, end, days)
        return figures
    finally:
        await connection.close()


async def _register(connection: Connection, sensors: int) -> dict[str, list[int]]:
    """Numbers of the sensors by kind, in a county with grids and squads."""
    await load_county(connection, replace(read_county(COUNTY), sensors=()), datetime.now(UTC))
    known = {}
    for name, count in shares_of(sensors).items():
        codes = [f"year-{name}-{number:04}" for number in range(count)]
        given = [attributes_of(name, number) for number in range(count)]
        known[name] = [row["sensor_id"] for row in await connection.fetch(_SQL.register, name, codes, given)]
    return known


async def _fill(
    connection: Connection, kind: Kind, sensor_ids: list[int], end: datetime, days: int, timescale: bool, say: Say
) -> dict[str, Any]:
    say(f"{kind.name}: {len(sensor_ids)} sensors, simulated")
    readings = simulate(kind)
    start = end - timedelta(days=days)
    count, settled, seconds = 0, 0, {"copy": 0.0, "roll_up": 0.0, "compress": 0.0}
    for first in range(0, days, _WEEK):
        week = range(first, min(first + _WEEK, days))
        began = perf_counter()
        for number in week:
            day = start + timedelta(days=number)
            count += await _copy_day(connection, readings, sensor_ids, day, number, timescale)
        seconds["copy"] += perf_counter() - began
        if timescale:
            # Days of the county begin at 16:00 UTC: the one that is not over is left to the next week.
            since = start + timedelta(days=week.start - 1)
            until = start + timedelta(days=week.stop + (week.stop == days))
            began = perf_counter()
            await roll_up(connection, kind.table, since, until)
            rolled = perf_counter()
            await compress(connection, kind.table, min(start + timedelta(days=week.stop), end - COMPRESSED_AFTER))
            seconds["roll_up"] += rolled - began
            seconds["compress"] += perf_counter() - rolled
        say(f"{kind.name}: {week.stop} of {days} days, {count:,} readings")
    figures = {"sensors": len(sensor_ids), "readings": count}
    if timescale:
        settled = await connection.fetchval(_SQL.settled.format(table=kind.table), end - COMPRESSED_AFTER)
        figures |= await _weigh(connection, kind, settled, end)
    else:
        size = await connection.fetchval(_SQL.size_of_partitions, kind.table)
        figures |= {"settled": count, "written": size, "kept": size, "rollups_written": 0, "rollups": 0, "bytes": size}
    return figures | {"seconds": {name: round(spent, 1) for name, spent in seconds.items()}}


async def _weigh(connection: Connection, kind: Kind, settled: int, end: datetime) -> dict[str, Any]:
    """Bytes of what is ``settled`` as written and as kept, of the roll-ups before and after, of all readings."""
    stats = await connection.fetchrow(_SQL.compressed, kind.table)
    assert stats is not None
    before = await _size_of_rollups(connection, kind)
    await compress_rollups(connection, kind.table, end)
    after = await _size_of_rollups(connection, kind)
    size = await connection.fetchval(_SQL.size_of_chunks, kind.table)
    return {"settled": settled, **stats, "rollups_written": before, "rollups": after, "bytes": size}


async def _size_of_rollups(connection: Connection, kind: Kind) -> int:
    return sum([await connection.fetchval(_SQL.size_of_chunks, name) for name in rollups_of(kind.table)])


async def _copy_day(
    connection: Connection, readings: Readings, sensor_ids: list[int], day: datetime, number: int, timescale: bool
) -> int:
    kind = readings.kind
    rows = readings.of_day(sensor_ids, day, number)
    if not timescale:  # a sensor's own seconds may reach into the next day
        await ensure_days(connection, kind.table, [day.date(), (day + timedelta(days=1)).date()])
    if any(isinstance(column, State) for column in kind.columns):
        await connection.copy_records_to_table(kind.table, records=as_records(*rows), columns=copy_columns(kind))
    else:
        await connection.copy_to_table(kind.table, source=as_copy(*rows), columns=copy_columns(kind), format="binary")
    return len(rows[0])


def _summed(kinds: dict[str, Any]) -> dict[str, Any]:
    """The sums; bytes per reading are those of what is old enough to be compressed."""
    names = ("readings", "settled", "written", "kept", "rollups_written", "rollups", "bytes")
    total = {name: sum(kind[name] for kind in kinds.values()) for name in names}
    for figures in (*kinds.values(), total):
        figures["bytes_per_reading_written"] = round(figures["written"] / figures["settled"], 1)
        figures["bytes_per_reading"] = round(figures["kept"] / figures["settled"], 1)
    return total
