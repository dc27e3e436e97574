"""Every schema that ever was, with data in it, comes up to the newest one and loses nothing."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.stream.feed import Place, rows_after
from database.engine import detect_engine, ensure_days
from database.migrate import migrate, read_migrations
from database.pool import connect, open_pool
from dispatch import auditor, dispatcher
from ingest.tables import ensure_reading_tables
from lifeline.preparation import prepare

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRST_WHOLE = 3  # the first schema that has registers, alerts and dispatch

# What a hub of the first whole schema wrote. Every later one takes it too, since hubs went on writing it.
ROWS = (
    "INSERT INTO grid VALUES ('{n}', '格', 'grid', '镇', 'town', '人', '0', '{{}}')",
    "INSERT INTO sensor (code, kind, grid_id, longitude, latitude, attributes)"
    " VALUES ('gas-{n}', 'gas', '{n}', 112.4, 23.6, '{{\"placement\": \"chamber\"}}')",
    "INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone)"
    " VALUES ('gas-{n}', '队', 'squad', '{{gas}}', 112.4, 23.6, '0:00', '0:00', '0')",
    "INSERT INTO quarantine (topic, payload, reason, received_at) VALUES ('t/{n}', '\\xff00', '坏', '{now}')",
    "INSERT INTO rule (kind, hazard_type, revision, body, source)"
    ' VALUES (\'gas\', \'gas_{n}\', 1, \'{{"skill": "gas", "title": {{"zh": "漏", "en": "leak"}}}}\', \'norm\')',
    "INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, grid_id, longitude, latitude,"
    " opened_at) VALUES ('gas', 'gas_{n}', 2, 'gas', '事{n}', 'what {n}', '{n}', 112.4, 23.6, '{now}')",
    "INSERT INTO incident_event (incident_id, at, event, actor)"
    " SELECT incident_id, opened_at, 'opened', 'engine' FROM incident WHERE title_en = 'what {n}'",
    "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en, raised_at,"
    " graded_at, incident_id) SELECT sensor_id, 'gas_{n}', rule_id, 2, 1, true, '高', 'high', '{now}', '{now}',"
    " incident_id FROM sensor, rule, incident"
    " WHERE code = 'gas-{n}' AND rule.hazard_type = 'gas_{n}' AND title_en = 'what {n}'",
    "INSERT INTO hazard_event (hazard_id, at, event, grade, actor)"
    " SELECT hazard_id, raised_at, 'raised', grade, 'engine' FROM hazard WHERE hazard_type = 'gas_{n}'",
    "INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)"
    " SELECT incident_id, 'gas-{n}', status, '{{}}', '{now}', '{now}'"
    " FROM incident, unnest(ARRAY['refused', 'on_scene']) AS status WHERE title_en = 'what {n}'",
    "INSERT INTO task_event (task_id, at, event, actor)"
    " SELECT task_id, created_at, 'ordered', 'dispatcher' FROM task WHERE squad_id = 'gas-{n}'",
    "INSERT INTO notification (key, task_id, channel, recipient, body, next_attempt_at, created_at)"
    " SELECT 'order-' || task_id, task_id, 'mqtt', 'gas-{n}', '{{}}', '{now}', '{now}'"
    " FROM task WHERE squad_id = 'gas-{n}'",
)
TABLES = (
    *("grid", "sensor", "squad", "quarantine", "rule", "incident", "incident_event", "hazard", "hazard_event"),
    *("task", "task_event", "notification"),
)

RENAMED = {("rule", "loaded_at"): "proposed_at"}
MOVED = {"changed_in", "clock_at", "unconfirmed_since"}  # stamps of transactions; clocks that the migration starts


@pytest.fixture
async def connection(empty_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await connect(empty_database_url, application="tests")
    yield opened
    await opened.close()


async def contents(connection: asyncpg.Connection) -> dict[tuple[str, str], dict[str, Any]]:
    """Every row by its table and what it holds."""
    found = {}
    for table in TABLES:
        for (row,) in await connection.fetch(f"SELECT to_jsonb(row) FROM public.{table} AS row"):
            found[table, str(row)] = row
    return found


async def test_data_of_every_schema_is_there_in_the_newest(
    connection: asyncpg.Connection, empty_database_url: str, tmp_path: Path
) -> None:
    migrations = read_migrations()
    before: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for migration in migrations[:-1]:
        shutil.copy(migration.path, tmp_path)
        assert await migrate(connection, tmp_path) == [migration.path.name]
        if migration.number >= FIRST_WHOLE:
            known = await contents(connection)
            for statement in ROWS:
                await connection.execute(statement.format(n=f"{migration.number:04}", now=NOW.isoformat()))
            before[migration.number] = [
                (table, row) for (table, key), row in (await contents(connection)).items() if (table, key) not in known
            ]
            assert {table for table, _ in before[migration.number]} == set(TABLES), migration.path.name
    await connection.execute("DROP SCHEMA IF EXISTS everyday CASCADE")
    assert (await prepare(empty_database_url)).migrations == (migrations[-1].path.name,)
    for number, rows in before.items():
        for table, row in rows:
            kept = {RENAMED.get((table, name), name): value for name, value in row.items() if name not in MOVED}
            there = await connection.fetchval(
                f"SELECT count(*) FROM public.{table} AS row WHERE to_jsonb(row) @> $1::jsonb", kept
            )
            assert there >= 1, f"a row of {table}, written at migration {number}: {kept}"


async def test_whoever_follows_the_feed_resumes_where_they_were_before_it_got_another_order(
    connection: asyncpg.Connection, empty_database_url: str, tmp_path: Path
) -> None:
    """It was ordered by the numbers of transactions, which the order of writing does not follow."""
    for migration in read_migrations()[:33]:
        shutil.copy(migration.path, tmp_path)
    await migrate(connection, tmp_path)
    event = "INSERT INTO feed (at, topic, event, data) VALUES (now(), 'incident', 'x', to_jsonb($1::text))"
    other = await connect(empty_database_url, application="tests")
    async with other.transaction():
        await other.execute("SELECT pg_current_xact_id()")
        await connection.execute(event, "second")
        await other.execute(event, "first")
    await other.close()
    await connection.execute(event, "third")
    places = await connection.fetch("SELECT transaction::text::bigint, feed_id FROM feed ORDER BY transaction, feed_id")
    await connection.execute(
        "INSERT INTO webhook SELECT 'hook', '', '{}', '', true, now(), now(), 1, transaction, feed_id, 0, now()"
        " FROM feed WHERE data = '\"second\"'"
    )
    await prepare(empty_database_url)
    await connection.execute(event, "fourth")
    words = ["first", "second", "third", "fourth"]
    assert [row["data"] for row in await rows_after(connection, Place(0, 0), 9)] == words
    for count, place in enumerate(places, 1):
        assert [row["data"] for row in await rows_after(connection, Place(*place), 9)] == words[count:]
    hook = Place(*await connection.fetchrow("SELECT era, feed_id FROM webhook"))
    assert [row["data"] for row in await rows_after(connection, hook, 9)] == ["third", "fourth"]


async def test_a_hub_goes_on_with_what_the_first_schema_held(
    connection: asyncpg.Connection, empty_database_url: str, tmp_path: Path
) -> None:
    for migration in read_migrations()[:FIRST_WHOLE]:
        shutil.copy(migration.path, tmp_path)
    await migrate(connection, tmp_path)
    await ensure_reading_tables(connection)
    for statement in ROWS:
        await connection.execute(statement.format(n="old", now=NOW.isoformat()))
    if await detect_engine(connection) == "plain":
        await ensure_days(connection, "reading_gas", [NOW.date()])
    await connection.execute(
        "INSERT INTO reading_gas (sensor_id, time, ch4_lel_pct) SELECT sensor_id, $1, 55 FROM sensor", NOW
    )
    await prepare(empty_database_url)
    assert await connection.fetchval("SELECT ch4_lel_pct_max FROM reading_gas_1h") == 55
    assert await connection.fetchval("SELECT count(*) FROM everyday.incident") == 1
    pool = await open_pool(empty_database_url, application="tests", size=2)
    try:
        await dispatcher.run_once(pool, NOW)
        assert await auditor.run_once(pool, NOW) == ()
    finally:
        pool.terminate()
    squads = await connection.fetch("SELECT squad_id, status FROM task WHERE open")
    assert [tuple(row) for row in squads] == [("gas-old", "on_scene")]
