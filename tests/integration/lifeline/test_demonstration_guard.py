"""A demonstration refuses a database that is not its own."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from database.engine import detect_engine, ensure_days
from lifeline.county import load_county
from lifeline.demonstration.guard import refuse_real_data
from lifeline.demonstration.script import read_script
from lifeline.errors import HubError

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
SCRIPT = read_script()


@pytest.fixture
async def county(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        await load_county(connection, SCRIPT.county, NOW)


async def read_gas(pool: asyncpg.Pool, code: str, time: datetime) -> None:
    insert = "INSERT INTO reading_gas (sensor_id, time) SELECT sensor_id, $2 FROM sensor WHERE code = $1"
    async with pool.acquire() as connection:
        if await detect_engine(connection) == "plain":
            await ensure_days(connection, "reading_gas", [time.date()])
        await connection.execute(insert, code, time)


async def test_an_empty_database_is_welcome(empty_database_url: str) -> None:
    await refuse_real_data(empty_database_url, SCRIPT, NOW)


@pytest.mark.usefixtures("county")
async def test_an_earlier_demonstration_is_welcome(pool: asyncpg.Pool, database_url: str) -> None:
    await read_gas(pool, "gas-0003", NOW - timedelta(hours=2))
    await read_gas(pool, "gas-0009", NOW)  # traffic, which goes on from where it was
    await refuse_real_data(database_url, SCRIPT, NOW)


@pytest.mark.usefixtures("county")
async def test_a_foreign_sensor_is_not(pool: asyncpg.Pool, database_url: str) -> None:
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('real-1', 'gas')")
    with pytest.raises(HubError, match=r"real-1, which is not of the demonstration county; name an empty database"):
        await refuse_real_data(database_url, SCRIPT, NOW)


@pytest.mark.usefixtures("county")
async def test_a_hub_at_work_is_not_joined(pool: asyncpg.Pool, database_url: str) -> None:
    beat = "INSERT INTO process (name, pid, started_at, seen_at, ready, detail) VALUES ('api', 1, $1, $1, true, $2)"
    await pool.execute(beat, NOW, "")
    with pytest.raises(HubError, match="a hub works on this database"):
        await refuse_real_data(database_url, SCRIPT, NOW)
    await pool.execute("UPDATE process SET detail = 'stopped'")
    await refuse_real_data(database_url, SCRIPT, NOW)


@pytest.mark.usefixtures("county")
async def test_what_an_interrupted_one_left_open_would_spoil_the_drill(pool: asyncpg.Pool, database_url: str) -> None:
    await pool.execute(
        "INSERT INTO rule (kind, hazard_type, revision, body, source) VALUES ('gas', 'x', 1, '{}', '');"
        "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
        " raised_at, graded_at) SELECT sensor_id, 'x', rule_id, 1, 1, false, '', '', now(), now()"
        " FROM sensor, rule WHERE code = 'gas-0004' AND hazard_type = 'x'"
    )
    with pytest.raises(HubError, match="left tasks or hazards open"):
        await refuse_real_data(database_url, SCRIPT, NOW)


@pytest.mark.usefixtures("county")
async def test_the_drill_is_not_played_over_its_own_readings(pool: asyncpg.Pool, database_url: str) -> None:
    await read_gas(pool, "gas-0003", NOW - timedelta(minutes=60))
    over = NOW - timedelta(minutes=60) + timedelta(seconds=SCRIPT.drill.duration_s)
    again = f"{over.astimezone(SCRIPT.county.time_zone):%H:%M}"
    with pytest.raises(HubError, match=f"can be again after {again} local time"):
        await refuse_real_data(database_url, SCRIPT, NOW)
