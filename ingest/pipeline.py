"""From batches of messages to committed rows: one transaction per batch, acknowledged after its commit."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from time import perf_counter
from typing import Literal, Protocol

import asyncpg
import structlog

from database.engine import Engine, ensure_days
from database.errors import PASSING
from database.pool import Connection
from ingest.decoder import Decoder
from ingest.errors import StaleState
from ingest.kinds import KINDS
from ingest.payload import Address, PayloadError, Row, parse_topic
from ingest.quarantine import Rejected, hold
from ingest.reading import Decoded
from ingest.registry import Registry
from ingest.sorting import Sorted, conflicts
from ingest.source import Message, Source
from ingest.storage import Stored, copy_rows, merge_rows

UnknownSensor = Literal["quarantine", "provision"]
Others = dict[int, Decoded]
"""What messages of other formats turned into, by ``id``, while they are being settled.

Each is decoded once, however often its commit is tried: Sparkplug's readers remember what they have seen.
"""
Answer = Callable[[str, bytes], None]
"""Publishes a topic and payload that a format asks for, without waiting; losing it must not matter."""

_RETRY_S = (0.05, 5.0)
_STALE_LIMIT = 3
_TIME = attrgetter("time")


@dataclass(slots=True)
class IngestStats:
    """Counts since the start of the process; ``commit_s`` is the time spent in transactions."""

    messages: int = 0
    readings: int = 0
    duplicates: int = 0
    conflicts: int = 0
    quarantined: int = 0
    empty: int = 0  # understood, but nothing of the sensor's kind was measured
    warnings: int = 0  # samples or fields that were left out of an otherwise good message
    batches: int = 0
    retries: int = 0
    commit_s: float = 0.0
    lag_s: float = 0.0  # from the arrival of the latest batch's messages at the pipeline to their commit


class Judge(Protocol):
    """What draws conclusions from readings in their own transaction.

    Whoever calls ``assess`` holds ``turn`` until what it returned is committed or forgotten.
    """

    @property
    def turn(self) -> asyncio.Lock: ...

    async def assess(self, pool: asyncpg.Pool, rows: dict[str, list[Row]]) -> object:
        """Fold the rows of each kind into the state and return what changed, for ``write``."""
        ...

    async def write(self, connection: Connection, changes: object) -> None:
        """Write what changed, in the readings' transaction."""
        ...

    def forget(self) -> None:
        """Drop the state in memory: a commit failed, so it may be ahead of the database."""
        ...


class Pipeline:
    """Takes batches from a source, commits each, acknowledges it."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        registry: Registry,
        judge: Judge,
        decoder: Decoder,
        *,
        engine: Engine,
        unknown_sensor: UnknownSensor,
        answer: Answer,
    ) -> None:
        self.stats = IngestStats()
        self._pool = pool
        self._registry = registry
        self._judge = judge
        self._decoder = decoder
        self._answer = answer
        self._engine = engine
        self._unknown_sensor = unknown_sensor
        self._days: dict[str, set[date]] = {name: set() for name in KINDS}
        self._log = structlog.get_logger()
        self._began: float | None = None  # when the batch at work was taken

    async def run(self, source: Source) -> None:
        """Work through ``source`` until cancelled. One batch fills while the one before commits."""
        async for batch in source.batches():
            started = self._began = perf_counter()
            await self.process(batch.messages, datetime.now(UTC))
            source.ack(batch)
            self.stats.lag_s = perf_counter() - started
            self._began = None

    @property
    def behind_s(self) -> float:
        """Seconds for which the batch at work has waited for its commit; 0 when there is none."""
        return 0.0 if self._began is None else perf_counter() - self._began

    async def process(self, messages: Sequence[Message], received_at: datetime) -> None:
        """Commit what ``messages`` hold, however long the database is away.

        When the data itself can't be stored, the batch is halved until the message at fault is found and quarantined.
        """
        await self._settle(messages, received_at, {})

    async def _settle(self, messages: Sequence[Message], received_at: datetime, others: Others) -> None:
        delay = _RETRY_S[0]
        stale = 0
        while True:
            try:
                await self._commit(messages, received_at, others)
                break
            except StaleState as error:
                self._judge.forget()
                stale += 1
                self._log.warning("state_rebuilt", error=str(error))
                if stale == _STALE_LIMIT:
                    await self._isolate(messages, received_at, others, error)
                    return
            except (
                ValueError,
                OverflowError,
            ) as error:  # asyncpg can't encode a value; some of these are InterfaceErrors
                self._judge.forget()
                await self._isolate(messages, received_at, others, error)
                return
            except PASSING as error:
                self._judge.forget()
                delay = await self._wait(error, delay)
            except asyncpg.PostgresError as error:
                self._judge.forget()
                await self._isolate(messages, received_at, others, error)
                return
        self.stats.messages += len(messages)
        self.stats.batches += 1

    async def _wait(self, error: BaseException, delay: float) -> float:
        """Let the database come back; the delay before the try after the next one is returned."""
        self.stats.retries += 1
        self._log.warning("commit_retry", error=str(error) or type(error).__name__, retry_s=delay)
        await asyncio.sleep(delay)
        return min(delay * 2, _RETRY_S[1])

    async def _isolate(
        self, messages: Sequence[Message], received_at: datetime, others: Others, error: Exception
    ) -> None:
        if len(messages) > 1:
            middle = len(messages) // 2
            await self._settle(messages[:middle], received_at, others)
            await self._settle(messages[middle:], received_at, others)
            return
        message = messages[0]
        self._log.error("message_refused_by_database", topic=message.topic, error=str(error))
        refused = Rejected(message.topic, message.payload, f"the database refused it: {error}", received_at)
        delay = _RETRY_S[0]
        while True:
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    await hold(connection, [refused])
                break
            except PASSING as passing:
                delay = await self._wait(passing, delay)
        self.stats.messages += 1
        self.stats.quarantined += 1

    async def _commit(self, messages: Sequence[Message], received_at: datetime, others: Others) -> None:
        started = perf_counter()
        if self._unknown_sensor == "provision":
            await self._provision(messages)
        decoded = self._decode(messages, received_at, others)
        if self._engine == "plain":
            await self._make_room(decoded)
        async with self._judge.turn:
            changes = await self._judge.assess(self._pool, decoded.rows)
            try:
                stored = await self._write(decoded, changes, merge=False)
            except asyncpg.UniqueViolationError:
                stored = await self._write(decoded, changes, merge=True)
        self.stats.readings += stored.fresh
        self.stats.duplicates += stored.duplicates
        self.stats.conflicts += stored.conflicts
        self.stats.quarantined += len(decoded.rejected)
        self.stats.empty += decoded.empty
        for command in decoded.commands:
            self._answer(command.topic, command.payload(received_at))
        self.stats.commit_s += perf_counter() - started

    def _decode(self, messages: Sequence[Message], received_at: datetime, others: Others) -> Sorted:
        """Sort messages into checked rows by kind and rejected ones."""
        decoded = Sorted()
        by_topic = self._registry.by_topic
        for message in messages:
            topic = message.topic
            sensor = by_topic.get(topic)
            if sensor is None:
                self._decode_other(message, received_at, others, decoded)
                continue
            try:
                rows = sensor.decoder.decode(message.payload, sensor.sensor_id, received_at)
            except PayloadError as error:
                decoded.rejected.append(Rejected(topic, message.payload, str(error), received_at))
            else:
                decoded.add(sensor.kind, rows, message)
        return decoded

    def _decode_other(self, message: Message, received_at: datetime, others: Others, decoded: Sorted) -> None:
        """A message on no registered sensor's native topic: of another format, or not acceptable."""
        found = others.get(id(message))
        if found is None:
            # A microsecond apart: two readings of a device that tells no time must not meet at the same one.
            arrived_at = received_at + timedelta(microseconds=len(others))
            found = self._decoder.decode(message.topic, message.payload, self._registry.find, arrived_at)
            others[id(message)] = found
            self._warn(message, found.warnings)
        for reading in sorted(found.readings, key=_TIME):
            decoded.add(reading.kind, [reading.row], message)
        decoded.commands += found.commands
        if found.refused:
            reason = "; ".join(found.refused)
            decoded.rejected.append(Rejected(message.topic, message.payload, reason, received_at))
        elif not found.readings:
            decoded.empty += 1

    def _warn(self, message: Message, warnings: Sequence[str]) -> None:
        if warnings:
            self.stats.warnings += len(warnings)
            self._log.info("sample_left_out", topic=message.topic, warnings=warnings)

    async def _write(self, decoded: Sorted, changes: object, *, merge: bool) -> Stored:
        total = Stored()
        rejected = list(decoded.rejected)
        async with self._pool.acquire() as connection, connection.transaction():
            for name, rows in decoded.rows.items():
                if merge:
                    stored = await merge_rows(connection, KINDS[name], rows)
                else:
                    stored = await copy_rows(connection, KINDS[name], rows)
                total += stored
                rejected += conflicts(decoded.origins[name], rows, stored.conflicting)
            await self._judge.write(connection, changes)
            if rejected:
                await hold(connection, rejected)
        return total

    async def _make_room(self, decoded: Sorted) -> None:
        for name, rows in decoded.rows.items():
            # Days are few, so a set of them is cheap; a partition made twice is harmless.
            fresh = {row[1].astimezone(UTC).date() for row in rows} - self._days[name]
            if fresh:
                async with self._pool.acquire() as connection:
                    await ensure_days(connection, KINDS[name].table, sorted(fresh))
                self._days[name] |= fresh

    async def _provision(self, messages: Sequence[Message]) -> None:
        addresses: set[Address] = set()
        for message in messages:
            if message.topic not in self._registry.by_topic:
                try:
                    addresses.add(parse_topic(message.topic, self._registry.prefix))
                except PayloadError:
                    continue  # rejected with its reason when the batch is decoded
        if addresses:
            await self._registry.provision(self._pool, addresses)
