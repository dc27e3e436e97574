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


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One column of a roll-up: ``expression`` over the rows of a bucket, called ``name``."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class Care:
    """Days after which rows are dropped and, on TimescaleDB, compressed; ``rollups_days`` None keeps roll-ups for good.

    Roll-ups are brought up to date three days back, so neither they nor the rows may be compressed or dropped before.
    """

    rows_days: int = 400
    compress_days: int = 7
    rollups_days: int | None = None
    compress_rollups_days: int = 14


@dataclass(frozen=True, slots=True)
class Series:
    """A time-series table: rows are identified by (``key``, time); ``columns`` is DDL for what they carry."""

    table: str
    key: str
    columns: Sequence[str]
    aggregates: Sequence[Aggregate]


def rollups_of(table: str) -> list[str]:
    """The roll-ups of a table, finest first."""
    return [f"{table}_{suffix}" for suffix, _ in _ROLLUPS]


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


async def create_series(connection: Connection, engine: Engine, series: Series) -> None:
    """Create the table of ``series`` and its roll-ups, all at once; ``keep_series`` sees to the rest."""
    columns = ", ".join([f"{series.key} integer NOT NULL", "time timestamptz NOT NULL", *series.columns])
    table = f"CREATE TABLE {series.table} ({columns}, PRIMARY KEY ({series.key}, time))"
    if engine == "plain":
        await connection.execute(f"{table} PARTITION BY RANGE (time)")
    else:
        await connection.execute(table)
        await connection.execute(_hypertable(series))
    for suffix, width in _ROLLUPS:
        await connection.execute(_rollup(engine, series, f"{series.table}_{suffix}", width))
        if engine == "timescaledb":
            await connection.execute(_refresh(f"{series.table}_{suffix}", width))


def _hypertable(series: Series) -> str:
    # Compressed days are joined to weeks: an eighth smaller, and a seventh of the chunks to plan with.
    # The primary key serves every query by key, so the default index on time alone would only cost writes.
    return f"""
        SELECT create_hypertable('{series.table}', by_range('time', INTERVAL '1 day'),
                                 create_default_indexes => false);
        ALTER TABLE {series.table} SET (timescaledb.compress, timescaledb.compress_segmentby = '{series.key}',
                                        timescaledb.compress_orderby = 'time',
                                        timescaledb.compress_chunk_time_interval = '7 days');
    """


async def keep_series(connection: Connection, engine: Engine, series: Series, care: Care) -> list[str]:
    """Let TimescaleDB's policies follow ``care``; the names of those that were changed.

    Plain PostgreSQL compresses nothing, its roll-ups are views, and its old days are dropped with ``drop_days``.
    """
    if engine == "plain":
        return []
    rollups = rollups_of(series.table)
    wanted = {
        (series.table, "compression"): care.compress_days,
        (series.table, "retention"): care.rows_days,
        **{(rollup, "compression"): care.compress_rollups_days for rollup in rollups},
        **{(rollup, "retention"): care.rollups_days for rollup in rollups},
    }
    # Some versions call the job of a roll-up by its own name, others by the table beneath it.
    rows = await connection.fetch(
        "SELECT coalesce(view_name, job.hypertable_name) AS name, replace(proc_name, 'policy_', '') AS policy,"
        " (coalesce(config ->> 'compress_after', config ->> 'drop_after'))::interval AS after"
        " FROM timescaledb_information.jobs AS job LEFT JOIN timescaledb_information.continuous_aggregates AS rollup"
        " ON materialization_hypertable_name = job.hypertable_name"
        " WHERE proc_name IN ('policy_compression', 'policy_retention')"
        " AND coalesce(view_name, job.hypertable_name) = ANY ($1::text[])",
        [series.table, *rollups],
    )
    there = {(row["name"], row["policy"]): row["after"].days for row in rows}
    changed = [(*which, days) for which, days in wanted.items() if there.get(which) != days]
    for name, policy, days in changed:
        await connection.execute(f"SELECT remove_{policy}_policy('{name}', if_exists => true)")
        if days is not None:
            await connection.execute(f"SELECT add_{policy}_policy('{name}', INTERVAL '{days} days')")
    return [f"{policy} of {name}" for name, policy, _ in changed]


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
