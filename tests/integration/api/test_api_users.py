"""Users and keys as an administrator keeps them, what is recorded of it, and changes that meet."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from api.app import create_app

NEW = {"name": "wang", "role": "officer", "full_name": "王敏"}


async def test_a_user_is_added_changed_and_disabled(everybody: dict[str, httpx.AsyncClient], county: Any) -> None:
    desk = everybody["administrator"]
    made = await desk.post("/users", json=NEW)
    assert (made.status_code, made.json()["name"]) == (201, "wang")
    assert (await desk.post("/users", json=NEW)).status_code == 409
    shown = await desk.get("/users/wang")
    assert (shown.json()["role"], shown.json()["must_change_password"]) == ("officer", True)
    change = {"role": "squad", "squad_id": "gas-1", "full_name": "王敏"}
    assert (await desk.put("/users/wang", json=change)).status_code == 428
    assert (await desk.put("/users/wang", json=change, headers={"If-Match": '"99"'})).status_code == 412
    changed = await desk.put("/users/wang", json=change, headers={"If-Match": shown.headers["etag"]})
    assert (changed.status_code, changed.json()["squad_id"]) == (200, "gas-1")
    assert changed.headers["etag"] != shown.headers["etag"]
    stale = await desk.put("/users/wang", json=change, headers={"If-Match": shown.headers["etag"]})
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:lifeline:problem:outdated")
    listed = (await desk.get("/users?role=squad&limit=1")).json()
    assert listed["items"][0]["name"] == "squad-1"
    assert [
        user["name"] for user in (await desk.get(f"/users?cursor={listed['next_cursor']}&role=squad")).json()["items"]
    ] == ["wang"]


async def test_role_and_squad_go_together(everybody: dict[str, httpx.AsyncClient]) -> None:
    desk = everybody["administrator"]
    for wrong in (
        {**NEW, "role": "squad"},
        {**NEW, "squad_id": "gas-1"},
        {**NEW, "role": "device"},
        {**NEW, "name": "Wang"},
        {**NEW, "name": "x; DROP TABLE account"},
    ):
        assert (await desk.post("/users", json=wrong)).status_code == 422
    assert (await desk.post("/users", json={**NEW, "role": "squad", "squad_id": "none"})).status_code == 409


async def test_whoever_is_disabled_is_out_at_once(everybody: dict[str, httpx.AsyncClient]) -> None:
    desk, officer = everybody["administrator"], everybody["officer"]
    assert (await officer.get("/kinds")).status_code == 200
    change = {"role": "officer", "disabled": True}
    assert (await desk.put("/users/officer-1", json=change, headers={"If-Match": "*"})).status_code == 200
    assert (await officer.get("/kinds")).status_code == 401


async def test_the_last_administrator_stays(everybody: dict[str, httpx.AsyncClient]) -> None:
    desk = everybody["administrator"]
    for change in ({"role": "administrator", "disabled": True}, {"role": "viewer"}):
        answer = await desk.put("/users/administrator-1", json=change, headers={"If-Match": "*"})
        assert answer.status_code == 409
    assert (await desk.get("/users")).status_code == 200


async def test_a_key_has_a_scope_and_an_end(
    everybody: dict[str, httpx.AsyncClient], stranger: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    desk = everybody["administrator"]
    wanted = {"name": "grafana", "role": "viewer", "scopes": ["sensors"], "expires_at": "2026-05-02T00:00:00Z"}
    key = (await desk.post("/keys", json=wanted)).json()["key"]
    header = {"X-API-Key": key}
    assert (await stranger.get("/sensors", headers=header)).status_code == 200
    narrow = await stranger.get("/hazards", headers=header)
    assert (narrow.status_code, "sensors" in narrow.json()["detail"]) == (403, True)
    later = create_app(pool, clock=lambda: datetime(2026, 5, 2, tzinfo=UTC))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(later), base_url="http://hub/api/v1") as client:
        assert (await client.get("/sensors", headers=header)).status_code == 401
    assert key not in str((await desk.get("/keys")).json())
    assert (await desk.delete("/keys/grafana")).status_code == 200
    assert (await stranger.get("/sensors", headers=header)).status_code == 401
    assert (
        await desk.post("/keys", json={**wanted, "name": "old", "expires_at": "2026-04-01T00:00:00Z"})
    ).status_code == 409
    assert (await desk.post("/keys", json={**wanted, "name": "chief", "role": "leader"})).status_code == 422


async def test_every_change_is_on_record_with_before_and_after(
    everybody: dict[str, httpx.AsyncClient], county: Any, pool: asyncpg.Pool
) -> None:
    desk, officer = everybody["administrator"], everybody["officer"]
    answer = await officer.post(f"/tasks/{county.task}/actions/accept", headers={"User-Agent": "test"})
    await desk.post("/users", json=NEW)
    entries = (await desk.get("/audit?subject=task")).json()["items"]
    assert [(entry["actor"], entry["role"], entry["action"]) for entry in entries] == [
        ("user:officer-1", "officer", "act_on_task")
    ]
    assert (entries[0]["before"]["status"], entries[0]["after"]["status"]) == ("ordered", "accepted")
    assert entries[0]["request_id"] == answer.headers["x-request-id"]
    assert entries[0]["address"] == "127.0.0.1"
    [made] = (await desk.get("/audit?subject=account")).json()["items"]
    assert (made["before"], made["after"]["name"]) == (None, "wang")
    assert "password_hash" not in made["after"]
    exported = (await desk.get("/exports/audit")).text.splitlines()
    assert len(exported) == await pool.fetchval("SELECT count(*) FROM audit")
    assert (await desk.get("/audit?actor=user:nobody")).json()["items"] == []


async def test_the_record_can_not_be_changed(everybody: dict[str, httpx.AsyncClient], pool: asyncpg.Pool) -> None:
    await everybody["administrator"].post("/users", json=NEW)
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
            await pool.execute(statement)


async def test_every_table_that_people_change_is_audited(pool: asyncpg.Pool) -> None:
    audited = {
        row[0] for row in await pool.fetch("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audited'")
    }
    tables = {row[0] for row in await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    # History and what machines write has records of its own.
    machine = {
        *("audit", "migration", "process", "notification", "login_failure", "idempotency", "feed"),
        *("channel_test", "stock_entry", "process_sample", "task_photo_image", "console_session"),
    }
    left = {
        table
        for table in tables - audited - machine
        if not table.startswith("reading_") and not table.endswith("_event")
    }
    assert left == set()


async def test_a_repeated_post_is_carried_out_once(everybody: dict[str, httpx.AsyncClient], pool: asyncpg.Pool) -> None:
    desk = everybody["administrator"]
    header = {"Idempotency-Key": "one"}
    first = await desk.post("/users", json=NEW, headers=header)
    again = await desk.post("/users", json=NEW, headers=header)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await desk.post("/users", json={**NEW, "name": "li"}, headers=header)
    assert other.status_code == 409
    failed = await desk.post("/users", json=NEW, headers={"Idempotency-Key": "two"})
    assert failed.status_code == 409
    assert await pool.fetchval("SELECT count(*) FROM account WHERE name IN ('wang', 'li')") == 1


async def test_the_same_request_many_times_at_once_is_carried_out_once(
    everybody: dict[str, httpx.AsyncClient], pool: asyncpg.Pool
) -> None:
    desk = everybody["administrator"]
    answers = await asyncio.gather(
        *(desk.post("/keys", json={"name": "k", "role": "viewer"}, headers={"Idempotency-Key": "k1"}) for _ in range(6))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE subject = 'api_key'") == 1
    settled = await desk.post("/keys", json={"name": "k", "role": "viewer"}, headers={"Idempotency-Key": "k1"})
    assert settled.status_code == 201
    assert settled.json()["key"] in {answer.json().get("key") for answer in answers}
