"""The live board, the map, and what a hazard was judged by; what belongs to exercises is seen when it is asked for."""

from datetime import timedelta

import asyncpg
import httpx


async def _drill_incident(pool: asyncpg.Pool, exercise: int, now) -> int:
    number = await pool.fetchval(
        "INSERT INTO incident (kind, hazard_type, grade, peak_grade, stage, skill, title_zh, title_en, opened_at,"
        " exercise_id) VALUES ('gas', 'gas_leak', 1, 1, 'reported', 'gas', '演练泄漏', 'drill leak', $1, $2)"
        " RETURNING incident_id",
        now,
        exercise,
    )
    return int(number)


async def test_the_board_has_real_incidents_first_and_marks_drills(viewer, pool, county, now) -> None:
    drill = await _drill_incident(pool, county.exercise, now)
    items = (await viewer.get("/board")).json()["items"]
    assert [(one["incident_id"], one["exercise_id"] != 0) for one in items] == [(county.incident, False), (drill, True)]
    [task] = items[0]["tasks"]
    assert (task["squad_id"], task["status"], items[0]["unacknowledged"]) == ("gas-1", "ordered", 1)


async def test_a_drill_is_seen_and_acted_on_only_when_asked_for(
    officer: httpx.AsyncClient, pool: asyncpg.Pool, county, now
) -> None:
    drill = await _drill_incident(pool, county.exercise, now)
    path, asking = f"/incidents/{drill}", {"Lifeline-Exercises": "show"}
    assert (await officer.get(path)).status_code == 404
    assert (await officer.post(f"{path}/comment", json={"reason": "seen"})).status_code == 404
    assert (await officer.get(path, headers=asking)).json()["exercise_id"] == county.exercise
    said = await officer.post(f"{path}/comment", json={"reason": "seen"}, headers=asking)
    assert said.json()["events"][-1]["detail"] == {"note": "seen"}
    assert [one["incident_id"] for one in (await officer.get("/incidents")).json()["items"]] == [county.incident]


async def test_acknowledging_an_incident_takes_note_of_all_that_is_open(officer, pool, county) -> None:
    await officer.post(f"/incidents/{county.incident}/acknowledge")
    rows = await pool.fetch("SELECT hazard_id, acknowledged_by FROM hazard ORDER BY hazard_id")
    assert [tuple(row) for row in rows] == [(county.hazard, "key:duty"), (county.cleared_hazard, None)]
    again = await officer.post(f"/incidents/{county.incident}/acknowledge")
    assert again.status_code == 200
    assert await pool.fetchval("SELECT count(*) FROM hazard_event WHERE event = 'acknowledged'") == 1


async def test_the_map_gives_each_sensor_its_gravest_state(viewer, county) -> None:
    found = (await viewer.get("/map")).json()
    assert [(one["code"], one["state"]) for one in found["sensors"]] == [("GAS-1", "orange")]
    assert {one["squad_id"] for one in found["squads"]} == {"gas-1", "road-1"}


async def test_grounds_are_the_rule_the_limits_and_the_values(viewer, store_readings, pool, county, now) -> None:
    await pool.execute(
        "INSERT INTO sensor (code, kind, longitude, latitude, attributes) VALUES ('GAS-2', 'gas', 112.401, 23.6, '{}'),"
        " ('GAS-3', 'gas', 112.9, 23.6, '{}')"
    )
    near = await pool.fetchval("SELECT sensor_id FROM sensor WHERE code = 'GAS-2'")
    rows = [
        {"sensor_id": county.gas_sensor, "time": now - timedelta(minutes=n), "ch4_lel_pct": 50.0 + n} for n in (2, 1)
    ]
    await store_readings("gas", [*rows, {"sensor_id": near, "time": now - timedelta(hours=1), "ch4_lel_pct": 4.14}])
    found = (await viewer.get(f"/hazards/{county.hazard}/grounds")).json()
    assert (found["rule"]["revision"], found["limits"]) == (1, {"yellow": 25.0, "orange": 50.0})
    assert [value["value"] for value in found["values"]] == [52.0, 51.0]
    assert [(one["code"], one["distance_m"], one["value"]) for one in found["near"]] == [("GAS-2", 102, 4.1)]
    assert (await viewer.get("/hazards/999999/grounds")).status_code == 404
