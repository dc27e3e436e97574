"""The row by which a process is known to be alive."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from lifeline.errors import HubError
from lifeline.heartbeat import Heartbeat
from lifeline.preparation import check_prepared, prepare

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def row(pool: asyncpg.Pool) -> tuple[object, ...]:
    rows = await pool.fetch("SELECT name, pid, started_at, seen_at, ready, detail FROM process")
    assert len(rows) == 1
    return tuple(rows[0])


async def test_the_row_follows_the_process(pool: asyncpg.Pool) -> None:
    ready = False
    heartbeat = Heartbeat(pool, "ingest", 4711, NOW, lambda: ready)
    assert not await heartbeat.run_once(NOW)
    assert await row(pool) == ("ingest", 4711, NOW, NOW, False, "")
    ready = True
    later = NOW + timedelta(seconds=2)
    assert await heartbeat.run_once(later)
    assert await row(pool) == ("ingest", 4711, NOW, later, True, "")
    await heartbeat.end(later)
    assert await row(pool) == ("ingest", 4711, NOW, later, False, "stopped")


async def test_a_new_incarnation_takes_the_row_over(pool: asyncpg.Pool) -> None:
    await Heartbeat(pool, "api", 1, NOW, lambda: True).run_once(NOW)
    later = NOW + timedelta(minutes=1)
    await Heartbeat(pool, "api", 2, later, lambda: True).run_once(later)
    assert await row(pool) == ("api", 2, later, later, True, "")


async def test_what_a_process_says_of_itself_is_sampled_every_half_minute(pool: asyncpg.Pool) -> None:
    heartbeat = Heartbeat(pool, "ingest", 1, NOW, lambda: True, lambda: {"queue": 3, "lag_s": 0.2})
    for after_s in (0, 10, 29, 30, 31):
        await heartbeat.run_once(NOW + timedelta(seconds=after_s))
    assert await pool.fetchval("SELECT figures ->> 'queue' FROM process") == "3"
    sampled = await pool.fetch("SELECT at FROM process_sample ORDER BY at")
    assert [row["at"] for row in sampled] == [NOW, NOW + timedelta(seconds=30)]
    await heartbeat.run_once(NOW + timedelta(days=31))
    assert await pool.fetchval("SELECT count(*) FROM process_sample") == 1


async def test_preparing_twice_does_nothing_the_second_time(empty_database_url: str) -> None:
    first = await prepare(empty_database_url)
    assert first.migrations[0] == "0001_registry.sql"
    assert first.rules
    again = await prepare(empty_database_url)
    assert (again.migrations, again.rules, again.engine) == ((), (), first.engine)


async def test_a_process_refuses_a_database_that_is_not_prepared(pool: asyncpg.Pool) -> None:
    await check_prepared(pool)
    await pool.execute("DELETE FROM migration WHERE number = (SELECT max(number) FROM migration)")
    with pytest.raises(HubError, match="run `lifeline migrate`"):
        await check_prepared(pool)
    await pool.execute("DROP TABLE migration")
    with pytest.raises(HubError, match="at migration 0 of"):
        await check_prepared(pool)


async def test_a_process_refuses_a_newer_database(pool: asyncpg.Pool) -> None:
    await pool.execute("INSERT INTO migration (number, name, checksum) VALUES (9999, '9999_later.sql', '')")
    with pytest.raises(HubError, match="upgrade Lifeline"):
        await check_prepared(pool)
