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


async def test_what_happens_in_an_exercise_is_chosen_by_its_number(
    viewer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, now: Any
) -> None:
    incident, task = await _drill_task(pool, county, now)
    shown = {"Lifeline-Exercises": "show"}
    for path, key, number in (("/incidents", "incident_id", incident), ("/tasks", "task_id", task)):
        both = (await viewer.get(path, headers=shown)).json()["items"]
        assert (len(both), both[0][key]) == (2, number)
        of_exercise = await viewer.get(f"{path}?exercise={county.exercise}", headers=shown)
        assert [each[key] for each in of_exercise.json()["items"]] == [number]
        assert (await viewer.get(f"{path}?exercise={county.exercise}")).json()["items"] == []
        assert (await viewer.get(f"{path}?exercise=99999", headers=shown)).json()["items"] == []
        assert (await viewer.get(f"{path}?exercise=0", headers=shown)).status_code == 422


async def test_squads_tell_which_of_their_tasks_are_exercise(
    viewer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, now: Any
) -> None:
    _, task = await _drill_task(pool, county, now)
    shown = {"Lifeline-Exercises": "show"}

    async def gas(path: str, **headers: str) -> dict[str, Any]:
        squads = (await viewer.get(path, headers=headers)).json()
        return next(each for each in squads.get("items") or squads["squads"] if each["squad_id"] == "gas-1")

    everyday, whole = await gas("/squads"), await gas("/squads", **shown)
    assert (everyday["open_tasks"], everyday["exercise_tasks"]) == ([county.task], [])
    assert (whole["open_tasks"], whole["exercise_tasks"]) == ([county.task, task], [task])
    assert (await viewer.get("/squads/gas-1", headers=shown)).json()["exercise_tasks"] == [task]
    assert (await gas("/map", **shown))["exercise"] is False  # it is at something real too
    await pool.execute("UPDATE task SET status = 'cancelled' WHERE task_id = $1", county.task)
    assert (await gas("/squads", **shown))["open_tasks"] == [task]
    drilling, free = await gas("/map", **shown), await gas("/map")
    assert (drilling["exercise"], drilling["standing"]) == (True, "assigned")
    assert (free["exercise"], free["standing"] == "assigned") == (False, False)


async def _drill_task(pool: asyncpg.Pool, county: Any, now: Any) -> tuple[int, int]:
    """An incident of the county's exercise, and an order of it to gas-1."""
    incident = await pool.fetchval(
        "INSERT INTO incident (kind, hazard_type, grade, peak_grade, stage, skill, title_zh, title_en, opened_at,"
        " exercise_id) VALUES ('gas', 'gas_leak', 1, 1, 'dispatched', 'gas', '演练泄漏', 'drill leak', $1, $2)"
        " RETURNING incident_id",
        *(now, county.exercise),
    )
    task = await pool.fetchval(
        "INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)"
        " VALUES ($1, 'gas-1', 'ordered', '{}', $2, $2) RETURNING task_id",
        *(incident, now),
    )
    return incident, task
