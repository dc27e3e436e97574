"""Who may do what: every route for a stranger, a viewer and an officer."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from api.access.keys import add_key, revoke_key
from api.app import create_app
from api.errors import Conflict, NotFound
from api.stream.feed import Feed

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
READS = [
    "/kinds",
    "/sensors",
    "/sensors/GAS-1",
    "/sensors/GAS-1/readings",
    "/readings/latest",
    "/hazards",
    "/hazards/{hazard}",
    "/incidents",
    "/incidents/{incident}",
    "/tasks",
    "/tasks/{task}",
    "/squads",
    "/notifications",
    "/quarantine",
    "/quarantine/{held}",
]
ACTS = [
    "/hazards/{hazard}/acknowledge",
    "/tasks/{task}/actions/accept",
    "/notifications/{dead}/acknowledge",
    "/notifications/{dead}/retry",
    "/quarantine/{held}/drop",
]
ABSENT = [
    ("GET", "/sensors/NONE"),
    ("GET", "/sensors/NONE/readings"),
    ("GET", "/hazards/999999"),
    ("GET", "/incidents/999999"),
    ("GET", "/tasks/999999"),
    ("GET", "/quarantine/999999"),
    ("POST", "/hazards/999999/acknowledge"),
    ("POST", "/tasks/999999/actions/accept"),
    ("POST", "/notifications/999999/acknowledge"),
    ("POST", "/notifications/999999/retry"),
    ("POST", "/quarantine/999999/drop"),
]


def path(route: str, county: Any) -> str:
    return route.format_map(vars(county))


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:lifeline:problem:")
    assert problem["title"]
    assert len(problem["detail"]) > 10
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


async def test_both_roles_read(viewer: httpx.AsyncClient, officer: httpx.AsyncClient, county: Any) -> None:
    for route in READS:
        for client in (viewer, officer):
            answer = await client.get(path(route, county))
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["cache-control"] == "no-store"


async def test_only_an_officer_acts(
    viewer: httpx.AsyncClient, officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    state = (
        "SELECT (SELECT acknowledged_at FROM hazard WHERE hazard_id = $1), (SELECT status FROM task), (SELECT status"
    )
    state += (
        " FROM quarantine WHERE quarantine_id = $2), received_at, dead_at FROM notification WHERE channel = 'pager'"
    )
    for route in ACTS:
        before = await pool.fetchrow(state, county.hazard, county.held)
        problem = assert_problem(await viewer.post(path(route, county)), 403)
        assert "officer" in problem["detail"]
        assert await pool.fetchrow(state, county.hazard, county.held) == before
        assert (await officer.post(path(route, county))).status_code == 200
        assert await pool.fetchrow(state, county.hazard, county.held) != before


STRANGE: list[dict[str, str]] = [
    {},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Basic ZHV0eTpkdXR5"},
    {"Authorization": "Bearer ' OR 1=1 --"},
    {"X-API-Key": "wrong"},
    {"X-API-Key": "ä"},
    {"X-API-Key": "", "Authorization": ""},
]


async def test_whoever_has_no_valid_key_gets_the_same_401(stranger: httpx.AsyncClient, county: Any) -> None:
    requests = [("GET", route) for route in READS] + [("POST", route) for route in ACTS] + ABSENT
    bodies = []
    for headers in STRANGE:
        encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        for method, route in requests:
            answer = await stranger.request(method, path(route, county), headers=encoded)
            problem = assert_problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
            bodies.append({key: value for key, value in problem.items() if key != "request_id"})
    assert all(body == bodies[0] for body in bodies)
    assert "X-API-Key" in bodies[0]["detail"]


async def test_the_key_comes_before_any_other_check(stranger: httpx.AsyncClient) -> None:
    assert_problem(await stranger.get("/hazards?grade=9&nonsense=1"), 401)
    headers = {"content-type": "application/json"}
    assert_problem(await stranger.post("/hazards/0/acknowledge", content=b"{", headers=headers), 401)


async def test_role_comes_before_validation(viewer: httpx.AsyncClient) -> None:
    assert_problem(await viewer.post("/tasks/0/actions/dance"), 403)


async def test_what_is_not_there_is_404(officer: httpx.AsyncClient) -> None:
    for method, route in ABSENT:
        problem = assert_problem(await officer.request(method, route), 404)
        assert "999999" in problem["detail"] or "NONE" in problem["detail"]


async def test_an_api_key_header_does_as_well(stranger: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    key = await add_key(pool, "script", "viewer", NOW)
    assert (await stranger.get("/kinds", headers={"X-API-Key": key})).status_code == 200
    assert (await stranger.get("/kinds", headers={"Authorization": f"bearer {key}"})).status_code == 200
    both = {"X-API-Key": key, "Authorization": f"Bearer {key}"}
    assert (await stranger.get("/kinds", headers=both)).status_code == 200
    for doubt in ({**both, "X-API-Key": "other"}, {**both, "Authorization": "Basic ZHV0eTpkdXR5"}):
        assert_problem(await stranger.get("/kinds", headers=doubt), 401)


async def test_a_key_that_another_process_revoked_is_worth_nothing_a_second_later(pool: asyncpg.Pool) -> None:
    times = [NOW]
    app = create_app(pool, clock=lambda: times[-1])
    key = await add_key(pool, "script", "officer", NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1") as client:
        client.headers["X-API-Key"] = key
        assert (await client.get("/kinds")).status_code == 200
        await revoke_key(pool, "script", NOW)
        times.append(NOW + timedelta(seconds=1))
        assert_problem(await client.get("/kinds"), 401)
    with pytest.raises(NotFound):
        await revoke_key(pool, "script", NOW)
    with pytest.raises(Conflict):
        await add_key(pool, "script", "officer", NOW)


async def test_a_key_is_worth_nothing_once_the_feed_has_heard_that_it_was_revoked(pool: asyncpg.Pool) -> None:
    feed = Feed()
    app = create_app(pool, clock=lambda: NOW, feed=feed)
    key = await add_key(pool, "script", "officer", NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1") as client:
        client.headers["X-API-Key"] = key
        assert (await client.get("/kinds")).status_code == 200
        await revoke_key(pool, "script", NOW)
        feed.end_all()  # what it does when it is notified
        assert_problem(await client.get("/kinds"), 401)


async def test_only_the_hash_of_a_key_is_stored(pool: asyncpg.Pool) -> None:
    key = await add_key(pool, "script", "officer", NOW)
    row = await pool.fetchrow("SELECT * FROM api_key WHERE name = 'script'")
    assert row is not None
    assert row["key_sha256"] == hashlib.sha256(key.encode()).digest()
    assert key not in str(dict(row))


async def test_two_apps_live_side_by_side(pool: asyncpg.Pool, county: Any) -> None:
    early = create_app(pool, clock=lambda: NOW)
    late = create_app(pool, clock=lambda: NOW.replace(year=2027), stale_after_s=60)
    answers = []
    for app in (early, late):
        assert isinstance(app, FastAPI)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            answers.append((await client.get("/api/v1/health")).status_code)
    assert answers == [200, 503]
