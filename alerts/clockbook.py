"""The county's clocks in the database: every version that was loaded, the newest one in force."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from alerts.clocks import Clocks, parse_clocks, read_clocks
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_DEFAULT = Path(__file__).with_name("clocks.yaml")


@cache
def default_clocks() -> Clocks:
    """The clocks of a county that loaded none."""
    return read_clocks(_DEFAULT)


async def clocks_in_force(connection: Connection) -> Clocks:
    """The newest clocks that were loaded, or the default ones."""
    return clocks_of(await connection.fetchval(_SQL.newest))


def clocks_of(body: Any) -> Clocks:
    """The clocks that were stored as ``body``; the default ones for None, that is when none were loaded."""
    return default_clocks() if body is None else parse_clocks("the county's clocks in the database", body)


async def load_clocks(connection: Connection, clocks: Clocks, now: datetime) -> bool:
    """Put ``clocks`` in force; False when they are already. Cases being handled keep the time they were given."""
    if await connection.fetchval(_SQL.newest) is not None and await clocks_in_force(connection) == clocks:
        return False
    await connection.execute(_SQL.add, msgspec.to_builtins(clocks), now)
    return True
