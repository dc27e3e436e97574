"""Work orders for sensors: battery, silence and faults, one for each grid cell and day, never an emergency call."""

from datetime import datetime
from pathlib import Path

import asyncpg

from database.queries import load_queries
from dispatch.squads import LOCAL

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


async def run_once(pool: asyncpg.Pool, now: datetime) -> int:
    """Put every open maintenance hazard on its cell's order of the day, if no open order has it; how many were put on.

    An order is done once all hazards on it have cleared.
    """
    async with pool.acquire() as connection, connection.transaction():
        added = await connection.fetch(_SQL.collect, now, now.astimezone(LOCAL).date())
        await connection.execute(_SQL.finish, now)
    return len(added)
