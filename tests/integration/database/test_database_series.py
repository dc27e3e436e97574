"""The reading tables: as the kinds say, with the same names and columns on either engine."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from database.engine import Care, detect_engine, drop_days, ensure_days
from ingest import upkeep
from ingest.errors import IngestError
from ingest.kinds import KINDS, Kind, Quantity
from ingest.tables import ensure_reading_tables

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


async def columns(pool: asyncpg.Pool, table: str) -> list[tuple[str, str]]:
    rows = await pool.fetch(
        "SELECT attname, format_type(atttypid, NULL) AS type FROM pg_attribute"
        " WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        table,
    )
    return [(row["attname"], row["type"]) for row in rows]


async def make_room(pool: asyncpg.Pool, table: str) -> None:
    async with pool.acquire() as connection:
        if await detect_engine(connection) == "plain":
            await ensure_days(connection, table, [NOON.date()])


@each_kind
async def test_tables_match_their_kinds(pool: asyncpg.Pool, kind: Kind) -> None:
    measured = [(column.name, "real" if isinstance(column, Quantity) else "text") for column in kind.columns]
    wanted = [("sensor_id", "integer"), ("time", "timestamp with time zone"), *measured]
    assert await columns(pool, kind.table) == wanted


@each_kind
async def test_roll_ups_have_least_mean_and_greatest_of_each_quantity(pool: asyncpg.Pool, kind: Kind) -> None:
    for width in ("10min", "1h", "1d"):
        names = [name for name, _ in await columns(pool, f"{kind.table}_{width}")]
        assert names[:3] == ["sensor_id", "bucket", "samples"]
        for quantity in kind.quantities:
            assert {f"{quantity.name}_{what}" for what in ("min", "avg", "max")} <= set(names)


@each_kind
async def test_a_reading_is_known_by_sensor_and_time(pool: asyncpg.Pool, kind: Kind) -> None:
    await make_room(pool, kind.table)
    insert = f"INSERT INTO {kind.table} (sensor_id, time) VALUES (1, $1)"
    await pool.execute(insert, NOON)
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(insert, NOON)


async def test_a_state_takes_only_its_words(pool: asyncpg.Pool) -> None:
    await make_room(pool, "reading_manhole")
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute("INSERT INTO reading_manhole (sensor_id, time, cover_state) VALUES (1, $1, 'ajar')", NOON)


async def test_sound_is_averaged_by_energy_and_depth_by_value(pool: asyncpg.Pool) -> None:
    await make_room(pool, "reading_noise")
    await make_room(pool, "reading_waterlogging")
    for offset, level, depth in ((0, 60.0, 0.1), (1, 70.0, 0.3)):
        at = NOON + timedelta(minutes=offset)
        await pool.execute("INSERT INTO reading_noise (sensor_id, time, laeq_db) VALUES (1, $1, $2)", at, level)
        await pool.execute("INSERT INTO reading_waterlogging (sensor_id, time, depth_m) VALUES (1, $1, $2)", at, depth)
    # 10·lg((10^6 + 10^7) / 2) = 67.404 dB
    assert await pool.fetchval("SELECT laeq_db_avg FROM reading_noise_10min") == pytest.approx(67.404, abs=0.001)
    assert await pool.fetchval("SELECT depth_m_avg FROM reading_waterlogging_10min") == pytest.approx(0.2)


async def test_a_day_begins_at_midnight_in_the_county(pool: asyncpg.Pool) -> None:
    await make_room(pool, "reading_gas")
    for hour, minute in ((15, 59), (16, 0)):  # 23:59 and 00:00 in UTC+8
        await pool.execute(
            "INSERT INTO reading_gas (sensor_id, time) VALUES (1, $1)", NOON.replace(hour=hour, minute=minute)
        )
    buckets = await pool.fetch("SELECT bucket, samples FROM reading_gas_1d ORDER BY bucket")
    assert [(row["bucket"], row["samples"]) for row in buckets] == [
        (datetime(2026, 4, 30, 16, tzinfo=UTC), 1),
        (datetime(2026, 5, 1, 16, tzinfo=UTC), 1),
    ]


async def test_making_the_tables_again_changes_nothing(pool: asyncpg.Pool) -> None:
    await make_room(pool, "reading_gas")
    await pool.execute("INSERT INTO reading_gas (sensor_id, time) VALUES (1, $1)", NOON)
    async with pool.acquire() as connection:
        await ensure_reading_tables(connection)
    assert await pool.fetchval("SELECT count(*) FROM reading_gas") == 1


async def test_a_table_that_differs_from_its_kind_is_refused(pool: asyncpg.Pool) -> None:
    await pool.execute("ALTER TABLE reading_gas ADD COLUMN smell real")
    async with pool.acquire() as connection:
        with pytest.raises(IngestError, match=r"reading_gas has the columns .*smell.*write a migration"):
            await ensure_reading_tables(connection)


async def test_old_days_are_dropped_on_plain_postgresql(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        if await detect_engine(connection) != "plain":
            pytest.skip("TimescaleDB has a retention policy for this")
        days = [date(2026, 5, day) for day in (1, 2, 3)]
        await ensure_days(connection, "reading_gas", days)
        assert await drop_days(connection, "reading_gas", before=date(2026, 5, 3)) == [
            "reading_gas_20260501",
            "reading_gas_20260502",
        ]
        assert await drop_days(connection, "reading_gas", before=date(2026, 5, 3)) == []


@each_kind
async def test_timescaledb_compresses_the_roll_ups_too(timescaledb: None, pool: asyncpg.Pool, kind: Kind) -> None:
    policies = await pool.fetch(
        "SELECT view_name, compression_enabled, config ->> 'compress_after' AS after"
        " FROM timescaledb_information.continuous_aggregates AS rollup"
        " JOIN timescaledb_information.jobs AS job"
        " ON job.hypertable_name = rollup.view_name AND proc_name = 'policy_compression'"
        " WHERE rollup.hypertable_name = $1",
        kind.table,
    )
    assert {row["view_name"]: (row["compression_enabled"], row["after"]) for row in policies} == {
        f"{kind.table}_{width}": (True, "14 days") for width in ("10min", "1h", "1d")
    }


@each_kind
async def test_timescaledb_compresses_and_forgets(timescaledb: None, pool: asyncpg.Pool, kind: Kind) -> None:
    jobs = await pool.fetch(
        "SELECT proc_name, config FROM timescaledb_information.jobs WHERE hypertable_name = $1", kind.table
    )
    assert {job["proc_name"] for job in jobs} == {"policy_compression", "policy_retention"}
    dimension = await pool.fetchrow(
        "SELECT time_interval FROM timescaledb_information.dimensions WHERE hypertable_name = $1", kind.table
    )
    assert dimension is not None
    assert dimension["time_interval"] == timedelta(days=1)


async def test_timescaledb_follows_the_settings_and_changes_nothing_else(timescaledb: None, pool: asyncpg.Pool) -> None:
    policies = (
        "SELECT coalesce(view_name, job.hypertable_name) AS name, proc_name, job_id,"
        " coalesce(config ->> 'compress_after', config ->> 'drop_after') AS after"
        " FROM timescaledb_information.jobs AS job LEFT JOIN timescaledb_information.continuous_aggregates AS rollup"
        " ON materialization_hypertable_name = job.hypertable_name"
        " WHERE proc_name IN ('policy_compression', 'policy_retention') ORDER BY 1, 2"
    )
    before = await pool.fetch(policies)
    async with pool.acquire() as connection:
        await ensure_reading_tables(connection)
        assert await pool.fetch(policies) == before
        await ensure_reading_tables(connection, Care(800, 10, 3650, 14))
    after = {(row["name"], row["proc_name"]): row["after"] for row in await pool.fetch(policies)}
    for kind in KINDS.values():
        assert after[kind.table, "policy_retention"] == "800 days"
        assert after[kind.table, "policy_compression"] == "10 days"
        assert after[f"{kind.table}_1d", "policy_retention"] == "3650 days"
        assert after[f"{kind.table}_1d", "policy_compression"] == "14 days"
    async with pool.acquire() as connection:
        await ensure_reading_tables(connection)
    assert [(*tuple(row)[:2], row["after"]) for row in await pool.fetch(policies)] == [
        (*tuple(row)[:2], row["after"]) for row in before
    ]


async def test_plain_postgresql_keeps_as_many_days_as_the_settings_say(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        if await detect_engine(connection) != "plain":
            pytest.skip("TimescaleDB has a retention policy for this")
        days = [NOON.date() - timedelta(days=back) for back in (8, 7, 6)]
        await ensure_days(connection, "reading_gas", days)
        await upkeep.run_once(connection, NOON, 7)
    left = await pool.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'reading_gas'::regclass ORDER BY 1"
    )
    assert [row["name"] for row in left] == [f"reading_gas_{day}" for day in (20260424, 20260425, 20260501, 20260502)]
