"""What has just happened, read once from the database and handed to everybody who listens.

One LISTEN connection and one query serve all listeners of the process: what costs the road something does not grow with
their number. A listener that doesn't keep up is let go and resumes with its last event id.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
import orjson
import structlog

from api.store import Memory, Store
from database.errors import PASSING
from database.listen import Listener
from database.pool import Connection, Database
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
KEPT_FOR = timedelta(days=14)
MOST_WAITING = 500
_TICK_S = 1.0
_GATHER_S = 0.1  # what happens meanwhile goes to each listener in one piece
_GATHER_PER_LISTENER_S = 0.0005  # writing to one takes 0.05 ms: all together, a tenth of a core
_ROWS_AT_ONCE = MOST_WAITING  # what one look brings has room with whoever keeps up
ACCESS = "access"  # notified when a session or a key has ended


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in the feed something stands."""

    PATTERN: ClassVar[str] = r"^[0-9]{1,18}-[0-9]{1,18}$"

    era: int
    feed_id: int

    def __str__(self) -> str:
        return f"{self.era}-{self.feed_id}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """The place in a Last-Event-ID, which has to match ``PATTERN``."""
        era, _, feed_id = text.partition("-")
        return cls(int(era), int(feed_id))


@dataclass(frozen=True, slots=True)
class Happening:
    """One event; ``wire`` is how Server-Sent Events write ``data``."""

    place: Place
    topic: str
    squad_id: str | None
    data: dict[str, Any]
    wire: bytes


@dataclass(slots=True)
class FeedStats:
    """Counts since the start of the process; ``listeners`` is how many there are now."""

    listeners: float = 0.0
    events: int = 0
    let_go: int = 0


@dataclass(slots=True, eq=False)
class Subscription:
    """What waits for one listener; ``over`` once it has to begin anew: it fell behind, or who may listen changed.

    ``since``: all up to there was handed out before; None when nothing has been yet.
    """

    topics: frozenset[str]
    squad_id: str | None
    since: Place | None
    waiting: "asyncio.Queue[Happening | None]"
    over: bool = False

    def wants(self, happening: Happening) -> bool:
        """A squad's member hears of their own squad only."""
        return happening.topic in self.topics and (self.squad_id is None or happening.squad_id == self.squad_id)

    async def take(self) -> "list[Happening]":
        """All that waits, as soon as there is something."""
        found = [await self.waiting.get()]
        while not self.waiting.empty():
            found.append(self.waiting.get_nowait())
        return [happening for happening in found if happening is not None]

    def end(self) -> None:
        """Tell the listener that this is over."""
        self.over = True
        if not self.waiting.full():
            self.waiting.put_nowait(None)


@dataclass(slots=True)
class Feed:
    """``run`` reads and hands out; ``round`` does so once. ``callers`` is who was identified lately."""

    lasts_s: float = 600.0  # then a listener has to connect again and show who they are
    callers: Memory = field(default_factory=Memory)
    stats: FeedStats = field(default_factory=FeedStats)
    _subscriptions: set[Subscription] = field(default_factory=set)
    _after: Place | None = None

    async def run(self, pool: asyncpg.Pool, listener: Listener) -> None:
        """Until cancelled; while the database is away nothing happens."""
        while True:
            try:
                await self.round(pool)  # first of all, so that it is known where the feed stood at the start
                await asyncio.sleep(max(_GATHER_S, _GATHER_PER_LISTENER_S * self.stats.listeners))
                nouns = await listener.wait(_TICK_S)
                if nouns & {ACCESS, "connected"}:  # who was logged out before it was connected went unheard
                    self.end_all()
            except PASSING as error:
                structlog.get_logger().warning("feed_waits", error=str(error) or type(error).__name__)
                await asyncio.sleep(_TICK_S)

    async def round(self, pool: asyncpg.Pool) -> int:
        """Hand out what has been committed since the last round; how many events."""
        count = 0
        while True:
            async with pool.acquire() as connection:
                if self._after is None:
                    self._after = await end_of_feed(connection)
                rows = await rows_after(connection, self._after, _ROWS_AT_ONCE)
            for row in rows:
                happening = happening_of(row)
                self._after = happening.place
                self._hand_out(happening)
            count += len(rows)
            self.stats.events += len(rows)
            await asyncio.sleep(0)  # who keeps up takes these before the next come
            if len(rows) < _ROWS_AT_ONCE:
                return count

    def _hand_out(self, happening: Happening) -> None:
        for subscription in list(self._subscriptions):
            if subscription.over or not subscription.wants(happening):
                continue
            if subscription.waiting.full():
                self.stats.let_go += 1
                subscription.end()
            else:
                subscription.waiting.put_nowait(happening)

    def end_all(self) -> None:
        """Have everybody show again who they are, and every listener begin anew."""
        self.callers.forget()
        for subscription in self._subscriptions:
            subscription.end()

    def subscribe(
        self, topics: frozenset[str], squad_id: str | None, *, most_waiting: int = MOST_WAITING
    ) -> Subscription:
        """Begin to collect for a listener, who has to call ``leave``."""
        subscription = Subscription(topics, squad_id, self._after, asyncio.Queue(most_waiting))
        self._subscriptions.add(subscription)
        self.stats.listeners += 1
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """The listener has gone."""
        self._subscriptions.discard(subscription)
        self.stats.listeners = float(len(self._subscriptions))


async def end_of_feed(connection: Connection) -> Place:
    """Behind everything that is certain to have been committed."""
    [end] = await connection.fetch(_SQL.end)
    return Place(end["era"], end["feed_id"])


async def rows_after(
    database: Database,
    after: Place,
    limit: int,
    topics: Sequence[str] | None = None,
    *,
    known: Place | None = None,
) -> list[asyncpg.Record]:
    """At most ``limit`` rows behind a place, in order, up to where some may still come in between.

    The second statement has to see what was committed before the first: not in one transaction of repeatable read.
    What another reader found settled stays so: ``known`` is how far that was, which a late lock would take back.
    """
    settled = await database.fetchval(_SQL.settled)
    if known is not None:
        settled = max(settled, known.feed_id)
    return await database.fetch(_SQL.after, after.era, after.feed_id, settled, topics, limit)


async def missed(store: Store, after: Place, subscription: Subscription) -> AsyncIterator[Happening]:
    """What a listener who was away has missed, as far as it is kept."""
    while True:
        async with store.reading() as connection:
            rows = await rows_after(connection, after, _ROWS_AT_ONCE, known=subscription.since)
        for row in rows:
            happening = happening_of(row)
            after = happening.place
            if subscription.wants(happening):
                yield happening
        if len(rows) < _ROWS_AT_ONCE:
            return


def happening_of(row: asyncpg.Record) -> Happening:
    """A row, written out once for all listeners."""
    place = Place(row["era"], row["feed_id"])
    wire = f"id: {place}\nevent: {row['topic']}\ndata: ".encode() + orjson.dumps(row["data"]) + b"\n\n"
    return Happening(place, row["topic"], row["squad_id"], row["data"], wire)


async def sweep(pool: asyncpg.Pool, now: datetime) -> None:
    """Forget what is older than is kept: events, and answers to repeated requests."""
    await pool.execute(_SQL.sweep, now - KEPT_FOR)
    await pool.execute(_SQL.sweep_idempotency, now - timedelta(days=2))
