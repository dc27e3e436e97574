"""Migrations on a real server: once each, under a lock, in or outside a transaction."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from database.errors import DatabaseError
from database.migrate import migrate
from database.pool import connect


@pytest.fixture
async def connection(empty_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await connect(empty_database_url, application="tests")
    yield opened
    await opened.close()


def write(folder: Path, number: int, text: str) -> None:
    (folder / f"{number:04}_step.sql").write_text(text, encoding="utf-8")


async def test_each_file_runs_once_and_in_order(connection: asyncpg.Connection, tmp_path: Path) -> None:
    write(tmp_path, 1, "CREATE TABLE a (n integer);")
    write(tmp_path, 2, "INSERT INTO a VALUES (1);")
    assert await migrate(connection, tmp_path) == ["0001_step.sql", "0002_step.sql"]
    assert await migrate(connection, tmp_path) == []
    write(tmp_path, 3, "INSERT INTO a VALUES (2);")
    assert await migrate(connection, tmp_path) == ["0003_step.sql"]
    assert [row["n"] for row in await connection.fetch("SELECT n FROM a ORDER BY n")] == [1, 2]


async def test_the_hubs_own_migrations_run_on_an_empty_database(connection: asyncpg.Connection) -> None:
    ran = await migrate(connection)
    assert ran[0] == "0001_registry.sql"
    assert await migrate(connection) == []
    assert await connection.fetchval("SELECT count(*) FROM hazard") == 0


async def test_two_migrators_at_once_run_each_file_once(empty_database_url: str, tmp_path: Path) -> None:
    write(tmp_path, 1, "CREATE TABLE a (n integer); SELECT pg_sleep(0.2);")
    write(tmp_path, 2, "INSERT INTO a VALUES (1);")
    connections = [await connect(empty_database_url, application="tests") for _ in range(4)]
    try:
        ran = await asyncio.gather(*(migrate(connection, tmp_path) for connection in connections))
        assert sorted(ran, key=len) == [[], [], [], ["0001_step.sql", "0002_step.sql"]]
        assert await connections[0].fetchval("SELECT count(*) FROM a") == 1
    finally:
        for connection in connections:
            await connection.close()


async def test_a_file_changed_after_it_ran_is_refused(connection: asyncpg.Connection, tmp_path: Path) -> None:
    write(tmp_path, 1, "CREATE TABLE a (n integer);")
    await migrate(connection, tmp_path)
    write(tmp_path, 1, "CREATE TABLE a (n bigint);")
    with pytest.raises(DatabaseError, match=r"0001_step\.sql was changed after it ran: add a new migration"):
        await migrate(connection, tmp_path)


async def test_a_newer_database_is_refused(connection: asyncpg.Connection, tmp_path: Path) -> None:
    write(tmp_path, 1, "SELECT 1;")
    write(tmp_path, 2, "SELECT 1;")
    await migrate(connection, tmp_path)
    (tmp_path / "0002_step.sql").unlink()
    with pytest.raises(DatabaseError, match=r"0002_step\.sql, which this version does not know: upgrade"):
        await migrate(connection, tmp_path)


async def test_a_failing_file_leaves_nothing_and_frees_the_lock(
    empty_database_url: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    write(tmp_path, 1, "CREATE TABLE a (n integer); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(DatabaseError, match=r'0001_step\.sql: relation "nowhere" does not exist'):
        await migrate(connection, tmp_path)
    write(tmp_path, 1, "CREATE TABLE a (n integer);")
    other = await connect(empty_database_url, application="tests")
    try:
        async with asyncio.timeout(5):
            assert await migrate(other, tmp_path) == ["0001_step.sql"]
    finally:
        await other.close()


async def test_an_index_can_be_built_outside_a_transaction(connection: asyncpg.Connection, tmp_path: Path) -> None:
    write(tmp_path, 1, "CREATE TABLE a (n integer, m integer);")
    build = (
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_n ON a (n);\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_m ON a (m);\n"
    )
    write(tmp_path, 2, build)
    with pytest.raises(DatabaseError, match="CONCURRENTLY cannot"):
        await migrate(connection, tmp_path)
    write(tmp_path, 2, f"-- outside a transaction\n{build}")
    assert await migrate(connection, tmp_path) == ["0002_step.sql"]
    indexes = await connection.fetch("SELECT indexname FROM pg_indexes WHERE tablename = 'a' ORDER BY 1")
    assert [row["indexname"] for row in indexes] == ["a_m", "a_n"]


async def test_a_file_outside_a_transaction_goes_on_after_a_failure(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    text = "-- outside a transaction\nCREATE TABLE IF NOT EXISTS a (n integer);\nINSERT INTO {} VALUES (1);\n"
    write(tmp_path, 1, text.format("nowhere"))
    with pytest.raises(DatabaseError, match="nowhere"):
        await migrate(connection, tmp_path)
    write(tmp_path, 1, text.format("a"))
    assert await migrate(connection, tmp_path) == ["0001_step.sql"]


async def test_event_rows_are_never_changed(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, opened_at)"
        " VALUES ('gas', 'gas_combustible', 1, 'gas', '', '', now())"
    )
    await pool.execute(
        "INSERT INTO incident_event (incident_id, at, event, actor)"
        " SELECT incident_id, now(), 'opened', 'engine' FROM incident"
    )
    for change in ("UPDATE incident_event SET actor = 'someone'", "DELETE FROM incident_event"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
            await pool.execute(change)
