"""Connections to PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from database.errors import DatabaseError

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""A connection, opened alone or borrowed from a pool."""

Database: TypeAlias = "asyncpg.Pool | Connection"
"""What runs single statements: a pool, each on any of its connections, or one connection, in its transaction."""


_WANTED: ContextVar[str] = ContextVar("session", default="")


class _Pooled(asyncpg.Connection):
    """A connection that knows which settings its session has; None while they are being changed."""

    session: str | None = ""

    async def fit(self, session: str) -> None:
        """Give the session these settings, a round trip unless it has them already."""
        if self.session != session:
            self.session = None
            await self.execute(f"RESET ALL; {session}")
            self.session = session


async def _fit(connection: Any) -> None:
    await connection.fit(_WANTED.get())


@asynccontextmanager
async def borrow(pool: asyncpg.Pool, session: str, *, timeout_s: float) -> AsyncIterator[Connection]:
    """A connection of ``pool`` whose session has the settings of ``session``, which is SQL; TimeoutError.

    They stay until somebody borrows it who wants others, ``Pool.acquire`` the usual ones: those who want the same one
    after the other pay nothing for it.
    """
    token = _WANTED.set(session)
    try:
        connection = await pool.acquire(timeout=timeout_s)
    finally:
        _WANTED.reset(token)
    try:
        yield connection
    finally:
        await pool.release(connection)


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
    )


async def _keep_session(_connection: asyncpg.Connection) -> None:
    """What a borrower leaves behind: nothing, since settings and locks end with their transaction.

    asyncpg's own reset, a round trip after each use, would come between a commit and its acknowledgement.
    """


async def connect(url: str, *, application: str) -> asyncpg.Connection:
    """Open one connection outside any pool, for LISTEN or for a session-level lock.

    Raises DatabaseError when the server can't be reached or refuses.
    """
    try:
        connection = await asyncpg.connect(url, server_settings=_session(application), timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise DatabaseError(_unreachable(error)) from error
    await _prepare(connection)
    return connection


async def open_pool(url: str, *, application: str, size: int = 4) -> asyncpg.Pool:
    """Open a pool of at most ``size`` connections that encode and decode jsonb as Python values.

    Who acquires one takes locks and changes settings for a transaction only: nothing is reset when it comes back.
    ``borrow`` is for those who need other settings.
    Raises DatabaseError when the server can't be reached or refuses.
    """
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            connection_class=_Pooled,
            init=_prepare,
            setup=_fit,
            reset=_keep_session,
            server_settings=_session(application),
            timeout=10,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise DatabaseError(_unreachable(error)) from error
    return pool


def _session(application: str) -> dict[str, Any]:
    return {"application_name": f"lifeline {application}", "timezone": "UTC"}


def _unreachable(error: BaseException) -> str:
    # The address may hold a password, so it is not repeated here.
    return (
        f"can't open the database: {error or type(error).__name__}. "
        "Check LIFELINE_DATABASE_URL and that the server is running."
    )
