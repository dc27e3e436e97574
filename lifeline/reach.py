"""The database for a command that does its work and ends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg

from database.pool import open_pool
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
