"""The outbox: orders that are committed but not yet confirmed.

A row is due until its receipt is in or its task has ended. One run leases the due rows in a transaction of its own
(attempt counted, next attempt set past the time that sending may take), hands them to the broker with no transaction
open, and then writes down what became of each. So a process may die anywhere:

- before the lease commits: nothing was sent, the rows are still due;
- between the lease and the broker: nothing was sent, the rows are due again when the lease ends;
- between the broker and the last write: sent but not noted, so sent again when the lease ends, under the same key;
- after it: sent again, under the same key, whenever the back-off ends without a receipt.

Hence at least once, never under a second key. A receipt or a cancellation that arrives while a row is being sent wins:
the last write leaves a row alone that has nothing more to send; that one sending can't be called back.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import structlog

from database.queries import load_queries
from dispatch.errors import DispatchError
from dispatch.orders import orders_topic

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

MOST_PER_RUN = 200
SEND_WITHIN_S = 5.0
LEASE = timedelta(seconds=30)  # well above SEND_WITHIN_S, so that no second process sends what is being sent
BACKOFF_S = (5.0, 300.0)  # a squad's device answers within a second or not at all for a while

Publish = Callable[[str, bytes], Awaitable[None]]
"""Hands topic and payload to the broker; returns once the broker has acknowledged, PublishError when it doesn't."""


class PublishError(DispatchError):
    """The broker didn't take a message."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What one run did, in messages; ``more`` when further ones were due."""

    sent: int = 0
    failed: int = 0
    resent: int = 0
    more: bool = False


def back_off_s(attempts: int, jitter: float) -> float:
    """Seconds to wait after the attempt of this number (from 1), doubling from 5 s up to 5 min.

    ``jitter`` in [0, 1) spreads it over the upper half, so that orders that fell due together don't stay together.
    """
    first, most = BACKOFF_S
    whole = min(most, first * 2.0 ** min(attempts - 1, 32))
    return whole / 2 + whole / 2 * jitter


async def run_once(pool: asyncpg.Pool, publish: Publish, now: datetime, *, prefix: str = "squads") -> Sent:
    """Send every order that is due at ``now``, gravest first, and set when to send it again without a receipt.

    A message that the broker didn't take is tried again after the same back-off. Waits at most SEND_WITHIN_S for the
    broker.
    """
    rows = await pool.fetch(_SQL.lease, now, now + LEASE, MOST_PER_RUN)
    if not rows:
        return Sent()
    rows.sort(key=lambda row: (row["body"].get("grade", 4), row["notification_id"]))
    taken = await _send(rows, publish, prefix)
    await pool.execute(_SQL.settle, [_outcome(row, sent, now) for row, sent in zip(rows, taken, strict=True)], now)
    return Sent(
        sent=sum(taken),
        failed=len(rows) - sum(taken),
        resent=sum(sent for row, sent in zip(rows, taken, strict=True) if row["sent_at"] is not None),
        more=len(rows) == MOST_PER_RUN,
    )


async def _send(rows: Sequence[asyncpg.Record], publish: Publish, prefix: str) -> list[bool]:
    """Hand over all rows side by side; for each whether the broker took it."""
    taken = [False] * len(rows)

    async def hand_over(position: int, row: asyncpg.Record) -> None:
        try:
            await publish(orders_topic(prefix, row["recipient"]), orjson.dumps(row["body"]))
            taken[position] = True
        except PublishError as error:
            structlog.get_logger().warning("order_not_sent", key=row["key"], error=str(error))

    try:
        async with asyncio.timeout(SEND_WITHIN_S), asyncio.TaskGroup() as group:
            for position, row in enumerate(rows):
                group.create_task(hand_over(position, row), name=f"send {row['key']}")
    except TimeoutError:
        structlog.get_logger().warning("orders_not_sent_in_time", left=taken.count(False))
    return taken


def _outcome(row: asyncpg.Record, sent: bool, now: datetime) -> dict[str, Any]:
    wait_s = back_off_s(row["attempts"], random.random())
    return {"notification_id": row["notification_id"], "sent": sent, "next": now + timedelta(seconds=wait_s)}
