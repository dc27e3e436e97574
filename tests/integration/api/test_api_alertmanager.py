"""Alarms of other monitors: incidents of source system, once; what is over is noted; what can't be taken is held."""

from typing import Any

import asyncpg
import httpx

ALARM: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "PumpDown", "hazard_type": "gas_leak", "severity": "critical", "place": "三号泵站"},
    "annotations": {"summary": "泵站燃气报警"},
    "startsAt": "2026-05-01T07:58:00.123Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph",
    "fingerprint": "c4f2a1b09d3e7755",
}


def posted(*alarms: dict[str, Any]) -> dict[str, Any]:
    return {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "alerts": list(alarms)}


async def test_an_alarm_is_an_incident_until_a_person_verifies_it(
    everybody: dict[str, httpx.AsyncClient], county: Any, pool: asyncpg.Pool
) -> None:
    platform, officer = everybody["device"], everybody["officer"]
    address = "http://hub/ingress/alertmanager"
    first = await platform.post(address, json=posted(ALARM))
    assert first.json() == {"taken": 1, "repeated": 0, "resolved": 0, "held": 0}, first.text
    assert (await platform.post(address, json=posted(ALARM))).json()["repeated"] == 1
    opened = (await officer.get("/incidents")).json()["items"][0]
    assert (opened["source"], opened["grade"], opened["position"]) == ("system", 1, None)
    assert opened["title"]["zh"].startswith("三号泵站")
    [report] = (await officer.get(f"/incidents/{opened['incident_id']}/reports")).json()["items"]
    assert (report["text"], report["actor"]) == ("泵站燃气报警", "key:platform")
    over = {**ALARM, "status": "resolved", "endsAt": "2026-05-01T07:59:00Z"}
    assert (await platform.post(address, json=posted(over))).json()["resolved"] == 1
    assert (await platform.post(address, json=posted(over))).json()["repeated"] == 1
    shown = (await officer.get(f"/incidents/{opened['incident_id']}")).json()
    assert (shown["events"][-1]["event"], shown["closed_at"]) == ("over", None)


async def test_what_can_not_be_taken_is_held_and_its_neighbours_are_taken(
    everybody: dict[str, httpx.AsyncClient], county: Any
) -> None:
    near = {**ALARM["labels"], "longitude": "112.4001", "latitude": "23.6", "grade": "2"}
    alarms = [
        {**ALARM, "fingerprint": "1", "labels": {"alertname": "DiskFull"}},
        {**ALARM, "fingerprint": "2", "labels": {**near, "latitude": "north"}},
        {**ALARM, "fingerprint": "3", "labels": {**near, "grade": "9"}},
        {**ALARM, "fingerprint": "4", "startsAt": "2020-01-01T00:00:00Z"},
        {**ALARM, "fingerprint": "5", "labels": near},
    ]
    answer = await everybody["device"].post("http://hub/ingress/alertmanager", json=posted(*alarms))
    assert answer.json() == {"taken": 1, "repeated": 0, "resolved": 0, "held": 4}, answer.text
    held = (await everybody["officer"].get("/quarantine")).json()["items"][:4]
    assert all(one["topic"] == "ingress/alertmanager" for one in held)
    assert any("there is no hazard type" in one["reason"] for one in held)
    older = {**posted(), "version": "3"}
    assert (await everybody["device"].post("http://hub/ingress/alertmanager", json=older)).status_code == 422
