"""The database as a request may use it: for a limited time, and read-only unless it acts."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from api.audit.trace import Trace, act_for
from api.errors import AlreadyDone, Overdue, Unreachable
from database.errors import PASSING
from database.pool import Connection, borrow

# Optional filters are written "$2 IS NULL OR …", which only a plan made for the actual values does fast.
# By the search path, requests see the everyday world: no drill, unless they ask for both.
_SESSION = "SET search_path = {path}; SET statement_timeout = {milliseconds:d}"
_MOST_REMEMBERED = 1000
_READ_ONLY = "; SET default_transaction_read_only = on"
_PLAN_ANEW = "; SET plan_cache_mode = force_custom_plan"


_CLAIM = (
    "INSERT INTO idempotency (actor, key, request_sha256, at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT DO NOTHING RETURNING actor"
)


@dataclass(slots=True)
class Once:
    """A request that must not be carried out twice; ``claimed`` once its key is committed with its change."""

    actor: str
    key: str
    request_sha256: bytes
    at: datetime
    claimed: bool = False


@dataclass(slots=True)
class Memory:
    """What need not be read again until something changes; ``changes`` counts how often that was."""

    changes: int = 0
    _found: dict[bytes, Any] = field(default_factory=dict)

    def get(self, key: bytes) -> Any:
        """What was kept; None when nothing was."""
        return self._found.get(key)

    def keep(self, key: bytes, found: Any, changes: int) -> None:
        """Keep what was read, beside a thousand others at most, unless something changed since ``changes``."""
        if changes == self.changes:
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            self._found[key] = found

    def forget(self) -> None:
        """Something has changed."""
        self.changes += 1
        self._found.clear()


@contextmanager
def translated() -> Iterator[None]:
    """Turn what asyncpg raises about time and connections into Overdue or Unreachable."""
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise Overdue from error
    except PASSING as error:
        raise Unreachable from error


@dataclass(frozen=True, slots=True)
class Store:
    """Connections of ``pool`` with limits: seconds one statement may run, and seconds to wait for a connection.

    Others of the process, who write, share the pool. All methods raise Overdue and Unreachable. ``trace`` and ``once``
    are those of the request that the store works for.
    ``with_drills``: exercises are seen beside the real world, by pages that mark them. ``memory`` is what requests need
    not read again; a change through any of these stores empties it. ``series`` borrows from ``series_pool`` if there is
    one, since changing a connection's settings to and fro takes a round trip each time.
    """

    pool: asyncpg.Pool
    statement_timeout_s: float
    acquire_timeout_s: float
    trace: Trace | None = None
    once: Once | None = None
    with_drills: bool = False
    memory: Memory = field(default_factory=Memory)
    series_pool: asyncpg.Pool | None = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection that can't write."""
        async with self._borrow(self.pool, _PLAN_ANEW + _READ_ONLY) as connection:
            yield connection

    @asynccontextmanager
    async def series(self) -> AsyncIterator[Connection]:
        """A connection that can't write and keeps the plans of its statements: for ``within_days``."""
        async with self._borrow(self.series_pool or self.pool, _READ_ONLY) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A connection in a transaction that commits at the end of the block; AlreadyDone for a repeated request."""
        async with self._borrow(self.pool, _PLAN_ANEW) as connection:
            try:
                async with connection.transaction():
                    if self.trace is not None:
                        await act_for(connection, self.trace)
                    if self.once is not None and not self.once.claimed:
                        await self._claim(connection, self.once)
                    yield connection
            finally:
                self.memory.forget()
            if self.once is not None:
                self.once.claimed = True

    async def _claim(self, connection: Connection, once: Once) -> None:
        if await connection.fetchval(_CLAIM, once.actor, once.key, once.request_sha256, once.at) is None:
            raise AlreadyDone

    @asynccontextmanager
    async def _borrow(self, pool: asyncpg.Pool, extra: str) -> AsyncIterator[Connection]:
        path = "public" if self.with_drills else "everyday, public"
        settings = _SESSION.format(path=path, milliseconds=round(self.statement_timeout_s * 1000)) + extra
        with translated():
            async with borrow(pool, settings, timeout_s=self.acquire_timeout_s) as connection:
                yield connection
