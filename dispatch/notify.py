"""The outbox of the squads: orders and notices that are committed but not yet confirmed.

A row is due until its receipt is in or its task has ended. One run leases the due rows in a transaction of its own
(attempt counted, next attempt set past the time that sending may take), hands them to the broker with no transaction
open, and then writes down what became of each. So a process may die anywhere:

- before the lease commits: nothing was sent, the rows are still due;
- between the lease and the broker: nothing was sent, the rows are due again when the lease ends;
- between the broker and the last write: sent but not noted, so sent again when the lease ends, under the same key;
- after it: sent again, under the same key, whenever the back-off ends without a receipt.

The dispatcher of the same process hands over its orders leased already: they go out as soon as they are committed, and
nobody waits for the look that would find them. Those that can't be sent at once are left to that look: by then a task
may have been withdrawn.

An order and a reminder of it carry a one-time link to their page where ``page`` says where that is. Only the message
holds it, so it is made anew with each sending, behind the lease and before the broker.

Hence at least once, never under a second key. A receipt or a cancellation that arrives while a row is being sent wins:
the last write leaves a row alone that has nothing more to send; that one sending can't be called back. An order stands
until its task ends; a notice without a receipt is given up after ``MOST_ATTEMPTS`` and shown as a dead letter.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import asyncpg
import orjson
import structlog

from database.queries import load_queries
from dispatch.errors import DispatchRefusal
from dispatch.links import make_links
from dispatch.orders import notices_topic, orders_topic

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

MOST_PER_RUN = 200
MOST_ATTEMPTS = 12  # of a notice, in about half an hour; an order is sent for as long as it stands
SEND_WITHIN_S = 5.0
LEASE = timedelta(seconds=30)  # well above SEND_WITHIN_S, so that no second process sends what is being sent
HAND_OVER = timedelta(seconds=10)  # the lease of orders that are handed over: so long they wait where a process dies
_LINKED = frozenset({"order", "reminder"})
BACKOFF_S = (5.0, 300.0)  # a squad's device answers within a second or not at all for a while

Publish = Callable[[str, bytes], Awaitable[None]]
"""Hands topic and payload to the broker; returns once the broker has acknowledged, PublishError when it doesn't."""


class PublishError(DispatchRefusal):
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


async def run_once(
    pool: asyncpg.Pool,
    publish: Publish,
    now: datetime,
    *,
    leased: Sequence[asyncpg.Record] = (),
    prefix: str = "squads",
    page: str | None = None,
) -> Sent:
    """Send every order that is due at ``now``, gravest first, and set when to send it again without a receipt.

    With orders that are ``leased`` to the caller, those alone whose lease lasts as long as sending may; there may be
    ``more`` then.
    ``page`` is the address of the page that one-time links open; without one there are none.

    A message that the broker didn't take is tried again after the same back-off. Waits at most SEND_WITHIN_S for the
    broker.
    """
    rows = [row for row in leased if row["next_attempt_at"] > now + timedelta(seconds=SEND_WITHIN_S)]
    if not leased:
        rows = await pool.fetch(_SQL.lease, now, now + LEASE, MOST_PER_RUN)
    if not rows:
        return Sent(more=bool(leased))
    rows.sort(key=lambda row: (row["grade"], row["notification_id"]))
    linked = [(row["task_id"], row["recipient"]) for row in rows if page and row["kind"] in _LINKED]
    links = await make_links(pool, sorted(set(linked)), now, page=page) if page and linked else {}
    errors = await _send(rows, links, publish, prefix)
    outcomes = [_outcome(row, error, now) for row, error in zip(rows, errors, strict=True)]
    await pool.execute(_SQL.settle, outcomes, now)
    return Sent(
        sent=errors.count(""),
        failed=len(rows) - errors.count(""),
        resent=sum(row["sent_at"] is not None and not error for row, error in zip(rows, errors, strict=True)),
        more=bool(leased) or len(rows) == MOST_PER_RUN,
    )


async def _send(rows: Sequence[asyncpg.Record], links: Mapping[int, str], publish: Publish, prefix: str) -> list[str]:
    """Hand over all rows side by side; for each why the broker didn't take it, empty when it did."""
    errors = ["the broker didn't answer in time"] * len(rows)

    async def hand_over(position: int, row: asyncpg.Record) -> None:
        try:
            topic = orders_topic if row["kind"] == "order" else notices_topic
            link = {"link": links[row["task_id"]]} if row["kind"] in _LINKED and row["task_id"] in links else {}
            await publish(topic(prefix, row["recipient"]), orjson.dumps({**row["body"], **link}))
            errors[position] = ""
        except PublishError as error:
            errors[position] = str(error)
            structlog.get_logger().warning("order_not_sent", key=row["key"], error=str(error))

    try:
        async with asyncio.timeout(SEND_WITHIN_S), asyncio.TaskGroup() as group:
            for position, row in enumerate(rows):
                group.create_task(hand_over(position, row), name=f"send {row['key']}")
    except TimeoutError:
        structlog.get_logger().warning("orders_not_sent_in_time", left=len(rows) - errors.count(""))
    return errors


def _outcome(row: asyncpg.Record, error: str, now: datetime) -> dict[str, Any]:
    # Chance that is the same for the same message, so that a drill that is run again has the same outcome.
    jitter = crc32(f"{row['key']} {row['attempts']}".encode()) / 2**32
    wait_s = back_off_s(row["attempts"], jitter)
    given_up = row["kind"] != "order" and row["attempts"] >= MOST_ATTEMPTS
    following = None if given_up else now + timedelta(seconds=wait_s)
    return {"notification_id": row["notification_id"], "sent": not error, "next": following, "error": error}
