"""Exercises over the API: what was held, and its report."""

from typing import Any

import asyncpg
import httpx


async def test_exercises_are_listed_and_one_is_shown_with_its_report(
    viewer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, now: Any
) -> None:
    running = await pool.fetchval(
        "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at)"
        " VALUES ('flood', '内涝', 'Flood', 7, 'running', $1) RETURNING exercise_id",
        now,
    )
    newer, older = (await viewer.get("/exercises")).json()["items"]
    assert (newer["exercise_id"], newer["ended_at"], newer["squads"]) == (running, None, [])
    assert (older["exercise_id"], older["squads"]) == (county.exercise, ["gas-1"])
    assert "report" not in older
    assert (await viewer.get("/exercises?status=ended")).json()["items"] == [older]
    shown = (await viewer.get(f"/exercises/{county.exercise}")).json()
    assert shown == {**older, "report": {"wanted": 3, "met": 3}}
    assert (await viewer.get(f"/exercises/{running}")).json()["report"] is None
    page = (await viewer.get("/exercises?limit=1")).json()
    rest = await viewer.get("/exercises", params={"cursor": page["next_cursor"]})
    assert (rest.json()["items"], rest.json()["next_cursor"]) == ([older], None)


async def test_what_is_no_exercise_is_not_shown(viewer: httpx.AsyncClient, county: Any) -> None:
    for number in (99999, 2**53 - 1):
        assert (await viewer.get(f"/exercises/{number}")).status_code == 404
    assert (await viewer.get("/exercises/0")).status_code == 422
