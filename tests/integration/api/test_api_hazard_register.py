"""The hazard register over the API: what officers say of a hazard, how things stand, what recurs, how it goes."""

from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

NOW = "2026-05-01T08:00:00Z"


async def say(client: httpx.AsyncClient, number: int, what: str, **body: Any) -> httpx.Response:
    return await client.post(f"/hazards/{number}/{what}", json=body or None)


async def test_what_officers_say_of_a_hazard_is_kept(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    commented = (await say(officer, county.hazard, "comment", reason="已通知燃气公司")).json()
    assert commented["events"][-1]["reason"] == {"zh": "已通知燃气公司", "en": "已通知燃气公司"}
    checked = (await say(officer, county.hazard, "check", note="现场正常")).json()
    assert (checked["checked_at"], checked["cleared_at"]) == (NOW, None)
    called = (await say(officer, county.hazard, "false-alarm", reason="探头受潮")).json()
    assert called["cleared_at"] is None
    dismissed = (await say(officer, county.hazard, "clear", reason="现场已修好")).json()
    words = ["raised", "commented", "checked", "false_alarm", "dismissed"]
    assert [event["event"] for event in dismissed["events"]] == words
    assert {event["actor"] for event in dismissed["events"][1:]} == {"key:duty"}
    row = await pool.fetchrow(
        "SELECT false_alarm_by, dismissed_by, dismissed_at FROM hazard WHERE hazard_id = $1", county.hazard
    )
    assert (row["false_alarm_by"], row["dismissed_by"]) == ("key:duty", "key:duty")
    assert (await say(officer, county.hazard, "clear", reason="again")).json() == dismissed


async def test_a_cleared_hazard_is_only_commented(officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool) -> None:
    before = (await officer.get(f"/hazards/{county.cleared_hazard}")).json()
    assert (await say(officer, county.cleared_hazard, "clear", reason="x")).json() == before
    assert (await say(officer, county.cleared_hazard, "check")).json() == before
    commented = (await say(officer, county.cleared_hazard, "comment", reason="记录")).json()
    assert commented["events"][-1]["grade"] is None


@pytest.mark.parametrize("what", ["comment", "false-alarm", "clear"])
async def test_words_are_needed_and_so_is_the_hazard(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, what: str
) -> None:
    for body in ({}, {"reason": ""}, {"reason": "\u3000"}, {"reason": "x\0"}, {"note": "x"}):
        assert (await say(officer, county.hazard, what, **body)).status_code == 422
    absent = await say(officer, 99999, what, reason="x")
    assert (absent.status_code, "no hazard 99999" in absent.json()["detail"]) == (404, True)
    assert await pool.fetchval("SELECT count(*) FROM hazard_event") == 2


async def test_hazards_are_found_by_place_owner_and_age(
    viewer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    await pool.execute("INSERT INTO grid VALUES ('g-1', '一', 'one', '镇', 'town', '', '', '{}')")
    await pool.execute("UPDATE sensor SET grid_id = 'g-1', owner_unit = '燃气公司' WHERE code = 'GAS-1'")
    await pool.execute(
        "UPDATE hazard SET raised_at = raised_at - interval '1 day' WHERE hazard_id = $1", county.cleared_hazard
    )

    async def found(**query: str) -> list[int]:
        answer = await viewer.get("/hazards", params=query)
        return [hazard["hazard_id"] for hazard in answer.json()["items"]]

    both = [county.cleared_hazard, county.hazard]
    assert await found(grid_id="g-1") == await found(owner_unit="燃气公司") == await found(kind="gas") == both
    assert await found(grid_id="g-2") == await found(owner_unit="水务") == await found(kind="noise") == []
    assert await found(raised_to=NOW) == [county.cleared_hazard]
    assert await found(raised_from=NOW) == [county.hazard]


async def test_the_open_hazards_are_counted_in_five_views(
    viewer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    await pool.execute("UPDATE sensor SET owner_unit = '燃气公司' WHERE code = 'GAS-1'")
    body = (await viewer.get("/register/open")).json()
    assert body["at"] == NOW
    assert {(one["view"], one["name"], one["open"]) for one in body["items"]} == {
        ("grade", "2", 1),
        ("hazard_type", "gas_leak", 1),
        ("grid_id", "", 1),
        ("owner_unit", "燃气公司", 1),
        ("age", "up to 1 h", 1),
    }
    [owner] = (await viewer.get("/register/open?view=owner_unit")).json()["items"]
    assert (owner["unacknowledged"], owner["oldest_at"], owner["worst_grade"]) == (1, NOW, 2)


async def test_what_recurs_and_how_it_goes(
    viewer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, now: Any
) -> None:
    for hours in (1, 2, 30):
        await pool.execute(
            "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
            " raised_at, graded_at, cleared_at) SELECT $1, 'gas_co', min(rule_id), 4, 3, false, '', '', $2, $2, $3"
            " FROM rule",
            county.gas_sensor,
            now - timedelta(hours=hours),
            now - timedelta(hours=hours - 0.5),
        )
    [again] = (await viewer.get("/register/recurrence?days=2")).json()["items"]
    assert (again["sensor"], again["hazard_type"], again["raised"], again["open_s"]) == ("GAS-1", "gas_co", 3, 5400.0)
    assert (await viewer.get("/register/recurrence?days=1")).json()["items"][0]["raised"] == 2
    trend = (await viewer.get("/register/trend?days=3&type=gas_co")).json()["items"]
    assert [(day["day"], day["raised"], day["yellow"], day["cleared"]) for day in trend] == [
        ("2026-04-29", 0, 0, 0),
        ("2026-04-30", 1, 1, 1),
        ("2026-05-01", 2, 2, 2),
    ]
    for last in ("2026-05-02", "0001-01-01"):
        refused = await viewer.get(f"/register/trend?last={last}")
        assert (refused.status_code, refused.json()["errors"][0]["location"]) == (422, "query.last")
    assert len((await viewer.get("/register/trend?last=2026-04-30&days=366")).json()["items"]) == 366
