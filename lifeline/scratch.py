"""A database for one purpose, gone afterwards."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from database.pool import connect


@contextmanager
def scratch_database(database_url: str, purpose: str) -> Iterator[str]:
    """Make an empty database beside the one that ``database_url`` names; gives its URL, and drops it at the end."""
    name = f"lifeline_{purpose}_{uuid4().hex[:8]}"
    asyncio.run(_execute(database_url, f"CREATE DATABASE {name}"))
    try:
        yield urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
    finally:
        asyncio.run(_execute(database_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(database_url: str, statement: str) -> None:
    connection = await connect(database_url, application="scratch")
    await connection.execute(statement)
    await connection.close()
