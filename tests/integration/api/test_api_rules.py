"""Rules over the API: looked at, tried, proposed by one person, decided on by another."""

import json
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from alerts.rulebook import in_force

Clients = dict[str, httpx.AsyncClient]
OXYGEN: dict[str, Any] = {
    "title": {"zh": "氧含量异常", "en": "oxygen out of range"},
    "skill": "gas",
    "source": "GBZ 2.1",
    "quantity": "o2_pct_vol",
    "direction": "below",
    "cases": [{"limits": {"yellow": 19.5, "orange": 18}}],
    "off_delay_s": 600,
}


def stricter(limit: float) -> dict[str, Any]:
    return {**OXYGEN, "cases": [{"limits": {"yellow": limit, "orange": 18}}]}


async def propose(client: httpx.AsyncClient, rule: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.post("/rules/proposals", json={"kind": "gas", "hazards": {"oxygen": rule}, "note": "试行"})
    assert answer.status_code == 201, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def decide(client: httpx.AsyncClient, revision: int, way: str, **body: Any) -> httpx.Response:
    return await client.post(f"/rules/gas/oxygen/revisions/{revision}/{way}", json=body or None)


async def test_a_rule_is_proposed_by_one_and_approved_by_another(
    everybody: Clients, pool: asyncpg.Pool, now: Any
) -> None:
    leader = everybody["leader"]
    [proposed] = await propose(leader, OXYGEN)
    assert (proposed["revision"], proposed["state"], proposed["proposed_by"]) == (1, "proposed", "user:leader-1")
    assert (await leader.get("/rules")).json()["items"] == []
    own = await decide(leader, 1, "approve")
    assert (own.status_code, "another person" in own.json()["detail"]) == (403, True)
    approved = (await decide(everybody["approver"], 1, "approve")).json()
    assert (approved["state"], approved["effective_from"]) == ("approved", "2026-05-01T08:00:00Z")
    assert (await leader.get("/rules?kind=gas")).json()["items"] == [approved]
    assert (await leader.get("/rules?kind=noise")).json()["items"] == []
    assert await propose(everybody["officer"], OXYGEN) == []
    assert (await decide(everybody["approver"], 1, "reject")).status_code == 409
    assert (await decide(everybody["approver"], 2, "approve")).status_code == 404
    found = await in_force(pool, now)
    assert found.rules["gas", "oxygen"][1].cases[0].limits == {"yellow": 19.5, "orange": 18.0}
    actions = [row["action"] for row in await pool.fetch("SELECT action FROM audit WHERE subject = 'rule' ORDER BY 1")]
    assert actions == ["approve_rule", "propose_rules"]


async def test_an_approval_may_hold_from_later_on(everybody: Clients, pool: asyncpg.Pool, now: Any) -> None:
    await propose(everybody["officer"], OXYGEN)
    later = await decide(everybody["approver"], 1, "approve", effective_from="2026-05-02T08:00:00+08:00")
    assert later.json()["effective_from"] == "2026-05-02T00:00:00Z"
    assert (await everybody["viewer"].get("/rules")).json()["items"] == []
    assert ("gas", "oxygen") in (await in_force(pool, now + timedelta(days=1))).rules


async def test_revisions_are_listed_by_state(everybody: Clients) -> None:
    for limit in (19.4, 19.3, 19.2):
        await propose(everybody["officer"], stricter(limit))
    await decide(everybody["approver"], 1, "approve")
    rejected = await decide(everybody["approver"], 2, "reject")
    assert (rejected.json()["state"], rejected.json()["rejected_by"]) == ("rejected", "user:approver-1")

    async def numbers(query: str) -> list[int]:
        found = await everybody["viewer"].get(f"/rules/revisions?kind=gas&type=oxygen{query}")
        return [one["revision"] for one in found.json()["items"]]

    assert await numbers("") == [3, 2, 1]
    assert [await numbers(f"&state={state}") for state in ("proposed", "approved", "rejected")] == [[3], [1], [2]]
    first = (await everybody["viewer"].get("/rules/revisions?limit=2")).json()
    rest = await everybody["viewer"].get("/rules/revisions", params={"cursor": first["next_cursor"]})
    assert [one["hazard_type"] for one in rest.json()["items"]] == ["oxygen", "gas_leak"]


async def test_a_proposal_is_shown_beside_what_is_in_force(everybody: Clients) -> None:
    await propose(everybody["officer"], OXYGEN)
    await decide(everybody["approver"], 1, "approve")
    body = {"kind": "gas", "hazards": {"oxygen": stricter(19.0), "gas_co": {**OXYGEN, "quantity": "o2_pct_vol"}}}
    changed, new = (await everybody["approver"].post("/rules/diff", json=body)).json()["items"]
    assert (changed["change"], new["change"]) == ("changed", "new")
    assert "-    yellow: 19.5\n+    yellow: 19.0\n" in changed["diff"]
    [same] = (
        await everybody["approver"].post("/rules/diff", json={"kind": "gas", "hazards": {"oxygen": OXYGEN}})
    ).json()["items"]
    assert (same["change"], same["diff"]) == ("same", "")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"quantity": "depth_m"}, "depth_m"),
        ({"skill": "magic"}, "skill"),
        ({"on_delay_s": {"red": 1e300}}, "30 days"),
        ({"off_delay_s": -1}, "negative"),
        ({"off_delay_s": float("nan")}, "off_delay_s"),
        ({"on_samples": {"red": 2_000}}, "1000"),
        ({"on_samples": {"red": 10**40}}, "can't be kept"),
        ({"source": "\0"}, "can't be kept"),
        ({"source": "\ud800"}, "can't be kept"),
        ({"muted_by": ["gas_leak"]}, "muted_by"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, change: dict[str, Any], named: str
) -> None:
    raw = json.dumps({"kind": "gas", "hazards": {"oxygen": {**OXYGEN, **change}}})
    for way in ("proposals", "diff"):
        answer = await officer.post(f"/rules/{way}", content=raw, headers={"Content-Type": "application/json"})
        assert (answer.status_code, named in answer.json()["detail"]) == (422, True), answer.text
    assert await pool.fetchval("SELECT count(*) FROM rule") == 1


async def test_a_proposal_is_tried_on_stored_readings(
    everybody: Clients, county: Any, store_readings: Any, now: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [20.9, 19.2, 19.2, 20.9, 20.9]
    await store_readings(
        "gas",
        [
            {"sensor_id": county.gas_sensor, "time": now + timedelta(minutes=10 * n), "o2_pct_vol": value}
            for n, value in enumerate(values)
        ],
    )
    await propose(everybody["officer"], stricter(19.0))
    await decide(everybody["approver"], 1, "approve")
    body = {
        "kind": "gas",
        "hazards": {"oxygen": OXYGEN},
        "from": "2026-05-01T00:00:00Z",
        "to": "2026-05-01T12:00:00Z",
    }
    approver = everybody["approver"]
    answer = await approver.post("/rules/backtest", json=body)
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert (result["readings"], result["added_count"], result["dropped_count"]) == (5, 1, 0)
    assert (result["in_force"]["hazards"], result["proposed"]["hazards"], result["proposed"]["tasks"]) == (0, 1, 1)
    assert result["proposed"]["per_day"] == [{"day": "2026-05-01", "grade": 3, "hazards": 1}]
    [found] = result["added"]
    assert (found["sensor"], found["grade"], found["raised_at"]) == ("GAS-1", 3, "2026-05-01T08:10:00Z")
    assert found["cleared_at"] == "2026-05-01T08:40:00Z"
    for times in ({"to": body["from"]}, {"from": "2026-03-01T00:00:00Z"}, {"to": "9999-12-31T23:59:59Z"}):
        refused = await approver.post("/rules/backtest", json={**body, **times})
        assert (refused.status_code, refused.json()["errors"][0]["location"]) == (422, "body.to")
    monkeypatch.setattr("api.rules.trial._MOST_READINGS", 4)
    refused = await approver.post("/rules/backtest", json=body)
    assert (refused.status_code, "over 4 readings" in refused.json()["detail"]) == (422, True)
