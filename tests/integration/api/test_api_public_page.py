"""The public page: current depths against the limits in force, in both languages, with nothing that isn't public."""

import time
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from database.engine import detect_engine, ensure_days
from ingest.kinds import KINDS

TABLE = KINDS["waterlogging"].table


@pytest.fixture
async def roads(pool: asyncpg.Pool, now: Any) -> None:
    """10,000 places with a reading each, one in 100 flooded, and a drill's twin that stands deep in water."""
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), now)
        if await detect_engine(connection) == "plain":
            await ensure_days(connection, TABLE, [now.date()])
        await connection.execute(
            "INSERT INTO sensor (code, kind, name_zh, name_en, longitude, latitude, attributes) SELECT 'wl-' || n,"
            " 'waterlogging', '路口' || n, 'crossing ' || n, 112 + n % 100 * 0.004, 23.5 + n / 100 * 0.004,"
            ' \'{"place": "road"}\' FROM generate_series(1, 10000) AS n'
        )
        exercise = await connection.fetchval(
            "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at)"
            " VALUES ('flood', '内涝', 'flood', 1, 'running', $1) RETURNING exercise_id",
            now,
        )
        await connection.execute(
            "INSERT INTO sensor (code, kind, name_zh, name_en, longitude, latitude, exercise_id, twin_of)"
            " SELECT 'drill.wl', 'waterlogging', '演练路口', 'drill crossing', 112, 23.5, $1, sensor_id"
            " FROM sensor WHERE code = 'wl-1'",
            exercise,
        )
        await connection.execute(
            f"INSERT INTO {TABLE} (sensor_id, time, depth_m) SELECT sensor_id, $1::timestamptz,"
            " CASE WHEN code LIKE 'drill%' THEN 2 WHEN code LIKE '%00' THEN 0.31 ELSE 0.01 END FROM sensor"
            " WHERE kind = 'waterlogging'",
            now - timedelta(minutes=2),
        )


async def test_floods_are_shown_fast_in_both_languages_and_no_drill(app: FastAPI, roads: None) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        started = time.perf_counter()
        page = await client.get("/public", headers={"Accept-Language": "zh-CN"})
        first_s = time.perf_counter() - started
        assert page.status_code == 200
        started = time.perf_counter()
        english = await client.get("/public?lang=en")
        again = await client.get("/public", headers={"Accept-Language": "zh", "If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert ("橙色 II" in page.text, "31 cm" in page.text, "目前没有生效的预警" in page.text) == (True, True, True)
    assert "Orange II" in english.text
    assert "No warning is in force." in english.text
    for text in (page.text, english.text):
        assert "演练" not in text
        assert "drill" not in text
        assert "wl-1" not in text
        assert "<script" not in text
    assert page.headers["cache-control"] == "public, max-age=15"
    assert len(page.content) < 250_000
    assert first_s < 5
