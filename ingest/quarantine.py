"""Messages that could not become readings, kept whole until a person decides.

A message is judged as a whole: one bad element of an array holds back the array. Replay publishes the message again
on its own topic, so it takes the same road as any other.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from database.pool import Connection
from database.queries import load_queries
from ingest.errors import IngestRefusal

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_MAX_REASON = 4000
COLUMNS = ("topic", "payload", "reason", "received_at")

Publish = Callable[[str, bytes], Awaitable[None]]
"""Hands topic and payload to the broker; returns when the broker has acknowledged."""


class QuarantineError(IngestRefusal):
    """The message asked for isn't held."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message and why it was not acceptable."""

    topic: str
    payload: bytes
    reason: str
    received_at: datetime

    @property
    def record(self) -> tuple[str, bytes, str, datetime]:
        """The values of ``COLUMNS``. PostgreSQL's text can't hold NUL, which MQTT forbids in topics anyway.

        A reason is for a person to read: a codec may say 60,000 characters, a history be wrong in a thousand ways.
        """
        reason = self.reason if len(self.reason) <= _MAX_REASON else f"{self.reason[:_MAX_REASON]} …"
        return (self.topic.replace("\0", "�"), self.payload, reason.replace("\0", "�"), self.received_at)


async def hold(connection: Connection, rejected: Sequence[Rejected]) -> None:
    """Store rejected messages, in the caller's transaction."""
    records = [message.record for message in rejected]
    # The table: who takes in over the API sees the everyday view of that name first.
    await connection.copy_records_to_table("quarantine", schema_name="public", records=records, columns=COLUMNS)


async def held(pool: asyncpg.Pool, *, after: int = 0, limit: int = 100) -> list[asyncpg.Record]:
    """Held messages in order of arrival: quarantine_id, topic, size_bytes, reason, received_at."""
    return await pool.fetch(_SQL.held, after, limit)


async def show(pool: asyncpg.Pool, quarantine_id: int) -> asyncpg.Record:
    """One message with its payload; QuarantineError when there is none of this number."""
    row = await pool.fetchrow(_SQL.one, quarantine_id)
    if row is None:
        raise QuarantineError(zh=f"隔离区没有消息 {quarantine_id}", en=f"no quarantined message {quarantine_id}")
    return row


async def drop(connection: Connection, quarantine_id: int, now: datetime) -> None:
    """Decide that a held message is of no use; it stays on record. QuarantineError when it isn't held."""
    async with connection.transaction():
        await _claim(connection, quarantine_id)
        await connection.execute(_SQL.decide, quarantine_id, "dropped", now)


async def replay(connection: Connection, quarantine_id: int, publish: Publish, now: datetime) -> None:
    """Send a held message down the road again; QuarantineError when it isn't held.

    A crash between the broker's acknowledgement and the commit leaves it held: it may be replayed twice, which the
    road drops as a duplicate, but it is never lost.
    """
    async with connection.transaction():
        row = await _claim(connection, quarantine_id)
        await publish(row["topic"], row["payload"])
        await connection.execute(_SQL.decide, quarantine_id, "replayed", now)


async def _claim(connection: Connection, quarantine_id: int) -> asyncpg.Record:
    row = await connection.fetchrow(_SQL.claim, quarantine_id)
    if row is None:
        raise QuarantineError(
            zh=f"消息 {quarantine_id} 不在隔离区待处理", en=f"message {quarantine_id} is not held in quarantine"
        )
    return row
