"""Bringing a database to where this version of the hub wants it, and telling whether it is there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from database.engine import Care
from database.migrate import migrate, read_migrations
from database.pool import Connection, connect, open_pool
from database.queries import load_queries
from ingest.tables import USUAL_CARE, ensure_reading_tables
from lifeline.errors import HubError

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was done: names of migrations and rules, and the engine that holds the readings."""

    migrations: tuple[str, ...]
    rules: tuple[str, ...]
    engine: str


async def prepare(database_url: str, care: Care = USUAL_CARE) -> Prepared:
    """Migrate, make the reading tables, which follow ``care``, and add the rules that changed.

    It does nothing the second time.
    """
    connection = await connect(database_url, application="migrate")
    try:
        migrations = await migrate(connection)
        engine = await ensure_reading_tables(connection, care)
        rules = await load_shipped(connection, default_rules(), datetime.now(UTC))
        if migrations:
            await connection.execute(_SQL.refresh_everyday)
    finally:
        await connection.close()
    return Prepared(tuple(migrations), tuple(rules), engine)


async def make_first_administrator(database_url: str) -> str | None:
    """The one-time password of the account ``admin``, made where there is no account yet; else None."""
    from api.access.accounts import first_administrator  # what hashes passwords is read after the start

    pool = await open_pool(database_url, application="migrate", size=1)
    try:
        return await first_administrator(pool, datetime.now(UTC))
    finally:
        pool.terminate()


async def latest_migration(connection: "Connection | asyncpg.Pool") -> tuple[int, int]:
    """Number of the latest migration that ran, 0 for none, and of the one that this version wants."""
    there = await connection.fetchval(_SQL.is_prepared)
    return await connection.fetchval(_SQL.latest_migration) if there else 0, len(read_migrations())


async def check_prepared(pool: asyncpg.Pool) -> None:
    """HubError when the database is not at this version's migrations."""
    ran, wanted = await latest_migration(pool)
    if ran < wanted:
        raise HubError(f"the database is at migration {ran} of {wanted}: run `lifeline migrate`")
    if ran > wanted:
        raise HubError(f"the database is at migration {ran}, this version knows {wanted}: upgrade Lifeline")
