"""What a request sets on its connection holds for those who want the same, and is gone for everybody else."""

import asyncio

import asyncpg
import pytest

from api.errors import Overdue, Unreachable
from api.store import Memory, Store
from database.errors import PASSING
from database.pool import open_pool

_SEEN = "SELECT current_setting('default_transaction_read_only') || ' ' || current_setting('search_path')"


async def test_a_connection_goes_back_as_it_came(database_url: str) -> None:
    pool: asyncpg.Pool = await open_pool(database_url, application="tests", size=1)
    try:
        before = await pool.fetchval(_SEEN)
        store = Store(pool, 0.2, 2.0)
        async with store.reading() as connection:
            assert await connection.fetchval(_SEEN) == "on everyday, public"
        assert await pool.fetchval(_SEEN) == before
        with pytest.raises(Overdue):
            async with store.writing() as connection:
                await connection.execute("SELECT pg_sleep(5)")
        assert await pool.fetchval(_SEEN) == before
    finally:
        pool.terminate()


@pytest.mark.parametrize("trouble", PASSING)
async def test_what_passes_at_the_database_is_never_the_caller_s_fault(
    database_url: str, trouble: type[Exception]
) -> None:
    pool: asyncpg.Pool = await open_pool(database_url, application="tests", size=1)
    try:
        with pytest.raises(Unreachable):
            async with Store(pool, 5.0, 2.0).reading():
                raise trouble("gone")
    finally:
        pool.terminate()


async def test_who_wants_the_same_session_pays_no_round_trip_for_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: asyncpg.Pool = await open_pool(database_url, application="tests", size=1)
    said: list[str] = []
    execute = asyncpg.Connection.execute

    async def overheard(self: asyncpg.Connection, query: str, *args: object, **options: object) -> str:
        said.append(query)
        return await execute(self, query, *args, **options)

    monkeypatch.setattr(asyncpg.Connection, "execute", overheard)
    try:
        store, with_drills = Store(pool, 0.2, 2.0), Store(pool, 0.2, 2.0, with_drills=True)
        seen = []
        for one in (store, store, with_drills, store):
            async with one.reading() as connection:
                seen.append(await connection.fetchval(_SEEN))
        assert seen == ["on everyday, public", "on everyday, public", "on public", "on everyday, public"]
        assert len(said) == 3
    finally:
        pool.terminate()


async def test_a_change_of_settings_that_was_broken_off_is_made_anew(database_url: str) -> None:
    pool: asyncpg.Pool = await open_pool(database_url, application="tests", size=1)
    store = Store(pool, 0.2, 2.0)
    try:
        for _ in range(20):
            reading = asyncio.create_task(_see(store))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait({reading})
            assert await pool.fetchval(_SEEN) == 'off "$user", public'
            assert await _see(store) == "on everyday, public"
    finally:
        pool.terminate()


async def _see(store: Store) -> str:
    async with store.reading() as connection:
        return str(await connection.fetchval(_SEEN))


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    """A log-out may be committed between the query that finds a session and the moment at which it is remembered."""
    memory = Memory()
    changes = memory.changes
    memory.forget()
    memory.keep(b"secret", "let in", changes)
    assert memory.get(b"secret") is None
    memory.keep(b"secret", "let in", memory.changes)
    assert memory.get(b"secret") == "let in"


def test_little_is_remembered_however_many_ask() -> None:
    memory = Memory()
    for number in range(2500):
        memory.keep(number.to_bytes(2, "big"), number, memory.changes)
    kept = [number for number in range(2500) if memory.get(number.to_bytes(2, "big")) == number]
    assert 2499 in kept
    assert len(kept) <= 1000
