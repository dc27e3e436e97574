"""The database for a command that does its work and ends."""

import asyncio
import getpass
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import asyncpg

from api.audit.trace import Trace, act_for
from database.pool import Connection, open_pool
from lifeline.embedded import EmbeddedDatabase
from lifeline.errors import HubError
from lifeline.settings import Settings

Result = TypeVar("Result")


@contextmanager
def reach_database(settings: Settings) -> Iterator[str]:
    """URL of the database, password included: the one that is set, or the embedded one.

    The embedded one of a hub that is running is used as it is, else it is started for as long as the context lasts.
    """
    if settings.database_url is not None:
        yield settings.database
        return
    embedded = EmbeddedDatabase(settings.data_dir)
    running = embedded.url_if_running()
    if running is not None:
        yield running
        return
    with embedded:
        yield embedded.url


def on_pool(settings: Settings, application: str, work: Callable[[asyncpg.Pool], Awaitable[Result]]) -> Result:
    """Do ``work`` on a pool of connections to that database, from a program that runs no event loop.

    HubError when the database was never migrated.
    """

    async def run(url: str) -> Result:
        pool = await open_pool(url, application=application)
        try:
            return await work(pool)
        finally:
            pool.terminate()

    with reach_database(settings) as url:
        try:
            return asyncio.run(run(url))
        except asyncpg.UndefinedTableError as error:
            raise HubError("the database has no tables yet: run `lifeline migrate`") from error


@asynccontextmanager
async def audited(pool: asyncpg.Pool, action: str) -> AsyncIterator[Connection]:
    """A connection in a transaction whose changes are recorded as those of the account that gave the command."""
    actor = f"command:{getpass.getuser()}"
    trace = Trace(datetime.now(UTC), actor, "administrator", socket.gethostname(), "", action)
    async with pool.acquire() as connection, connection.transaction():
        await act_for(connection, trace)
        yield connection
