"""Work on an incident over the API: another squad, permits, reports, the review, key figures, exercises."""

from datetime import timedelta
from typing import Any

import asyncpg
import httpx
from county_support import NOW

from dispatch import dispatcher

OTHER = "UPDATE squad SET duty_start = '00:00', duty_end = '00:00' WHERE squad_id = 'road-1'"


async def test_an_officer_sends_another_squad(
    everybody: dict[str, httpx.AsyncClient], county: Any, pool: asyncpg.Pool
) -> None:
    officer = everybody["officer"]
    listed = (await officer.get(f"/tasks/{county.task}/candidates")).json()["items"]
    assert [(one["squad_id"], one["why"], one["ordered"], one["may_be_sent"]) for one in listed] == [
        ("gas-1", "best", True, False),
        ("road-1", "lacks_skill", False, False),
    ]
    assert listed[0]["arrival_s"] == 120
    address = f"/tasks/{county.task}/decisions/reassign"
    body = {"squad_id": "road-1", "reason": "电话已确认"}
    assert "off duty" in (await officer.post(address, json=body)).text
    await pool.execute(OTHER)
    await pool.execute(  # the order went out, so it has to be called off
        "INSERT INTO notification (key, kind, task_id, channel, recipient, body, created_at, attempts, sent_at)"
        " VALUES ('order-' || $1::bigint, 'order', $1, 'mqtt', 'gas-1', '{}', $2, 1, $2)",
        county.task,
        NOW,
    )
    sent = await officer.post(address, json=body)
    assert sent.status_code == 200, sent.text
    task = sent.json()
    assert (task["squad_id"], task["status"], task["events"][0]["actor"]) == ("road-1", "ordered", "user:officer-1")
    assert "电话已确认" in task["decision"]["reason"]["zh"]
    before = (await officer.get(f"/tasks/{county.task}")).json()
    assert (before["status"], before["ended_for"]) == ("cancelled", "reassigned")
    kinds = await pool.fetch("SELECT kind, recipient FROM notification WHERE channel = 'mqtt' ORDER BY notification_id")
    assert [tuple(row) for row in kinds] == [("order", "gas-1"), ("cancelled", "gas-1"), ("order", "road-1")]
    case = (await officer.get(f"/incidents/{county.incident}")).json()
    assert case["stage"] == "dispatched"
    await dispatcher.run_once(pool, NOW + timedelta(seconds=5))
    assert (await officer.get(f"/tasks/{task['task_id']}")).json()["status"] == "ordered"  # the hub leaves it so
    for wrong, status in (("nobody", 404), ("road-1", 409)):
        again = await officer.post(f"/tasks/{task['task_id']}/decisions/reassign", json={**body, "squad_id": wrong})
        assert again.status_code == status, again.text
    await officer.post(f"/tasks/{task['task_id']}/actions/on_scene")
    back = {**body, "squad_id": "gas-1"}
    assert (await officer.post(f"/tasks/{task['task_id']}/decisions/reassign", json=back)).status_code == 409


async def test_a_crew_asks_whether_it_may_enter(
    everybody: dict[str, httpx.AsyncClient], county: Any, store_readings: Any
) -> None:
    member = everybody["squad"]
    address = f"/tasks/{county.task}/permits"
    assert (await member.post(address)).status_code == 409
    await member.post(f"/tasks/{county.task}/actions/on_scene")
    assert (await member.post(address)).json()["verdict"] == "unknown"
    good = {"o2_pct_vol": 20.8, "ch4_lel_pct": 1.0, "h2s_mg_m3": 0.0, "co_mg_m3": 0.0}
    await store_readings("gas", [{"sensor_id": county.gas_sensor, "time": NOW - timedelta(minutes=1), **good}])
    granted = (await member.post(address)).json()
    assert (granted["verdict"], granted["valid_until"]) == ("granted", "2026-05-01T08:14:00Z")
    assert {reading["quantity"] for reading in granted["readings"]} == set(good)
    assert [one["verdict"] for one in (await member.get(address)).json()["items"]] == ["granted", "unknown"]
    standing = (await everybody["viewer"].get("/permits?standing=true")).json()["items"]
    assert [one["permit_id"] for one in standing] == [granted["permit_id"]]


async def test_reports_and_the_review_of_an_incident(
    everybody: dict[str, httpx.AsyncClient], county: Any, store_readings: Any
) -> None:
    officer, address = everybody["officer"], f"/incidents/{county.incident}"
    filed = await officer.post(f"{address}/situation-reports", json={"text": "抢修队已到场"})
    assert (filed.json()["kind"], filed.json()["due_at"]) == ("first", "2026-05-01T08:20:00Z")
    response = (await officer.get(f"{address}/response")).json()
    assert (response["report_kind"], response["report_due_at"]) == ("follow_up", "2026-05-01T09:00:00Z")
    assert (response["plan_revision"], response["roles"][0]["squad_id"]) == (1, "gas-1")
    await store_readings("gas", [{"sensor_id": county.gas_sensor, "time": NOW, "ch4_lel_pct": 52.5}])
    review = (await officer.get(f"{address}/review")).json()
    assert review["key_times"]["detected"] == "2026-05-01T08:00:00Z"
    assert {"report", "task", "hazard"} <= {entry["of"] for entry in review["timeline"]}
    assert review["traces"][0]["values"] == [52.5]
    page = await officer.get(f"{address}/review/page")
    assert page.headers["content-type"].startswith("text/html")
    assert "<svg" in page.text
    assert (await officer.get("/incidents/99/review")).status_code == 404


async def test_key_figures_come_with_their_definitions(
    everybody: dict[str, httpx.AsyncClient], county: Any, pool: asyncpg.Pool
) -> None:
    shown = (await everybody["viewer"].get("/kpis?by=squad&to=2026-05-02T00:00:00Z")).json()
    [group] = shown["groups"]
    assert (group["group"], group["incidents"], group["handling_rate"]) == ("gas-1", 1, 0.0)
    assert {one["name"] for one in shown["definitions"]} == set(group) - {"group", "incidents"}
    assert shown["from"] == "2026-04-02T00:00:00Z"
    assert (await everybody["viewer"].get("/kpis?from=2026-05-02T00:00:00Z")).status_code == 422
    orders = (await everybody["viewer"].get(f"/work-orders/{county.order}")).json()
    assert (orders["open_items"], orders["sensors"][0]["sensor"]) == (1, "GAS-1")
    for sensor, wanted in (("GAS-1", [county.order]), ("GAS-9", [])):
        listed = (await everybody["viewer"].get(f"/work-orders?sensor={sensor}")).json()["items"]
        assert [one["work_order_id"] for one in listed] == wanted


async def test_an_exercise_is_paused_resumed_and_ended(
    everybody: dict[str, httpx.AsyncClient], county: Any, pool: asyncpg.Pool
) -> None:
    officer = everybody["officer"]
    number = await pool.fetchval(
        "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at)"
        " VALUES ('flood', '内涝', 'flood', 1, 'running', $1) RETURNING exercise_id",
        NOW,
    )
    await pool.execute("INSERT INTO exercise_squad VALUES ($1, 'gas-1')", number)
    twin = await pool.fetchval(
        "INSERT INTO incident (kind, hazard_type, grade, stage, skill, title_zh, title_en, opened_at, exercise_id)"
        " VALUES ('gas', 'gas_leak', 3, 'dispatched', 'gas', '演练', 'drill', $1, $2) RETURNING incident_id",
        NOW,
        number,
    )
    task = await pool.fetchval(
        "INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)"
        " VALUES ($1, 'gas-1', 'ordered', '{}', $2, $2) RETURNING task_id",
        twin,
        NOW,
    )
    assert (await officer.get(f"/tasks/{task}")).status_code == 404
    paused = await officer.post(f"/exercises/{number}/pause", json={"reason": "雷暴"})
    assert (paused.json()["status"], paused.json()["pause_reason"]) == ("paused", "雷暴")
    assert await pool.fetchval("SELECT status FROM task WHERE task_id = $1", task) == "cancelled"
    assert (await officer.post(f"/exercises/{number}/pause", json={"reason": "雷暴"})).status_code == 409
    assert (await officer.post(f"/exercises/{number}/resume")).json()["status"] == "running"
    ended = (await officer.post(f"/exercises/{number}/end")).json()
    assert (ended["status"], ended["ended_at"], ended["report"]) == ("ended", "2026-05-01T08:00:00Z", None)
    assert (await officer.post(f"/exercises/{number}/end")).status_code == 409
    assert (await officer.post("/exercises/99/end")).status_code == 404
