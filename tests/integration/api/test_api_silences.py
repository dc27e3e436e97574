"""Silences over the API: made for a time, listed, ended early."""

from typing import Any

import asyncpg
import httpx
import pytest

WORK = {"sensor": "GAS-1", "work_order": "WO-8", "ends_at": "2026-05-01T12:00:00Z", "reason": "换阀门"}


async def test_a_silence_is_made_listed_and_ended(officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool) -> None:
    answer = await officer.post("/silences", json=WORK)
    made = answer.json()
    assert (answer.status_code, made["created_by"], made["starts_at"]) == (201, "key:duty", "2026-05-01T08:00:00Z")
    assert made.items() >= WORK.items()
    await pool.execute("UPDATE hazard SET silence_id = $1", made["silence_id"])
    listed = (await officer.get("/silences")).json()["items"]
    assert [(one["silence_id"], one["hazards"]) for one in listed] == [(made["silence_id"], 1), (county.silence, 0)]
    by_order = (await officer.get("/silences?work_order=WO-7")).json()["items"]
    assert [one["silence_id"] for one in by_order] == [county.silence]
    ended = (await officer.post(f"/silences/{made['silence_id']}/end")).json()
    assert (ended["ends_at"], ended["ended_by"]) == ("2026-05-01T08:00:00Z", "key:duty")
    again = await officer.post(f"/silences/{made['silence_id']}/end")
    assert (again.status_code, "no such silence" in again.json()["detail"]) == (404, True)
    assert [one["silence_id"] for one in (await officer.get("/silences")).json()["items"]] == [county.silence]
    assert len((await officer.get("/silences?over=true")).json()["items"]) == 2
    audited = await pool.fetch("SELECT action FROM audit WHERE subject = 'silence' ORDER BY audit_id")
    assert [row["action"] for row in audited] == ["add_silence", "end_silence"]


async def test_a_silence_is_made_once_under_its_key(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    for _ in range(2):
        answer = await officer.post("/silences", json=WORK, headers={"Idempotency-Key": "wo-8"})
        assert answer.status_code == 201
    assert await pool.fetchval("SELECT count(*) FROM silence") == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sensor": None}, "a sensor, a grid or a kind"),
        ({"sensor": "GAS-9"}, "GAS-9"),
        ({"work_order_id": 99}, "no open work order 99"),
        ({"grid_id": "nowhere"}, "nowhere"),
        ({"ends_at": "2026-05-01T08:00:00Z"}, "within 30 days"),
        ({"ends_at": "9999-12-31T23:59:59Z"}, "within 30 days"),
        ({"reason": " "}, "body.reason"),
        ({"kind": "gaz"}, "body.kind"),
        ({"for_ever": True}, "body.for_ever"),
    ],
)
async def test_a_silence_that_cannot_be_is_refused(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool, change: dict[str, Any], named: str
) -> None:
    answer = await officer.post("/silences", json={**WORK, **change})
    assert (answer.status_code, named in answer.json()["detail"]) == (422, True), answer.text
    assert await pool.fetchval("SELECT count(*) FROM silence") == 1


async def test_a_silence_of_a_work_order_names_it_and_nothing_else(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    order = await pool.fetchval(
        "INSERT INTO work_order (grid_id, day, created_at) VALUES ('new', '2026-05-01', now()) RETURNING work_order_id"
    )
    given = {"work_order_id": order, "ends_at": WORK["ends_at"], "reason": "换电池"}
    answer = await officer.post("/silences", json=given)
    assert (answer.status_code, answer.json()["work_order_id"], answer.json()["sensor"]) == (201, order, None)
    listed = (await officer.get(f"/silences?work_order_id={order}")).json()["items"]
    assert [one["silence_id"] for one in listed] == [answer.json()["silence_id"]]


async def test_silences_are_listed_that_cover_a_sensor_in_whatever_way(
    officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    await pool.execute("UPDATE silence SET ends_at = '2026-05-01T08:00:00Z'")
    await pool.execute("UPDATE sensor SET grid_id = 'grid-1' WHERE code = 'GAS-1'")
    await pool.execute("INSERT INTO sensor (code, kind, grid_id) VALUES ('GAS-2', 'gas', 'grid-1')")
    covering: dict[str, list[int]] = {"GAS-1": [], "GAS-2": [], "NOISE-1": []}
    for what, covered in (
        ({"sensor": "GAS-1"}, ["GAS-1"]),
        ({"grid_id": "grid-1"}, ["GAS-1", "GAS-2"]),
        ({"kind": "noise"}, ["NOISE-1"]),
        ({"grid_id": "grid-1", "kind": "noise"}, []),
        ({"work_order_id": county.order}, ["GAS-1"]),
    ):
        given = {**what, "ends_at": WORK["ends_at"], "reason": "换阀门"}
        made = (await officer.post("/silences", json=given)).json()["silence_id"]
        for code in covered:
            covering[code].insert(0, made)
    for code, wanted in covering.items():
        listed = (await officer.get(f"/silences?sensor={code}")).json()["items"]
        assert [one["silence_id"] for one in listed] == wanted, code
    assert (await officer.get("/silences?sensor=nobody")).json()["items"] == []
