"""Deliveries: what the feed holds behind a webhook's place, one by one, until the other side has taken each.

A run leases the webhooks that are due, sends with no transaction open, and then writes how far it came. A crash in
between sends the last event again, under the same id: at least once, in order, never lost as long as the feed is kept.
"""

import hashlib
import hmac
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import orjson
import structlog

from api.errors import ApiError
from api.stream.feed import Place, rows_after
from api.webhooks.guard import Doors
from database.queries import load_queries
from dispatch.notify import back_off_s

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_LEASE = timedelta(minutes=5)
_EVENTS_AT_ONCE = 20
_TIMEOUT_S = 5.0
_LONGEST_WAIT_S = 3600.0


@dataclass(slots=True)
class DeliveryStats:
    """Counts since the start of the process."""

    delivered: int = 0
    failed: int = 0


class NotDelivered(Exception):
    """The other side didn't take an event; the message is for the administrator."""


def sign(secret: str, at: datetime, body: bytes) -> str:
    """The value of X-Lifeline-Signature: HMAC-SHA256 over the time, a dot, and the body."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


async def run_once(
    pool: asyncpg.Pool, client: httpx.AsyncClient, doors: Doors, now: datetime, stats: DeliveryStats
) -> bool:
    """Deliver what is due at ``now``; whether more may be waiting."""
    more = False
    for hook in await pool.fetch(_SQL.lease, now, now + _LEASE):
        place = Place(hook["era"], hook["feed_id"])
        rows = await rows_after(pool, place, _EVENTS_AT_ONCE, hook["topics"])
        error = ""
        for row in rows:
            try:
                await _deliver(client, doors, hook, row, now)
            except NotDelivered as failure:
                error = str(failure)[:500]
                stats.failed += 1
                structlog.get_logger().warning("webhook_failed", webhook=hook["name"], error=error)
                break
            stats.delivered += 1
            place = Place(row["era"], row["feed_id"])
        failures = hook["failures"] + 1 if error else 0
        wait_s = min(_LONGEST_WAIT_S, back_off_s(failures, random.random()) * 2) if error else 0.0
        await pool.execute(
            _SQL.settle,
            hook["name"],
            place.era,
            place.feed_id,
            failures,
            error,
            now + timedelta(seconds=wait_s),
            now if rows and not error else None,
        )
        more = more or (len(rows) == _EVENTS_AT_ONCE and not error)
    return more


async def _deliver(
    client: httpx.AsyncClient, doors: Doors, hook: asyncpg.Record, row: asyncpg.Record, now: datetime
) -> None:
    event_id = str(Place(row["era"], row["feed_id"]))
    body = orjson.dumps({"id": event_id, "topic": row["topic"], "at": row["at"], "data": row["data"]})
    try:
        target = await doors.resolve(hook["url"])
        headers = {
            "Host": target.host,
            "Content-Type": "application/json",
            "User-Agent": "lifeline",
            "X-Lifeline-Delivery": event_id,
            "X-Lifeline-Event": row["topic"],
            "X-Lifeline-Signature": sign(hook["secret"], now, body),
        }
        name = target.host.rpartition("@")[2].partition(":")[0]
        request = client.build_request(
            "POST", target.url, content=body, headers=headers, timeout=_TIMEOUT_S, extensions={"sni_hostname": name}
        )
        answer = await client.send(request, stream=True, follow_redirects=False)  # its body isn't read
        await answer.aclose()
    except (ApiError, OSError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotDelivered(str(error) or type(error).__name__) from error
    if not answer.is_success:
        raise NotDelivered(f"answered {answer.status_code}")
