"""What TimescaleDB's policies make of readings by and by, done at once to those that a benchmark has brought."""

from datetime import datetime, timedelta
from pathlib import Path

from database.engine import Care, rollups_of
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CARE = Care()
COMPRESSED_AFTER = timedelta(days=_CARE.compress_days)
_ROLLUPS_COMPRESSED_AFTER = timedelta(days=_CARE.compress_rollups_days)


async def hold_jobs(connection: Connection) -> None:
    """Keep the policies themselves from running meanwhile."""
    await connection.execute(_SQL.hold_jobs)


async def roll_up(connection: Connection, table: str, since: datetime, until: datetime) -> None:
    """Bring the roll-ups of that time up to date."""
    for name in rollups_of(table):
        await connection.execute(f"CALL refresh_continuous_aggregate('{name}', '{since}', '{until}')")


async def compress(connection: Connection, table: str, before: datetime) -> None:
    """Compress the rows of before then that are not."""
    await connection.execute(_SQL.compress, table, before)


async def compress_rollups(connection: Connection, table: str, now: datetime) -> None:
    """Compress what is old enough of a table's roll-ups."""
    for name in rollups_of(table):
        await compress(connection, name, now - _ROLLUPS_COMPRESSED_AFTER)
