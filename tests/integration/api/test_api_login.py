"""Logging in, staying logged in, logging out, and everything that must not work."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from api.access.accounts import Details, add_account, first_administrator, reset_password
from api.access.throttle import Limits, Rate
from api.app import create_app

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
PASSWORD = "seven herons over the Sui river"
_MANY = Rate(10**6, 10**6)


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hub(pool: asyncpg.Pool, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(pool, clock=clock, limits=Limits(_MANY, _MANY, _MANY, _MANY))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1") as client:
        yield client


async def add(pool: asyncpg.Pool, name: str, role: Any = "officer") -> str:
    async with pool.acquire() as connection:
        return await add_account(connection, name, Details(role), START)


async def enter(hub: httpx.AsyncClient, name: str, password: str) -> dict[str, Any]:
    answer = await hub.post("/auth/login", json={"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def bearing(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


@pytest.fixture
async def wang(pool: asyncpg.Pool, hub: httpx.AsyncClient) -> dict[str, Any]:
    """An officer who has set a password and logged in."""
    return await enter(hub, "wang", await add_with_password(pool, hub, "wang"))


async def add_with_password(pool: asyncpg.Pool, hub: httpx.AsyncClient, name: str) -> str:
    one_time = await add(pool, name)
    tokens = await enter(hub, name, one_time)
    answer = await hub.post("/auth/password", json={"old": one_time, "new": PASSWORD}, headers=bearing(tokens))
    assert answer.status_code == 200, answer.text
    return PASSWORD


async def test_a_one_time_password_is_good_for_setting_another(pool: asyncpg.Pool, hub: httpx.AsyncClient) -> None:
    one_time = await add(pool, "wang")
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", one_time)
    tokens = await enter(hub, "wang", one_time)
    assert tokens["must_change_password"] is True
    refused = await hub.get("/incidents", headers=bearing(tokens))
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:lifeline:problem:password-change-needed")
    for weak in ("short", "wangwangwangwang", "aaaaaaaaaaaaaaaa", one_time):
        answer = await hub.post("/auth/password", json={"old": one_time, "new": weak}, headers=bearing(tokens))
        assert answer.status_code in (401, 422)
    assert (
        await hub.post("/auth/password", json={"old": one_time, "new": PASSWORD}, headers=bearing(tokens))
    ).json() == {"ended": 1}
    assert (await hub.get("/auth/me", headers=bearing(tokens))).status_code == 401
    assert (await hub.post("/auth/login", json={"name": "wang", "password": one_time})).status_code == 401
    tokens = await enter(hub, "wang", PASSWORD)
    assert (await hub.get("/incidents", headers=bearing(tokens))).status_code == 200
    me = (await hub.get("/auth/me", headers=bearing(tokens))).json()
    assert (me["name"], me["role"], me["sort"]) == ("wang", "officer", "user")


async def test_an_access_token_ends_and_a_refresh_token_is_good_once(
    hub: httpx.AsyncClient, wang: dict[str, Any], clock: Clock
) -> None:
    clock.pass_by(minutes=9.9)
    assert (await hub.get("/kinds", headers=bearing(wang))).status_code == 200
    clock.pass_by(minutes=0.2)
    assert (await hub.get("/kinds", headers=bearing(wang))).status_code == 401
    answer = await hub.post("/auth/refresh", json={"refresh_token": wang["refresh_token"]})
    second = answer.json()
    assert (await hub.get("/kinds", headers=bearing(second))).status_code == 200
    # Whoever copied the first refresh token uses it now: the whole session ends, for both.
    stolen = await hub.post("/auth/refresh", json={"refresh_token": wang["refresh_token"]})
    assert (stolen.status_code, stolen.json()["type"]) == (401, "urn:lifeline:problem:wrong-credentials")
    assert (await hub.get("/kinds", headers=bearing(second))).status_code == 401
    assert (await hub.post("/auth/refresh", json={"refresh_token": second["refresh_token"]})).status_code == 401


async def test_a_session_ends_unused_and_after_a_week(
    hub: httpx.AsyncClient, wang: dict[str, Any], clock: Clock
) -> None:
    token = wang["refresh_token"]
    for _ in range(14):
        clock.pass_by(hours=11.9)
        answer = await hub.post("/auth/refresh", json={"refresh_token": token})
        assert answer.status_code == 200, answer.text
        token = answer.json()["refresh_token"]
    clock.pass_by(hours=2)
    assert (await hub.post("/auth/refresh", json={"refresh_token": token})).status_code == 401
    idle = await enter(hub, "wang", PASSWORD)
    clock.pass_by(hours=12.1)
    assert (await hub.post("/auth/refresh", json={"refresh_token": idle["refresh_token"]})).status_code == 401


async def test_logging_out_here_and_everywhere(hub: httpx.AsyncClient, wang: dict[str, Any]) -> None:
    phone, desk = [await enter(hub, "wang", PASSWORD) for _ in range(2)]
    listed = (await hub.get("/auth/sessions", headers=bearing(desk))).json()["items"]
    assert len(listed) == 3
    assert {session["address"] for session in listed} == {"127.0.0.1"}
    ended = await hub.delete(f"/auth/sessions/{phone['refresh_token'].partition('.')[0]}", headers=bearing(desk))
    assert ended.json() == {"ended": 1}
    assert (await hub.get("/auth/me", headers=bearing(phone))).status_code == 401
    assert (await hub.post("/auth/logout", headers=bearing(wang))).json() == {"ended": 1}
    assert (await hub.post("/auth/refresh", json={"refresh_token": wang["refresh_token"]})).status_code == 401
    await enter(hub, "wang", PASSWORD)
    assert (await hub.post("/auth/logout-everywhere", headers=bearing(desk))).json() == {"ended": 2}
    assert (await hub.get("/auth/me", headers=bearing(desk))).status_code == 401


async def test_nobody_elses_session_can_be_ended(
    pool: asyncpg.Pool, hub: httpx.AsyncClient, wang: dict[str, Any]
) -> None:
    li = await enter(hub, "li", await add_with_password(pool, hub, "li"))
    session_id = li["refresh_token"].partition(".")[0]
    assert (await hub.delete(f"/auth/sessions/{session_id}", headers=bearing(wang))).status_code == 404
    assert (await hub.get("/auth/me", headers=bearing(li))).status_code == 200


async def test_wrong_passwords_lock_the_name_for_that_address_only(
    pool: asyncpg.Pool, hub: httpx.AsyncClient, wang: dict[str, Any], clock: Clock
) -> None:
    answers = {}
    for name in ("wang", "nobody"):
        tries = [await hub.post("/auth/login", json={"name": name, "password": "x" * 12}) for _ in range(6)]
        answers[name] = [(answer.status_code, answer.json()["detail"]) for answer in tries]
        assert tries[-1].headers["retry-after"] == "900"
    assert [status for status, _ in answers["wang"]] == [401] * 5 + [429]
    assert answers["wang"] == answers["nobody"]  # whether there is such a user is not told
    assert (await hub.post("/auth/login", json={"name": "wang", "password": PASSWORD})).status_code == 429
    elsewhere = create_app(pool, clock=clock)
    transport = httpx.ASGITransport(elsewhere, client=("10.8.0.17", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1") as other:
        await enter(other, "wang", PASSWORD)
    clock.pass_by(minutes=15.1)
    await enter(hub, "wang", PASSWORD)


async def test_a_reset_lifts_the_lock_and_ends_sessions(
    pool: asyncpg.Pool, hub: httpx.AsyncClient, wang: dict[str, Any], clock: Clock
) -> None:
    for _ in range(6):
        await hub.post("/auth/login", json={"name": "wang", "password": "x" * 12})
    async with pool.acquire() as connection:
        one_time = await reset_password(connection, "wang", clock())
    assert (await hub.get("/auth/me", headers=bearing(wang))).status_code == 401
    assert (await enter(hub, "wang", one_time))["must_change_password"] is True


async def test_the_first_administrator_is_made_once(pool: asyncpg.Pool, hub: httpx.AsyncClient) -> None:
    password = await first_administrator(pool, START)
    assert password is not None
    assert await first_administrator(pool, START) is None
    tokens = await enter(hub, "admin", password)
    assert (await hub.get("/auth/me", headers=bearing(tokens))).json()["role"] == "administrator"
    row = dict(await pool.fetchrow("SELECT * FROM account"))
    assert row["password_hash"].startswith("$argon2id$")
    assert password not in str(row)


async def test_no_token_is_stored(pool: asyncpg.Pool, wang: dict[str, Any]) -> None:
    rows = str([dict(row) for row in await pool.fetch("SELECT * FROM session")])
    assert wang["access_token"] not in rows
    assert wang["refresh_token"].partition(".")[2] not in rows


async def test_too_many_requests_are_told_when_to_come_back(
    pool: asyncpg.Pool, clock: Clock, hub: httpx.AsyncClient, wang: dict[str, Any]
) -> None:
    app = create_app(pool, clock=clock, limits=Limits(caller=Rate(3, 0.5), refused=Rate(2, 0.1), login=Rate(1, 0.1)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1") as client:
        statuses = [(await client.get("/kinds", headers=bearing(wang))).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        clock.pass_by(seconds=2)
        assert (await client.get("/kinds", headers=bearing(wang))).status_code == 200
        strange = [await client.get("/kinds", headers={"X-API-Key": "x"}) for _ in range(3)]
        assert [answer.status_code for answer in strange] == [401, 401, 429]
        assert strange[-1].headers["retry-after"] == "10"
        for status in (401, 429):
            answer = await client.post("/auth/login", json={"name": "x", "password": "y"})
            assert answer.status_code == status
