"""Incidents as people handle them: taken in, moved on, returned, verified, appealed, merged, split."""

from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

Clients = dict[str, httpx.AsyncClient]
NOW = "2026-05-01T08:00:00Z"
CALL = {
    "source": "hotline",
    "hazard_type": "gas_smell",
    "grade": 3,
    "place": "中华路 12 号",
    "text": "闻到燃气味",
    "position": {"longitude": 112.5, "latitude": 23.7},
    "reference": "12319-1",
}


async def report(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/incidents", json={**CALL, **changes})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/v1/incidents/{answer.json()['incident_id']}"
    taken: dict[str, Any] = answer.json()
    return taken


async def act(client: httpx.AsyncClient, number: int, way: str, **body: Any) -> httpx.Response:
    return await client.post(f"/incidents/{number}/{way}", json=body or None)


async def test_a_call_opens_an_incident_and_a_second_one_joins_it(officer: httpx.AsyncClient, county: Any) -> None:
    first = await report(officer)
    assert (first["opened"], first["repeated"]) == (True, False)
    second = await report(officer, source="police", reference="110-7", grade=2)
    assert second == {"incident_id": first["incident_id"], "opened": False, "repeated": False}
    again = await report(officer)
    assert again == {"incident_id": first["incident_id"], "opened": False, "repeated": True}
    shown = (await officer.get(f"/incidents/{first['incident_id']}")).json()
    assert (shown["source"], shown["grade"], shown["stage"]) == ("hotline", 2, "reported")
    assert shown["title"]["zh"] == "中华路 12 号 燃气异味"
    page = (await officer.get(f"/incidents/{first['incident_id']}/reports?limit=1")).json()
    assert page["items"][0].items() >= {**CALL, "actor": "key:duty", "reported_at": NOW}.items()
    rest = await officer.get(f"/incidents/{first['incident_id']}/reports", params={"cursor": page["next_cursor"]})
    assert [one["reference"] for one in rest.json()["items"]] == ["110-7"]


async def test_a_report_is_taken_once_under_its_key(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    sent = {key: value for key, value in CALL.items() if key != "reference"}
    first = await officer.post("/incidents", json=sent, headers={"Idempotency-Key": "call-1"})
    again = await officer.post("/incidents", json=sent, headers={"Idempotency-Key": "call-1"})
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, first.json(), "true")
    assert again.headers["location"] == first.headers["location"]
    other = await officer.post("/incidents", json={**sent, "grade": 1}, headers={"Idempotency-Key": "call-1"})
    assert other.status_code == 409
    for key in ("", "a b", "k" * 65):
        refused = await officer.post("/incidents", json=sent, headers={"Idempotency-Key": key})
        assert (refused.status_code, "Idempotency-Key" in refused.json()["detail"]) == (422, True)
    assert await pool.fetchval("SELECT count(*) FROM incident_report") == 1
    (entry,) = await pool.fetch("SELECT actor, action FROM audit WHERE subject = 'incident_report'")
    assert (entry["actor"], entry["action"]) == ("key:duty", "report_incident")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"hazard_type": "flying_saucer"}, "gas_smell"),
        ({"grid_id": "nowhere"}, "nowhere"),
        ({"place": " \u3000"}, "body.place"),
        ({"text": ""}, "body.text"),
        ({"grade": 5}, "body.grade"),
        ({"reported_at": "2026-05-02T08:00:00Z"}, "reported_at"),
        ({"reported_at": "0001-01-01T00:00:00Z"}, "reported_at"),
        ({"position": {"longitude": 200, "latitude": 0}}, "body.position.longitude"),
        ({"reference": ""}, "body.reference"),
        ({"source": "rumour"}, "body.source"),
    ],
)
async def test_a_report_that_cannot_be_is_refused(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, change: dict[str, Any], named: str
) -> None:
    answer = await officer.post("/incidents", json={**CALL, **change})
    assert (answer.status_code, named in answer.text) == (422, True), answer.text
    assert await pool.fetchval("SELECT count(*) FROM incident_report") == 0


async def test_an_incident_goes_its_way_by_hand(officer: httpx.AsyncClient, county: Any) -> None:
    number = (await report(officer))["incident_id"]
    stages = []
    for way in ("file", "feed_back", "verify", "close"):
        answer = await act(officer, number, f"actions/{way}", note=way)
        stages.append((answer.status_code, answer.json()["stage"]))
    assert stages == [(200, "filed"), (200, "fed_back"), (200, "verified"), (200, "closed")]
    closed = (await officer.get(f"/incidents/{number}")).json()
    assert (closed["verified_how"], closed["closed_at"]) == ("person", NOW)
    assert [event["event"] for event in closed["events"]] == ["opened", "filed", "fed_back", "verified", "closed"]
    assert closed["events"][1]["detail"] == {"note": "file"}
    again = await act(officer, number, "actions/close")
    assert (again.status_code, again.json()) == (200, closed)


async def test_sensors_must_agree_unless_an_officer_overrides(officer: httpx.AsyncClient, county: Any) -> None:
    number = county.incident
    assert (await act(officer, number, "actions/verify")).status_code == 409
    assert (await act(officer, number, "actions/feed_back")).json()["stage"] == "fed_back"
    refused = await act(officer, number, "actions/verify")
    assert (refused.status_code, "override with a reason" in refused.json()["detail"]) == (409, True)
    assert (await act(officer, number, "decisions/override")).status_code == 422
    assert (await act(officer, number, "decisions/override", reason=" ")).status_code == 422
    verified = (await act(officer, number, "decisions/override", reason="探头故障，现场复测正常")).json()
    assert (verified["stage"], verified["verified_how"]) == ("verified", "override")
    assert verified["events"][-1]["detail"]["reason"] == "探头故障，现场复测正常"
    assert verified["events"][-1]["actor"] == "key:duty"


async def test_a_body_that_may_be_left_out_may_be_null(officer: httpx.AsyncClient, county: Any) -> None:
    for body in ("null", ""):
        answer = await officer.post(
            f"/incidents/{county.incident}/acknowledge", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 200, answer.text


async def test_an_incident_comes_back_with_a_reason_or_is_dismissed(officer: httpx.AsyncClient, county: Any) -> None:
    returned = (await act(officer, county.incident, "decisions/return", reason="照片不清")).json()
    assert (returned["stage"], returned["due_at"]) == ("filed", None)
    assert returned["events"][-1]["detail"] == {"reason": "照片不清"}
    dismissed = (await act(officer, county.incident, "decisions/dismiss", reason="重复")).json()
    assert (dismissed["stage"], dismissed["closed_at"]) == ("closed", NOW)
    assert (await act(officer, county.incident, "actions/file")).json() == dismissed
    for number, status in ((99999, 404), (2**53 - 1, 404), (2**53, 422)):
        assert (await act(officer, number, "actions/file")).status_code == status
    assert (await act(officer, county.incident, "actions/dispatch")).status_code == 422


async def test_overtime_is_appealed_by_one_and_decided_by_another(
    everybody: Clients, county: Any, pool: asyncpg.Pool, now: Any
) -> None:
    leader, number = everybody["leader"], county.incident
    early = await act(leader, number, "appeal", reason="堵车")
    assert (early.status_code, "not over its time" in early.json()["detail"]) == (409, True)
    await pool.execute("UPDATE incident SET due_at = $1", now - timedelta(minutes=20))
    overdue = (await leader.get("/clocks/overdue")).json()["items"]
    assert [(one["incident_id"], one["overdue_s"], one["stage"]) for one in overdue] == [(number, 1200.0, "dispatched")]
    assert (await act(leader, number, "appeal", reason="堵车")).json()["appeal"] == "pending"
    own = await act(leader, number, "appeal/decision", granted=True, reason="属实")
    assert own.status_code == 409
    decided = (await act(everybody["approver"], number, "appeal/decision", granted=True, reason="属实")).json()
    assert decided["appeal"] == "granted"
    again = await act(everybody["approver"], number, "appeal/decision", granted=False, reason="再议")
    assert again.status_code == 409


async def test_the_clocks_are_shown(viewer: httpx.AsyncClient, county: Any) -> None:
    clocks = (await viewer.get("/clocks")).json()
    assert clocks["shifts"] == [{"start": "08:00", "end": "12:00"}, {"start": "14:00", "end": "18:00"}]
    assert clocks["limits"][0]["continuous_h"] == 2
    assert "cover_missing" in clocks["limits"][0]["hazards"]
    assert clocks["limits"][-1]["hazards"] == []


async def test_incidents_are_merged_and_split(officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool) -> None:
    number = (await report(officer))["incident_id"]
    merged = (await act(officer, number, "merge", into=county.incident, reason="同一处")).json()
    assert merged["incident_id"] == county.incident
    gone = (await officer.get(f"/incidents/{number}")).json()
    assert (gone["stage"], gone["merged_into"]) == ("closed", county.incident)
    moved = (await officer.get(f"/incidents/{county.incident}/reports")).json()["items"]
    assert [one["reference"] for one in moved] == ["12319-1"]
    assert (await act(officer, number, "merge", into=county.incident)).status_code == 409
    assert (await act(officer, county.incident, "merge", into=99999)).status_code == 404
    answer = await act(officer, county.incident, "split", hazard_ids=[county.hazard], reason="另一处")
    split = answer.json()
    assert (answer.status_code, split.get("stage")) == (201, "reported"), split
    assert [hazard["hazard_id"] for hazard in split["hazards"]] == [county.hazard]
    whole = await act(officer, county.incident, "split", hazard_ids=[county.cleared_hazard])
    assert whole.status_code == 409
    assert (await act(officer, county.incident, "split", hazard_ids=[])).status_code == 422


async def test_the_level_of_the_event_is_set_apart_from_the_grade(officer: httpx.AsyncClient, county: Any) -> None:
    levelled = (await act(officer, county.incident, "event-level", level=1, reason="影响范围大")).json()
    assert (levelled["event_level"], levelled["grade"]) == (1, 2)
    assert levelled["events"][-1]["detail"] == {"level": 1, "reason": "影响范围大"}
    assert (await act(officer, county.incident, "event-level", level=1)).status_code == 422
    assert (await act(officer, 99999, "event-level", level=1, reason="x")).status_code == 404
