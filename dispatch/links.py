"""One-time links: the address that comes with an order and opens its page on the squad's phone.

What a link holds are 256 random bits, of which only the SHA-256 is kept: the outbox doesn't hold it either, so each
sending of an order makes one of its own. Whoever opens it first gets a session for that one task.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg

from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
GOOD_FOR = timedelta(hours=24)
SESSION_FOR = timedelta(hours=12)  # a shift
SESSION_PREFIX = "lifeline_link_"


@dataclass(frozen=True, slots=True)
class Opened:
    """Whose order a session shows, and which."""

    task_id: int
    squad_id: str


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def make_links(
    pool: asyncpg.Pool, orders: Sequence[tuple[int, str]], now: datetime, *, page: str
) -> dict[int, str]:
    """An address below ``page`` for each (task_id, squad_id), good once within ``GOOD_FOR``."""
    keys = [secrets.token_urlsafe(32) for _ in orders]
    tasks, squads = [task_id for task_id, _ in orders], [squad_id for _, squad_id in orders]
    await pool.execute(_SQL.make, tasks, squads, [_digest(key) for key in keys], now, now + GOOD_FOR)
    return {task_id: f"{page}?key={key}" for task_id, key in zip(tasks, keys, strict=True)}


def new_session() -> str:
    """The secret of a session that a link may open; good for nothing before that."""
    return f"{SESSION_PREFIX}{secrets.token_urlsafe(32)}"


async def order_of(connection: Connection, key: str) -> Opened | None:
    """Which order a link is for, whether it can be opened or not; None when it is no link."""
    row = await connection.fetchrow(_SQL.of_key, _digest(key))
    return None if row is None else Opened(**dict(row))


async def open_link(connection: Connection, key: str, secret: str, now: datetime) -> Opened | None:
    """Begin the session of ``secret``; None when the link was opened by another, has expired or is none.

    With the same secret it can be done again: on a bad network the answer to the first time may never have come.
    """
    row = await connection.fetchrow(_SQL.open, _digest(key), now, _digest(secret), now + SESSION_FOR)
    return None if row is None else Opened(**dict(row))


async def opened_by(connection: Connection, secret: str, now: datetime) -> Opened | None:
    """Whose session ``secret`` is; None when there is no such one at ``now``."""
    row = await connection.fetchrow(_SQL.whose, _digest(secret), now)
    return None if row is None else Opened(**dict(row))


async def close_link(connection: Connection, secret: str, now: datetime) -> None:
    """End the session of a link."""
    await connection.execute(_SQL.close, _digest(secret), now)
