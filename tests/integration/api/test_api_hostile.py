"""Input that means harm: refused clearly, nothing changed, nothing told."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import structlog

from api.access.keys import add_key
from api.app import create_app, openapi_document

INJECTIONS = [
    "'; DROP TABLE sensor; --",
    "' OR '1'='1",
    '"; SELECT pg_sleep(9); --',
    "1); DELETE FROM hazard; --",
    "GAS-1' UNION SELECT name, encode(key_sha256, 'hex') FROM api_key --",
    "$1",
    "%s{table}",
    "\\",
    "../../etc/passwd",
    "\u202e\u0000\uffff",
    "９",
    "A" * 3000,
]
TABLES = (
    "sensor",
    "hazard",
    "hazard_event",
    "incident",
    "incident_report",
    "task",
    "task_event",
    "rule",
    "silence",
    "quarantine",
    "api_key",
    "account",
    "session",
    "audit",
    *("squad", "shift", "plan", "store", "stock", "stock_entry", "shelter", "contact", "grid", "permit", "exercise"),
)


async def snapshot(pool: asyncpg.Pool) -> dict[str, list[str]]:
    return {
        table: [str(dict(row)) for row in await pool.fetch(f"SELECT * FROM {table} AS t ORDER BY t::text")]
        for table in TABLES
    }


@dataclass(frozen=True)
class Hostile:
    """A request with harm in one place, and a role that may send its like."""

    role: str
    method: str
    address: str
    body: dict[str, Any] | None = None
    headers: dict[bytes, bytes] = field(default_factory=dict)


def requests_with(text: str, county: Any) -> Iterator[Hostile]:
    """A request for each string, number or word that a route takes, with ``text`` in its place."""
    written = quote(text, safe="")
    plain = {"code": "GAS-1", "hazard_id": county.hazard, "incident_id": county.incident, "task_id": county.task}
    plain |= {
        "quarantine_id": county.held,
        "action": "accept",
        "decision": "return",
        "kind": "gas",
        "hazard_type": "gas_leak",
        "revision": 1,
        "silence_id": county.silence,
        "notification_id": county.dead,
        "exercise_id": county.exercise,
        "format": "native",
        "name": "officer-1",
    }
    plain |= {"warning_id": county.warning, "identifier": "x", "work_order_id": county.order}
    plain |= {"squad_id": "gas-1", "uid": "shift-1", "store_id": "store-1", "item": "blower", "grid_id": "grid-1"}
    plain |= {"shelter_id": "shelter-1", "contact_id": "leader-1", "photo_id": county.photo}
    plain |= {"session_id": "00000000-0000-4000-8000-000000000000"}
    for route, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            role = operation.get("x-roles", ["viewer"])[0]
            filled = route.removeprefix("/api/v1") if route.startswith("/api/v1") else f"http://hub{route}"
            for parameter in operation.get("parameters", []):
                name = parameter["name"]
                if parameter["in"] == "path":
                    address = filled.replace(f"{{{name}}}", written)
                    yield Hostile(role, method.upper(), address.format_map(plain))
                elif parameter["in"] == "query":
                    yield Hostile(role, method.upper(), f"{filled}?{name}={written}".format_map(plain))
                else:
                    header = {name.encode(): text.encode("latin-1", "ignore").replace(b"\0", b"")}
                    yield Hostile(role, method.upper(), filled.format_map(plain), headers=header)
            if "requestBody" in operation:
                yield Hostile(role, method.upper(), filled.format_map(plain), {"note": 1, text: text})


async def test_sql_in_every_field_changes_nothing(
    everybody: dict[str, httpx.AsyncClient], county: Any, pool: asyncpg.Pool
) -> None:
    before = await snapshot(pool)
    tried = 0
    for text in INJECTIONS:
        for wanted in requests_with(text, county):
            answer = await everybody[wanted.role].request(
                wanted.method, wanted.address, json=wanted.body, headers=wanted.headers
            )
            if wanted.method != "GET" or answer.status_code != 200:  # a filter may take any words
                assert answer.status_code in (404, 412, 422, 503), (wanted, answer.text)
                assert answer.headers["content-type"] == "application/problem+json"
            tried += 1
    assert tried > 2000
    assert await snapshot(pool) == before


async def test_sql_in_a_log_in_is_no_way_in(stranger: httpx.AsyncClient, county: Any, pool: asyncpg.Pool) -> None:
    before = await snapshot(pool)
    for text in INJECTIONS:
        for address, body in (
            ("/auth/login", {"name": text[:64], "password": text[:200]}),
            ("/auth/refresh", {"refresh_token": text[:200]}),
        ):
            answer = await stranger.post(address, json=body)
            assert answer.status_code in (401, 422, 429), answer.text
    assert await snapshot(pool) == before


async def test_a_note_is_kept_as_it_is(officer: httpx.AsyncClient, county: Any) -> None:
    note = "'; DROP TABLE sensor; -- <script>alert(1)</script> 深\n第二行"
    body = (await officer.post(f"/hazards/{county.hazard}/acknowledge", json={"note": note})).json()
    assert body["events"][-1]["reason"]["zh"] == note
    answer = await officer.post(f"/tasks/{county.task}/actions/accept", json={"note": note})
    assert answer.json()["events"][-1]["note"] == note


async def test_odd_bodies_are_refused(officer: httpx.AsyncClient, county: Any, pool: asyncpg.Pool) -> None:
    before = await snapshot(pool)
    address = f"/hazards/{county.hazard}/acknowledge"
    bodies: list[tuple[bytes, int]] = [
        (b"{", 422),
        (b'{"note": "\x00"}', 422),
        (b'{"note": "\\u0000"}', 422),
        (b'{"note": "\\ud800"}', 422),
        (b"[]", 422),
        (b'"note"', 422),
        (b'{"note": null}', 422),
        (b'{"note": "' + b"x" * 501 + b'"}', 422),
        (b'{"nota": "x"}', 422),
        (b"\x80abc", 400),
        (b"[" * 30_000, 400),
        (b"1" * 5_000, 400),
        (b" " * 65_537, 413),
    ]
    for body, status in bodies:
        answer = await officer.post(address, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, (body[:40], answer.text)
        problem = answer.json()
        assert (problem["status"], answer.headers["content-type"]) == (status, "application/problem+json")
    assert await snapshot(pool) == before
    assert (await officer.post(address, content=b" " * 65_000 + b"{}")).status_code == 422  # not said to be JSON


async def test_a_body_of_ten_megabytes_is_not_taken_in(officer: httpx.AsyncClient, county: Any) -> None:
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 10_000
            yield b"x" * 10_000

    announced = await officer.post(f"/hazards/{county.hazard}/acknowledge", content=b"x" * 10_000_000)
    streamed = await officer.post(f"/hazards/{county.hazard}/acknowledge", content=chunks())
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert streamed.json()["type"] == "urn:lifeline:problem:body-too-large"
    assert taken < 200_000


async def test_a_body_that_does_not_come_is_not_waited_for(pool: asyncpg.Pool) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    app = create_app(pool, body_timeout_s=0.05)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/api/v1") as client:
        answer = await client.post("/hazards/1/acknowledge", content=never())
    assert (answer.status_code, answer.json()["status"]) == (408, 408)


async def test_addresses_that_are_not_there(viewer: httpx.AsyncClient) -> None:
    for method, address, status in (
        ("GET", "/nothing", 404),
        ("GET", "/sensors/", 404),
        ("GET", "/../../etc/passwd", 404),
        ("DELETE", "/sensors", 405),
        ("PATCH", "/sensors/GAS-1", 405),
        ("GET", "/docs", 404),
    ):
        answer = await viewer.request(method, address)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "/api/v1" in answer.json()["detail"] or "GET" in answer.headers["allow"]


async def test_a_fault_of_the_hub_tells_nothing(pool: asyncpg.Pool, county: Any, officer: httpx.AsyncClient) -> None:
    await pool.execute("DROP SCHEMA everyday CASCADE; ALTER TABLE hazard RENAME COLUMN latched TO stuck")
    app = create_app(pool)
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": officer.headers["authorization"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1", headers=headers) as client:
        with structlog.testing.capture_logs() as log:
            answer = await client.get("/hazards")
    assert answer.status_code == 500
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "request_id"}
    assert "latched" not in answer.text
    assert "Traceback" not in answer.text
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert [line["event"] for line in log] == ["request_failed", "request"]


async def test_the_log_names_the_caller_and_no_secret(pool: asyncpg.Pool, stranger: httpx.AsyncClient) -> None:
    key = await add_key(pool, "script", "viewer", datetime(2026, 5, 1, tzinfo=UTC))
    with structlog.testing.capture_logs() as log:
        await stranger.get("/sensors", headers={"Authorization": f"Bearer {key}"})
        await stranger.get(f"/sensors?key={key}", headers={"X-API-Key": key})
        await stranger.get("/sensors", headers={"X-API-Key": f"{key}x"})
    assert [(line["status"], line["caller"]) for line in log] == [(200, "key:script"), (422, "key:script"), (401, None)]
    assert all(line["method"] == "GET" and line["path"] == "/api/v1/sensors" for line in log)
    assert key not in json.dumps(log, default=str)


async def test_problems_speak_the_language_asked_for(viewer: httpx.AsyncClient) -> None:
    for header, language in (("zh-CN", "zh"), ("en;q=0.5, zh;q=0.9", "zh"), ("en", "en"), ("fr", "en"), ("*", "en")):
        answer = await viewer.get("/hazards?grade=9", headers={"Accept-Language": header})
        problem = answer.json()
        assert answer.headers["content-language"] == language
        assert ("应不大于 4" in problem["errors"][0]["detail"]) == (language == "zh")
        assert problem["errors"][0]["location"] == "query.grade.0"
        assert ("请改正" in problem["detail"]) == (language == "zh")
