"""Whom readers of the feed wait for, and whom not; nothing is passed over or comes twice, whoever commits when.

The order of a writer's steps and a reader's is left to chance, by seed, down to between the two statements of a reader.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from api.store import Store
from api.stream.feed import Feed, Place, end_of_feed, missed, rows_after
from database.pool import connect

EVENT = "INSERT INTO incident_event (incident_id, at, event, actor) VALUES ($1, now(), 'commented', $2)"
HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
EVERYTHING = 10**6


def actors(rows: Sequence[asyncpg.Record]) -> list[str]:
    return [row["data"]["actor"] for row in rows]


@dataclass(slots=True)
class Reader:
    """Takes a few rows at a time and resumes behind the last of them."""

    after: Place
    known: frozenset[str] = frozenset()  # what had been committed when it began
    heard: list[str] = field(default_factory=list)

    async def read(self, database: Any, limit: int) -> int:
        rows = await rows_after(database, self.after, limit)
        self.heard += actors(rows)
        if rows:
            self.after = Place(rows[-1]["era"], rows[-1]["feed_id"])
        return len(rows)

    def check(self, feed: list[str]) -> None:
        """It has heard the end of the feed, each event once, and all that was committed after it began."""
        before = feed[: len(feed) - len(self.heard)]
        assert self.heard == feed[len(before) :]
        assert set(before) <= self.known


@dataclass(slots=True)
class Broken:
    """A connection on which something else happens after each statement."""

    connection: asyncpg.Connection
    meanwhile: Callable[[], Awaitable[None]]

    async def fetchval(self, *asked: Any) -> Any:
        value = await self.connection.fetchval(*asked)
        await self.meanwhile()
        return value

    async def fetch(self, *asked: Any) -> Any:
        return await self.connection.fetch(*asked)


@dataclass(slots=True)
class Writer:
    """A connection, the transaction that is open on it, and what it has written in there."""

    connection: asyncpg.Connection
    incident: int
    committed: set[str]
    chance: random.Random
    name: str
    count: int = 0
    transaction: Any = None
    written: set[str] = field(default_factory=set)

    async def write(self) -> None:
        self.count += 1
        actor = f"{self.name}-{self.count}"
        await self.connection.execute(EVENT, self.incident, actor)
        self.written.add(actor)

    async def write_in_vain(self) -> None:
        savepoint = self.connection.transaction()
        await savepoint.start()
        await self.connection.execute(EVENT, self.incident, "ghost")
        await savepoint.rollback()

    async def write_in_part(self) -> None:
        async with self.connection.transaction():
            await self.write()

    async def write_elsewhere(self) -> None:
        """Gets the transaction its number, long before it writes to the feed, or without that it ever does."""
        await self.connection.execute(
            "INSERT INTO quarantine (topic, payload, reason, received_at) VALUES ('', '', '', now())"
        )

    async def end(self) -> None:
        if self.chance.random() < 0.7:
            await self.transaction.commit()
            self.committed |= self.written
        else:
            await self.transaction.rollback()
        self.transaction = None
        self.written = set()

    async def step(self) -> None:
        if self.transaction is None:
            self.transaction = self.connection.transaction()
            await self.transaction.start()
            return
        steps = (self.write, self.write_in_part, self.write_in_vain, self.write_elsewhere, self.end)
        await self.chance.choices(steps, (4, 1, 1, 2, 3))[0]()


@pytest.fixture
async def connections(database_url: str) -> AsyncIterator[list[asyncpg.Connection]]:
    async with AsyncExitStack() as opened:
        made = []
        for _ in range(8):
            made.append(await connect(database_url, application="tests"))
            opened.callback(made[-1].terminate)
        yield made


@pytest.mark.parametrize("seed", range(6))
async def test_every_reader_hears_each_event_once_in_one_order_whoever_commits_when(
    connections: list[asyncpg.Connection], county: Any, seed: int
) -> None:
    chance, committed = random.Random(seed), set[str]()
    reading, *others = connections[:6]
    beginning = await end_of_feed(reading)
    writers = [Writer(one, county.incident, committed, chance, f"w{at}") for at, one in enumerate(others)]
    readers = [Reader(beginning)]

    async def some_steps() -> None:
        for _ in range(chance.randrange(6)):
            await chance.choice(writers).step()

    async def all_is_heard() -> None:
        """Once nobody who has written is left; whatever others have begun is not waited for."""
        for writer in writers:
            if writer.written:
                await writer.end()
        await readers[0].read(reading, EVERYTHING)
        assert set(readers[0].heard) == committed

    for _ in range(150):
        await some_steps()
        if chance.random() < 0.1:
            known = frozenset(committed)
            readers.append(Reader(await end_of_feed(reading), known))
        reader = chance.choice(readers)
        await reader.read(Broken(reading, some_steps), chance.randint(1, 4))
        if chance.random() < 0.1:
            await all_is_heard()
    await all_is_heard()
    feed = actors(await rows_after(reading, beginning, EVERYTHING))
    assert (set(feed), len(feed)) == (committed, len(committed))
    assert len(feed) > 100
    for reader in readers:
        await reader.read(reading, EVERYTHING)
        reader.check(feed)


@pytest.mark.parametrize("count", [2, 6])  # with few, there is often nobody to wait for
async def test_nothing_is_passed_over_while_others_write_at_the_same_time(
    connections: list[asyncpg.Connection], county: Any, count: int
) -> None:
    chance, committed = random.Random(7), set[str]()
    late, reading, *others = connections
    beginning = await end_of_feed(reading)
    first, second = Reader(beginning), Reader(beginning)
    writers = [Writer(one, county.incident, committed, chance, f"w{at}") for at, one in enumerate(others[:count])]

    async def work(writer: Writer) -> None:
        for _ in range(2000 // count):
            await writer.step()
        if writer.transaction is not None:
            await writer.end()

    async def follow(reader: Reader, connection: asyncpg.Connection, limit: int) -> None:
        while not working.done() or await reader.read(connection, limit):
            await reader.read(connection, limit)

    working = asyncio.gather(*(work(writer) for writer in writers))
    await asyncio.gather(working, follow(first, reading, 1000), follow(second, late, 3))
    feed = actors(await rows_after(reading, beginning, EVERYTHING))
    assert set(feed) == committed
    assert first.heard == second.heard == feed


async def test_nobody_waits_for_who_has_not_written_to_the_feed(
    long_transaction: None, pool: asyncpg.Pool, county: Any
) -> None:
    feed = Feed()
    await feed.round(pool)
    await pool.execute(EVENT, county.incident, "quick")
    assert await feed.round(pool) == 1


async def test_who_resumes_while_a_late_lock_is_held_misses_nothing_that_was_handed_out(
    connections: list[asyncpg.Connection], pool: asyncpg.Pool, county: Any
) -> None:
    """A writer may be held up between looking how far the numbers are and taking its lock: then the lock's is old."""
    feed, beginning = Feed(), await end_of_feed(connections[0])
    await feed.round(pool)
    for name in ("one", "two"):
        await pool.execute(EVENT, county.incident, name)
    assert await feed.round(pool) == 2
    await connections[1].execute("BEGIN")
    key = "(x'4645'::bigint << 48) | $1::bigint"
    await connections[1].execute(f"SELECT pg_advisory_xact_lock_shared({key})", beginning.feed_id)
    subscription = feed.subscribe(frozenset({"incident"}), None)
    caught_up = [one async for one in missed(Store(pool, 5.0, 5.0), beginning, subscription)]
    assert [one.data["actor"] for one in caught_up] == ["one", "two"]
    await connections[1].execute("ROLLBACK")
    await pool.execute(EVENT, county.incident, "three")
    assert await feed.round(pool) == 1
    assert [one.data["actor"] for one in await subscription.take()] == ["three"]


async def test_every_era_is_greater_than_the_one_before_even_of_an_empty_feed(pool: asyncpg.Pool, county: Any) -> None:
    eras = []
    for _ in range(3):
        await pool.execute("DELETE FROM feed")
        await pool.execute("SELECT begin_feed_era()")
        await pool.execute(EVENT, county.incident, "one")
        eras.append(await pool.fetchval("SELECT max(era) FROM feed"))
    assert eras == sorted(set(eras))


async def test_a_writer_that_is_killed_holds_nobody_back(
    connections: list[asyncpg.Connection], pool: asyncpg.Pool, county: Any
) -> None:
    reader = Reader(await end_of_feed(connections[0]))
    await connections[1].execute("BEGIN")
    await connections[1].execute(EVENT, county.incident, "killed")
    await pool.execute(EVENT, county.incident, "quick")
    assert await reader.read(pool, EVERYTHING) == 0
    assert await pool.fetchval("SELECT pg_terminate_backend($1, 10000)", connections[1].get_server_pid())
    await reader.read(pool, EVERYTHING)
    assert reader.heard == ["quick"]


async def test_a_transaction_takes_one_lock_however_often_it_writes_and_none_if_it_does_not(
    connections: list[asyncpg.Connection], county: Any
) -> None:
    """Locks of all transactions are kept in a table of fixed size."""
    writer = connections[0]
    for _ in range(2):
        async with writer.transaction():
            await Writer(writer, county.incident, set(), random.Random(), "").write_elsewhere()
            assert await writer.fetchval(HELD) == 0
            for _ in range(50):
                await writer.execute(EVENT, county.incident, "often")
            assert await writer.fetchval(HELD) == 1
        assert await writer.fetchval(HELD) == 0
