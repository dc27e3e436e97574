"""Lists: filters, and pages without gap or repeat while rows come in."""

from typing import Any

import asyncpg
import httpx

ADD = {
    "/sensors": "INSERT INTO sensor (code, kind) SELECT 'S-' || substr(md5(n::text || $1), 1, 12), 'gas'"
    " FROM generate_series(1, 40) AS n",
    "/squads": "INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end,"
    " phone) SELECT substr(md5(n::text || $1), 1, 12), '', '', '{gas}', 0, 0, '00:00', '00:00', ''"
    " FROM generate_series(1, 40) AS n",
    "/hazards": "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
    " raised_at, graded_at) SELECT sensor_id, 'h_' || substr(md5(n::text || $1), 1, 12), rule_id, 3, 3, false, '', '',"
    " now(), now() FROM generate_series(1, 40) AS n, (SELECT min(sensor_id) AS sensor_id FROM sensor) AS s, rule",
    "/incidents": "INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, opened_at)"
    " SELECT 'gas', 'gas_leak', 3, 'gas', $1, '', now() FROM generate_series(1, 40)",
    "/tasks": "INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)"
    " SELECT incident_id, 'gas-1', 'done', jsonb_build_object('tag', $1::text), now(), now()"
    " FROM generate_series(1, 40), (SELECT min(incident_id) AS incident_id FROM incident) AS i",
    "/quarantine": "INSERT INTO quarantine (topic, payload, reason, received_at)"
    " SELECT $1, '', '', now() FROM generate_series(1, 40)",
}
KEY = {
    "/sensors": ("sensor", "code"),
    "/squads": ("squad", "squad_id"),
    "/hazards": ("hazard", "hazard_id"),
    "/incidents": ("incident", "incident_id"),
    "/tasks": ("task", "task_id"),
    "/quarantine": ("quarantine", "quarantine_id"),
}


async def test_pages_hold_every_row_once_while_others_come_in(
    viewer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    for route, add in ADD.items():
        table, key = KEY[route]
        await pool.execute(add, "before")
        there = {row[0] for row in await pool.fetch(f"SELECT {key} FROM {table}")}
        seen: list[Any] = []
        query: dict[str, Any] = {"limit": 7}
        for _ in range(100):
            page = (await viewer.get(route, params=query)).json()
            assert len(page["items"]) <= 7
            seen += [item[key] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            if "cursor" not in query:
                await pool.execute(add, "between")
            query["cursor"] = page["next_cursor"]
        assert len(seen) == len(set(seen)), route
        assert there <= set(seen), route
        assert len(there) > 40


async def test_a_page_that_just_holds_all_has_no_next(viewer: httpx.AsyncClient, county: Any) -> None:
    page = (await viewer.get("/sensors?limit=3")).json()
    assert [item["code"] for item in page["items"]] == ["GAS-1", "NOISE-1", "WATER-1"]
    assert page["next_cursor"] is None


async def test_a_cursor_belongs_to_its_list(viewer: httpx.AsyncClient, county: Any) -> None:
    cursor = (await viewer.get("/hazards?limit=1")).json()["next_cursor"]
    assert cursor
    answer = await viewer.get("/incidents", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"] == "query.cursor"


async def keys(client: httpx.AsyncClient, address: str) -> list[Any]:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    _, key = KEY[address.partition("?")[0]]
    return [item[key] for item in answer.json()["items"]]


async def test_filters_choose(viewer: httpx.AsyncClient, county: Any) -> None:
    assert await keys(viewer, "/sensors?kind=gas") == ["GAS-1"]
    assert await keys(viewer, "/sensors?kind=manhole") == []
    assert await keys(viewer, "/sensors?provisioned=true") == ["NOISE-1"]
    assert await keys(viewer, "/sensors?provisioned=false") == ["GAS-1", "WATER-1"]
    assert await keys(viewer, "/sensors?grid_id=g1") == []
    assert await keys(viewer, "/hazards") == [county.cleared_hazard, county.hazard]
    assert await keys(viewer, "/hazards?open=true") == [county.hazard]
    assert await keys(viewer, "/hazards?open=false") == [county.cleared_hazard]
    assert await keys(viewer, "/hazards?grade=2") == [county.hazard]
    assert await keys(viewer, "/hazards?grade=2&grade=3") == [county.cleared_hazard, county.hazard]
    assert await keys(viewer, "/hazards?grade=1") == []
    assert await keys(viewer, "/hazards?type=low_oxygen") == [county.cleared_hazard]
    assert await keys(viewer, "/hazards?sensor=GAS-1&open=true") == [county.hazard]
    assert await keys(viewer, "/hazards?sensor=NOISE-1") == []
    assert await keys(viewer, "/incidents?open=true&grade=2&stage=dispatched&type=gas_leak") == [county.incident]
    for nothing in ("open=false", "grade=1", "stage=closed&stage=verified", "type=flood"):
        assert await keys(viewer, f"/incidents?{nothing}") == []
    assert await keys(viewer, f"/tasks?status=ordered&squad=gas-1&incident={county.incident}") == [county.task]
    for nothing in ("status=done", "squad=road-1", "incident=99999"):
        assert await keys(viewer, f"/tasks?{nothing}") == []
    for path in ("/incidents", "/tasks"):
        assert await keys(viewer, f"{path}?exercise={county.exercise}") == []
    assert await keys(viewer, "/squads?skill=cover") == ["road-1"]
    assert await keys(viewer, "/quarantine") == [county.binary, county.held]
    assert await keys(viewer, "/quarantine?status=dropped") == []


SENSELESS = [
    "/sensors?kind=submarine",
    "/sensors?limit=501",
    "/sensors?provisioned=perhaps",
    "/sensors/%00",
    "/sensors/..%2F..%2Fetc",
    "/hazards?grade=5",
    "/hazards?open=yes",
    "/hazards?state=open",
    "/hazards/0",
    "/hazards/9223372036854775808",
    "/hazards/one",
    "/incidents?stage=lost",
    "/tasks?status=lost",
    "/tasks?incident=-1",
    "/tasks?squad=a%20b",
    "/quarantine?status=gone",
    "/readings/latest?limit=10001",
    "/readings/latest?sensor=a%20b",
    "/readings/latest?" + "&".join(f"sensor=S{number}" for number in range(201)),
]


async def test_values_that_make_no_sense_are_422(viewer: httpx.AsyncClient) -> None:
    for address in SENSELESS:
        answer = await viewer.get(address)
        assert answer.status_code == (404 if "%2F" in address else 422), address
        assert answer.headers["content-type"] == "application/problem+json"
