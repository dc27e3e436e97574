"""The process that sends squads and hears from them: dispatcher, outbox, receipts."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

import asyncpg
import structlog

from database.errors import PASSING
from database.listen import Listener
from dispatch import auditor, dispatcher, maintenance, messages, notify, permits, receipts, watch
from dispatch.channels import Channels, check_due
from dispatch.publisher import Publisher
from ingest.broker import Broker
from ingest.quarantine import Rejected, hold
from ingest.session import Session
from ingest.source import Message

TICK_S = 1.0
AUDIT_S = 180.0
_RETRY_S = (0.1, 5.0)
_WAKING = frozenset({"incident", "hazard", "task", "notification", "connected"})


@dataclass(slots=True)
class DispatchStats:
    """Counts since the start of the process; ``decide_s`` is the time that the latest run of the dispatcher took."""

    runs: int = 0
    ordered: int = 0
    unassigned: int = 0
    closed: int = 0
    sent: int = 0
    resent: int = 0
    send_failures: int = 0
    receipts: int = 0
    receipts_repeated: int = 0
    receipts_rejected: int = 0
    retries: int = 0
    reminded: int = 0
    moved_on: int = 0
    told: int = 0
    messages: int = 0
    message_failures: int = 0
    permits_revoked: int = 0
    audit_findings: int = 0
    decide_s: float = 0.0


@dataclass(slots=True)
class DispatchService:
    """The loops, wired to each other."""

    pool: asyncpg.Pool
    session: Session
    publisher: Publisher
    prefix: str
    channels: Channels
    page: str | None = None
    stats: DispatchStats = field(default_factory=DispatchStats)
    _due: asyncio.Event = field(default_factory=asyncio.Event)
    _orders: list[asyncpg.Record] = field(default_factory=list)  # decided here, and leased to this process

    @property
    def ready(self) -> bool:
        """Whether incidents are looked at, orders can be sent and receipts heard."""
        return self.stats.runs > 0 and self.publisher.connected.is_set() and self.session.stats.connected

    async def run(self, listener: Listener) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.publisher.run(), name="orders connection")
            group.create_task(self.session.run(), name="receipts session")
            group.create_task(self._dispatch(listener), name="dispatcher")
            group.create_task(self._send(), name="outbox")
            group.create_task(self._hear(), name="receipts")
            group.create_task(self._watch(), name="watch")
            group.create_task(self._tell(), name="messages")
            group.create_task(self._look_after(), name="auditor")

    async def _dispatch(self, listener: Listener) -> None:
        while True:
            try:
                while (await self.send_out_once(datetime.now(UTC))).more:
                    pass
            except PASSING as error:
                self._away("dispatcher", error)
            await self._woken(listener)

    async def _woken(self, listener: Listener) -> None:
        """Wait for news that concern this process, or for the tick."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TICK_S
        while (left := until - loop.time()) > 0:
            if await listener.wait(left) & _WAKING:
                return

    async def dispatch_once(self, now: datetime) -> dispatcher.Dispatched:
        """One whole run of the dispatcher, counted; wakes the outbox."""
        done = await self.send_out_once(now)
        await self.settle_once(now)
        return done

    async def send_out_once(self, now: datetime) -> dispatcher.Dispatched:
        """Decide once who goes where, counted; wakes the outbox."""
        started = perf_counter()
        # Without a connection nothing could be sent within the lease.
        lease = notify.HAND_OVER if self.publisher.connected.is_set() else None
        done = await dispatcher.send_out(self.pool, now, lease=lease)
        self._orders += done.orders
        stats = self.stats
        stats.decide_s = perf_counter() - started
        stats.runs += 1
        stats.ordered += len(done.ordered)
        stats.unassigned += len(done.unassigned)
        self._due.set()
        if done.planned:
            await dispatcher.tell(self.pool, now)
        return done

    async def settle_once(self, now: datetime) -> None:
        """Tell people what a process that died left untold, close once what is over, counted; wakes the outbox."""
        await dispatcher.tell(self.pool, now)
        self.stats.closed += len(await dispatcher.settle(self.pool, now))
        self._due.set()

    async def _send(self) -> None:
        while True:
            # Without a connection nothing is tried, so that everything due goes out as soon as the broker is back. What
            # is in hand is left to the outbox: who knows what will have become of it by then.
            if not self.publisher.connected.is_set():
                self._orders.clear()
            await self.publisher.connected.wait()
            self._due.clear()
            try:
                while (await self.send_once(datetime.now(UTC))).more:
                    pass
            except PASSING as error:
                self._away("outbox", error)
            await _wait(self._due, TICK_S)

    async def send_once(self, now: datetime) -> notify.Sent:
        """One run of the outbox, counted."""
        leased, self._orders = self._orders[: notify.MOST_PER_RUN], self._orders[notify.MOST_PER_RUN :]
        done = await notify.run_once(
            self.pool, self.publisher.deliver, now, leased=leased, prefix=self.prefix, page=self.page
        )
        self.stats.sent += done.sent
        self.stats.resent += done.resent
        self.stats.send_failures += done.failed
        return done

    async def _watch(self) -> None:
        """Escalation and permits fall due by the clock alone; what is over is tidied up now, not at orders."""
        while True:
            try:
                while (await self.watch_once(datetime.now(UTC))).more:
                    pass
                await self.settle_once(datetime.now(UTC))
            except PASSING as error:
                self._away("watch", error)
            await asyncio.sleep(TICK_S)

    async def watch_once(self, now: datetime) -> watch.Watched:
        """One run of the watch and one look at the permits, counted; wakes the outbox."""
        done = await watch.run_once(self.pool, now)
        self.stats.reminded += done.reminded
        self.stats.moved_on += done.moved_on
        self.stats.told += done.told
        self.stats.permits_revoked += await permits.run_once(self.pool, now)
        self._due.set()
        return done

    async def _tell(self) -> None:
        while True:
            try:
                done = await messages.run_once(self.pool, self.channels, datetime.now(UTC))
                self.stats.messages += done.messages
                self.stats.message_failures += done.failed
            except PASSING as error:
                self._away("messages", error)
            await asyncio.sleep(TICK_S)

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(AUDIT_S)
            try:
                now = datetime.now(UTC)
                self.stats.audit_findings += len(await auditor.run_once(self.pool, now))
                await check_due(self.pool, self.channels, now)
                await maintenance.run_once(self.pool, now)
            except PASSING as error:
                self._away("auditor", error)

    async def _hear(self) -> None:
        async for batch in self.session.batches():
            await self.take(batch.messages, datetime.now(UTC))
            self.session.ack(batch)

    async def take(self, messages: Sequence[Message], now: datetime) -> None:
        """Commit receipts, however long the database is away.

        When the database can't store what one of them says, it is found by taking each on its own, and quarantined.
        """
        delay = _RETRY_S[0]
        while True:
            try:
                done = await receipts.apply(self.pool, messages, now, prefix=self.prefix)
            except PASSING as error:
                self._away("receipts", error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _RETRY_S[1])
            except asyncpg.PostgresError as error:
                await self._isolate(messages, error, now)
                return
            else:
                break
        self.stats.receipts += done.applied
        self.stats.receipts_repeated += done.repeated
        self.stats.receipts_rejected += done.rejected

    async def _isolate(self, messages: Sequence[Message], error: asyncpg.PostgresError, now: datetime) -> None:
        if len(messages) > 1:
            for message in messages:
                await self.take([message], now)
            return
        topic, payload = messages[0].topic, messages[0].payload
        structlog.get_logger().error("receipt_refused_by_database", topic=topic, error=str(error))
        async with self.pool.acquire() as connection, connection.transaction():
            await hold(connection, [Rejected(topic, payload, f"the database refused it: {error}", now)])
        self.stats.receipts_rejected += 1

    def _away(self, loop: str, error: BaseException) -> None:
        self.stats.retries += 1
        structlog.get_logger().warning("database_away", loop=loop, error=str(error) or type(error).__name__)


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()


def build_service(
    pool: asyncpg.Pool,
    broker: Broker,
    *,
    prefix: str = "squads",
    client_id: str = "lifeline-dispatch",
    channels: Channels | None = None,
    page: str | None = None,
) -> DispatchService:
    """Wire the loops; nothing runs yet.

    ``client_id`` names the persistent session of the receipts, so every process that runs at the same time needs its
    own, and the same one again after a restart. The pool needs seven connections. ``page`` is where the one-time
    links of orders lead to; None: orders have no links.
    """
    session = Session(broker, client_id=client_id, topic_filters=(receipts.receipts_filter(prefix),))
    publisher = Publisher(broker, client_id=f"{client_id}-orders")
    return DispatchService(pool, session, publisher, prefix, channels or Channels(), page)
