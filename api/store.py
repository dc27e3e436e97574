"""The database as a request may use it: for a limited time, and read-only unless it acts."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import asyncpg

from api.errors import Overdue, Unreachable
from database.pool import Connection

# Optional filters are written "$2 IS NULL OR …", which only a plan made for the actual values does fast.
# By the search path, requests see the everyday world: no drill.
_SESSION = (
    "SET search_path = everyday, public; "
    "SET plan_cache_mode = force_custom_plan; SET statement_timeout = {milliseconds:d}"
)
_READ_ONLY = "; SET default_transaction_read_only = on"


@contextmanager
def translated() -> Iterator[None]:
    """Turn what asyncpg raises about time and connections into Overdue or Unreachable."""
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise Overdue from error
    except (
        asyncpg.PostgresConnectionError,
        asyncpg.InsufficientResourcesError,  # too many connections
        asyncpg.OperatorInterventionError,  # shutting down, starting up
        asyncpg.TransactionRollbackError,  # deadlock
        asyncpg.InterfaceError,
        OSError,
        TimeoutError,
    ) as error:
        raise Unreachable from error


@dataclass(frozen=True, slots=True)
class Store:
    """Connections of ``pool`` with limits: seconds one statement may run, and seconds to wait for a connection.

    The settings hold until the connection goes back: asyncpg resets it then. All methods raise Overdue and
    Unreachable.
    """

    pool: asyncpg.Pool
    statement_timeout_s: float
    acquire_timeout_s: float

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection that can't write."""
        async with self._borrow(_READ_ONLY) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A connection in a transaction that commits at the end of the block."""
        async with self._borrow("") as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def _borrow(self, extra: str) -> AsyncIterator[Connection]:
        settings = _SESSION.format(milliseconds=round(self.statement_timeout_s * 1000)) + extra
        with translated():
            async with self.pool.acquire(timeout=self.acquire_timeout_s) as connection:
                await connection.execute(settings)
                yield connection
