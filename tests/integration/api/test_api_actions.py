"""What an officer does to hazards, tasks and quarantined messages; whole incidents; health."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from api.app import create_app

NOW = "2026-05-01T08:00:00Z"


async def test_an_acknowledgement_is_recorded_once(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, database_url: str
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    await listener.add_listener("lifeline", lambda *hint: heard.put_nowait(str(hint[-1])))
    address = f"/hazards/{county.hazard}/acknowledge"
    first = (await officer.post(address, json={"note": "打过电话"})).json()
    assert (first["acknowledged_at"], first["acknowledged_by"]) == (NOW, "key:duty")
    assert first["cleared_at"] is None
    assert first["events"][-1] == {
        "at": NOW,
        "event": "acknowledged",
        "grade": 2,
        "reason": {"zh": "打过电话", "en": "打过电话"},
        "actor": "key:duty",
    }
    assert await asyncio.wait_for(heard.get(), 5) == "hazard"
    again = await officer.post(address, json={"note": "again"})
    assert (again.status_code, again.json()) == (200, first)
    assert (await officer.get(f"/hazards/{county.hazard}")).json() == first
    await listener.close()


async def test_a_cleared_hazard_can_be_acknowledged(officer: httpx.AsyncClient, county: Any) -> None:
    body = (await officer.post(f"/hazards/{county.cleared_hazard}/acknowledge")).json()
    assert body["acknowledged_at"] == body["cleared_at"] == NOW
    assert body["events"][-1]["grade"] is None


async def test_two_officers_at_once_leave_one_acknowledgement(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    await asyncio.gather(*(officer.post(f"/hazards/{county.hazard}/acknowledge") for _ in range(8)))
    assert await pool.fetchval("SELECT count(*) FROM hazard_event WHERE event = 'acknowledged'") == 1


async def test_a_task_goes_its_way(officer: httpx.AsyncClient, county: Any) -> None:
    address = f"/tasks/{county.task}/actions"
    statuses = []
    for action in ("accept", "en_route", "on_scene", "done"):
        answer = await officer.post(f"{address}/{action}", json={"note": action})
        assert answer.status_code == 200, answer.text
        statuses.append(answer.json()["status"])
    assert statuses == ["accepted", "en_route", "on_scene", "done"]
    task = (await officer.get(f"/tasks/{county.task}")).json()
    assert [event["event"] for event in task["events"]] == ["ordered", *statuses]
    assert {event["actor"] for event in task["events"][1:]} == {"key:duty"}
    assert [event["note"] for event in task["events"][1:]] == ["accept", "en_route", "on_scene", "done"]
    assert task["updated_at"] == NOW
    incident = (await officer.get(f"/incidents/{county.incident}")).json()
    assert incident["stage"] == "fed_back"
    assert (await officer.get("/squads?skill=gas")).json()["items"][0]["open_tasks"] == []


@pytest.mark.parametrize("language", ["en", "zh-CN,zh;q=0.9"])
async def test_what_the_status_does_not_allow_is_409(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, language: str
) -> None:
    headers = {"Accept-Language": language}
    answer = await officer.post(f"/tasks/{county.task}/actions/done", headers=headers)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["type"] == "urn:lifeline:problem:conflict"
    assert str(county.task) in problem["detail"]
    assert ("状态" in problem["title"]) == language.startswith("zh")
    said = {
        True: f"任务 {county.task} 不能完成：队伍须先报告到场。",
        False: f"task {county.task}: done is not possible, a",
    }
    assert problem["detail"].startswith(said[language.startswith("zh")])
    assert await pool.fetchval("SELECT status FROM task") == "ordered"
    assert await pool.fetchval("SELECT count(*) FROM task_event") == 1
    assert (await officer.post(f"/tasks/{county.task}/actions/cancel")).status_code == 200
    assert (await officer.post(f"/tasks/{county.task}/actions/accept")).status_code == 409
    assert (await officer.post(f"/tasks/{county.task}/actions/dance")).status_code == 422


async def test_an_incident_comes_with_all_that_belongs_to_it(viewer: httpx.AsyncClient, county: Any) -> None:
    body = (await viewer.get(f"/incidents/{county.incident}")).json()
    assert [hazard["hazard_id"] for hazard in body["hazards"]] == [county.hazard, county.cleared_hazard]
    assert [task["task_id"] for task in body["tasks"]] == [county.task]
    assert body["events"] == [{"at": NOW, "event": "opened", "actor": "engine", "detail": {"grade": 2}}]
    assert body["title"] == {"zh": "气一泄漏", "en": "leak at gas 1"}
    assert body["position"] == {"longitude": 112.4, "latitude": 23.6}
    assert body["opened_at"] == NOW
    (listed,) = (await viewer.get("/incidents")).json()["items"]
    assert listed == {key: body[key] for key in listed}


async def test_a_sensor_is_shown_whole(viewer: httpx.AsyncClient, county: Any) -> None:
    sensor = (await viewer.get("/sensors/GAS-1")).json()
    sensor.pop("updated_at")
    assert sensor == {
        "code": "GAS-1",
        "kind": "gas",
        "name": {"zh": "气一", "en": "gas 1"},
        "grid_id": None,
        "position": {"longitude": 112.4, "latitude": 23.6},
        "owner_unit": "",
        "responsible_person": "",
        "responsible_phone": "",
        "interval_s": 1800,
        "attributes": {"placement": "closed"},
        "installed_on": None,
        "calibrated_on": None,
        "calibration_due_on": None,
        "calibration_overdue": False,
        "camera_id": None,
        "camera_url": None,
        "provisioned": False,
        "retired_at": None,
    }


async def test_squads_are_shown_with_what_they_do(viewer: httpx.AsyncClient, county: Any) -> None:
    gas, road = (await viewer.get("/squads")).json()["items"]
    assert (gas["open_tasks"], road["open_tasks"]) == ([county.task], [])
    assert (road["duty_start"], road["duty_end"], road["skills"]) == ("20:00", "08:00", ["road", "cover"])


async def test_a_quarantined_message_is_shown_byte_by_byte(viewer: httpx.AsyncClient, county: Any) -> None:
    text = (await viewer.get(f"/quarantine/{county.held}")).json()
    assert (text["payload_text"], text["payload_base64"], text["size_bytes"]) == ('{"深":1}', "eyLmt7EiOjF9", 9)
    binary = (await viewer.get(f"/quarantine/{county.binary}")).json()
    assert (binary["payload_text"], binary["payload_base64"]) == (None, "/wA=")


async def test_a_quarantined_message_is_dropped_once(officer: httpx.AsyncClient, county: Any) -> None:
    dropped = (await officer.post(f"/quarantine/{county.held}/drop")).json()
    assert (dropped["status"], dropped["decided_at"]) == ("dropped", NOW)
    assert (await officer.post(f"/quarantine/{county.held}/drop")).status_code == 409
    listed = (await officer.get("/quarantine")).json()["items"]
    assert [message["quarantine_id"] for message in listed] == [county.binary]


async def test_health_needs_no_key_and_tells_who_is_silent(
    stranger: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    answer = await stranger.get("/health")
    assert answer.status_code == 200
    assert answer.json()["healthy"] is True
    assert [(process["name"], process["state"]) for process in answer.json()["processes"]] == [
        ("dispatch", "working"),
        ("ingest", "working"),
    ]
    changes = [
        ("UPDATE process SET ready = false WHERE name = 'ingest'", "ingest", "starting"),
        ("UPDATE process SET seen_at = seen_at - interval '31 s' WHERE name = 'ingest'", "ingest", "silent"),
        ("DELETE FROM process WHERE name = 'dispatch'", "dispatch", "missing"),
        ("INSERT INTO process VALUES ('api', 3, now(), '2026-05-01', true)", "api", "silent"),
    ]
    for change, name, state in changes:
        await pool.execute(change)
        answer = await stranger.get("/health", headers={"Accept-Language": "zh"})
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["healthy"], problem["database"], problem["status"]) == (False, "working", 503)
        assert {"name": name, "state": state}.items() <= {
            key: value for process in problem["processes"] if process["name"] == name for key, value in process.items()
        }.items()
        in_words = {"starting": "启动中", "silent": "无心跳", "missing": "未启动"}[state]
        assert f"{name}（{in_words}）" in problem["detail"]


async def test_without_a_database_every_answer_is_503(pool: asyncpg.Pool, county: Any) -> None:
    app = create_app(pool, clock=lambda: datetime(2026, 5, 1, 8, tzinfo=UTC))
    await pool.close()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1") as client:
        health = await client.get("/health")
        other = await client.get("/sensors", headers={"X-API-Key": "any"})
    assert (health.status_code, health.json()["database"]) == (503, "unreachable")
    assert (other.status_code, other.json()["type"]) == (503, "urn:lifeline:problem:unreachable")
    assert other.headers["retry-after"] == "5"


async def test_a_query_that_takes_too_long_is_stopped(
    pool: asyncpg.Pool, officer: httpx.AsyncClient, county: Any
) -> None:
    app = create_app(pool, statement_timeout_s=0.2)
    headers = {"Authorization": officer.headers["authorization"]}
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1", headers=headers) as client,
        pool.acquire() as other,
        other.transaction(),
    ):
        await other.execute("LOCK TABLE hazard IN ACCESS EXCLUSIVE MODE")
        answer = await client.get("/hazards")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:lifeline:problem:overdue")
    assert (await officer.get("/hazards")).status_code == 200
    assert await pool.fetchval("SHOW statement_timeout") == "0"


async def test_no_free_connection_is_said(pool: asyncpg.Pool, officer: httpx.AsyncClient) -> None:
    app = create_app(pool, acquire_timeout_s=0.05)
    borrowed = [await pool.acquire() for _ in range(pool.get_max_size())]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1") as client:
        answer = await client.get("/kinds", headers={"Authorization": officer.headers["authorization"]})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:lifeline:problem:unreachable")
    for connection in borrowed:
        await pool.release(connection)
    assert (await officer.get("/kinds")).status_code == 200
