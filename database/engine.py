"""Time-series tables, on TimescaleDB where the server has it and on plain PostgreSQL otherwise.

Nothing above this room knows which of the two runs: a hypertable and a table partitioned by day take the same
statements, continuous aggregates and views have the same names and columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from database.pool import Connection

Engine = Literal["timescaledb", "plain"]
DAY_ZONE = "Asia/Shanghai"  # days of the roll-ups begin at midnight there
_ROLLUPS = (("10min", "10 minutes"), ("1h", "1 hour"), ("1d", "1 day"))
_COMPRESS_AFTER = "7 days"
_COMPRESS_ROLLUPS_AFTER = "14 days"  # well after their last refresh, which ends 3 days back


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One column of a roll-up: ``expression`` over the rows of a bucket, called ``name``."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class Series:
    """A time-series table: rows are identified by (``key``, time); ``columns`` is DDL for what they carry."""

    table: str
    key: str
    columns: Sequence[str]
    aggregates: Sequence[Aggregate]


async def detect_engine(connection: Connection) -> Engine:
    """Which engine this database runs on, installing the extension first where the server offers it."""
    offered = await connection.fetchval(
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'"
        " AND current_setting('shared_preload_libraries') LIKE '%timescaledb%'"
    )
    if not offered:
        return "plain"
    await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    return "timescaledb"


async def create_series(connection: Connection, engine: Engine, series: Series, *, retention_days: int) -> None:
    """Create the table of ``series``, its roll-ups and its upkeep, all at once."""
    columns = ", ".join([f"{series.key} integer NOT NULL", "time timestamptz NOT NULL", *series.columns])
    table = f"CREATE TABLE {series.table} ({columns}, PRIMARY KEY ({series.key}, time))"
    if engine == "plain":
        await connection.execute(f"{table} PARTITION BY RANGE (time)")
    else:
        await connection.execute(table)
        await connection.execute(_hypertable(series, retention_days))
    for suffix, width in _ROLLUPS:
        await connection.execute(_rollup(engine, series, f"{series.table}_{suffix}", width))
        if engine == "timescaledb":
            await connection.execute(_refresh(f"{series.table}_{suffix}", width))


def _hypertable(series: Series, retention_days: int) -> str:
    # Compressed days are joined to weeks: an eighth smaller, and a seventh of the chunks to plan with.
    # The primary key serves every query by key, so the default index on time alone would only cost writes.
    return f"""
        SELECT create_hypertable('{series.table}', by_range('time', INTERVAL '1 day'),
                                 create_default_indexes => false);
        ALTER TABLE {series.table} SET (timescaledb.compress, timescaledb.compress_segmentby = '{series.key}',
                                        timescaledb.compress_orderby = 'time',
                                        timescaledb.compress_chunk_time_interval = '7 days');
        SELECT add_compression_policy('{series.table}', INTERVAL '{_COMPRESS_AFTER}');
        SELECT add_retention_policy('{series.table}', INTERVAL '{retention_days} days');
    """


def _rollup(engine: Engine, series: Series, name: str, width: str) -> str:
    aggregates = ", ".join(f"{column.expression} AS {column.name}" for column in series.aggregates)
    if engine == "timescaledb":
        head = f"CREATE MATERIALIZED VIEW {name} WITH (timescaledb.continuous, timescaledb.materialized_only = false)"
        bucket = f"time_bucket(INTERVAL '{width}', time, timezone => '{DAY_ZONE}')"
        tail = " WITH NO DATA"
    else:
        head = f"CREATE VIEW {name}"
        origin = f"TIMESTAMPTZ '2000-01-01 00:00 {DAY_ZONE}'"
        bucket = f"date_bin(INTERVAL '{width}', time, {origin})"
        tail = ""
    return (
        f"{head} AS SELECT {series.key}, {bucket} AS bucket, count(*) AS samples, {aggregates}"
        f" FROM {series.table} GROUP BY {series.key}, 2{tail}"
    )


def _refresh(name: str, width: str) -> str:
    every = "10 minutes" if width == "10 minutes" else "1 hour"
    return f"""
        SELECT add_continuous_aggregate_policy(
            '{name}', start_offset => INTERVAL '3 days', end_offset => INTERVAL '{width}',
            schedule_interval => INTERVAL '{every}');
        ALTER MATERIALIZED VIEW {name} SET (timescaledb.compress = true);
        SELECT add_compression_policy('{name}', compress_after => INTERVAL '{_COMPRESS_ROLLUPS_AFTER}');
    """


async def ensure_days(connection: Connection, table: str, days: Sequence[date]) -> None:
    """Make room on plain PostgreSQL for rows of these UTC days; harmless where the room is there."""
    for day in days:
        await connection.execute(
            f'CREATE TABLE IF NOT EXISTS "{table}_{day:%Y%m%d}" PARTITION OF {table}'
            f" FOR VALUES FROM ('{day.isoformat()}Z') TO ('{(day + timedelta(days=1)).isoformat()}Z')"
        )


async def drop_days(connection: Connection, table: str, *, before: date) -> list[str]:
    """Drop the daily partitions of ``table`` that end before ``before`` on plain PostgreSQL; their names."""
    rows = await connection.fetch(
        "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = $1::text::regclass",
        table,
    )
    dropped = []
    for row in rows:
        day = datetime.strptime(row["relname"].rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC).date()
        if day < before:
            await connection.execute(f'DROP TABLE "{row["relname"]}"')
            dropped.append(row["relname"])
    return dropped
