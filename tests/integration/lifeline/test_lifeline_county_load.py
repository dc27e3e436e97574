"""A county in the database: loaded once or many times, with the same outcome."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec

from lifeline.county import Count, County, load_county, read_county

GUANGNING = Path(__file__).parents[3] / "counties" / "guangning"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


async def load(pool: asyncpg.Pool, county: County, now: datetime = NOW) -> tuple[Count, Count, Count]:
    async with pool.acquire() as connection:
        loaded = await load_county(connection, county, now)
    return loaded.grids, loaded.sensors, loaded.squads


async def test_the_demonstration_county_gets_in_whole(pool: asyncpg.Pool) -> None:
    county = read_county(GUANGNING)
    counts = await load(pool, county)
    assert [count.changed for count in counts] == [len(county.grids), len(county.sensors), len(county.squads)]
    for table, count in zip(("grid", "sensor", "squad"), counts, strict=True):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == count.total
    row = await pool.fetchrow("SELECT * FROM sensor WHERE code = $1", county.sensors[0].code)
    assert row is not None
    assert row["attributes"] == county.sensors[0].attributes
    assert (row["longitude"], row["updated_at"]) == (county.sensors[0].longitude, NOW)
    outline = await pool.fetchval("SELECT outline FROM grid ORDER BY grid_id LIMIT 1")
    assert outline["type"] == "Polygon"
    assert json.dumps(outline["coordinates"])
    assert await pool.fetchval("SELECT count(*) FROM squad WHERE duty_start = duty_end") > 0


async def test_loading_again_changes_nothing(pool: asyncpg.Pool) -> None:
    county = read_county(GUANGNING)
    await load(pool, county)
    before = await pool.fetch("SELECT * FROM sensor ORDER BY sensor_id")
    assert [count.changed for count in await load(pool, county, LATER)] == [0, 0, 0]
    assert await pool.fetch("SELECT * FROM sensor ORDER BY sensor_id") == before


async def test_only_what_differs_is_updated_and_keeps_its_number(pool: asyncpg.Pool) -> None:
    county = read_county(GUANGNING)
    await load(pool, county)
    first, *rest = county.sensors
    number = await pool.fetchval("SELECT sensor_id FROM sensor WHERE code = $1", first.code)
    moved = msgspec.structs.replace(first, longitude=112.5)
    changed = replace(county, sensors=(moved, *rest))
    assert (await load(pool, changed, LATER))[1].changed == 1
    row = await pool.fetchrow("SELECT * FROM sensor WHERE updated_at = $1", LATER)
    assert row is not None
    assert (row["sensor_id"], row["longitude"]) == (number, 112.5)


async def test_a_sensor_that_is_gone_from_the_file_stays(pool: asyncpg.Pool) -> None:
    county = read_county(GUANGNING)
    await load(pool, county)
    fewer = replace(county, sensors=county.sensors[1:], squads=county.squads[1:])
    await load(pool, fewer, LATER)
    assert await pool.fetchval("SELECT count(*) FROM sensor") == len(county.sensors)


async def test_a_provisioned_sensor_counts_as_looked_at_once_it_is_in_the_file(pool: asyncpg.Pool) -> None:
    county = read_county(GUANGNING)
    sensor = county.sensors[0]
    await pool.execute("INSERT INTO sensor (code, kind, provisioned) VALUES ($1, $2, true)", sensor.code, sensor.kind)
    await load(pool, county)
    assert await pool.fetchval("SELECT count(*) FROM sensor WHERE provisioned") == 0
