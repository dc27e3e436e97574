"""An API on a database with a little of everything in it, and callers of both roles."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import uuid4

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher
from asyncpg.pool import PoolConnectionProxy
from county_support import GRID, NOW, PLAN
from fastapi import FastAPI

from api.access.caller import digest
from api.access.keys import add_key
from api.access.roles import AccountRole, KeyRole
from api.access.throttle import Limits, Rate
from api.app import create_app
from api.stream.feed import Feed
from database.engine import detect_engine, ensure_days
from database.pool import connect
from ingest.kinds import KINDS

_MANY = Rate(10**6, 10**6)
UNLIMITED = Limits(_MANY, _MANY, _MANY, _MANY)
WARNING = {
    "status": "Actual",
    "category": "CBRNE",
    "event_level": 2,
    "warning_level": 2,
    "certainty": "Observed",
    "zh": {"event": "燃气泄漏", "headline": "燃气泄漏橙色预警", "description": "", "instruction": "", "area": "南街"},
    "en": {"event": "Gas leak", "headline": "Orange: gas leak", "description": "", "instruction": "", "area": "Nanjie"},
    "polygon": None,
    "circle": {"center": {"longitude": 112.4, "latitude": 23.6}, "radius_km": 0.3},
    "onset_at": None,
    "expires_at": "2026-05-01T14:00:00Z",
    "contact": "12319",
}
RULE = {
    "title": {"zh": "燃气泄漏", "en": "gas leak"},
    "skill": "gas",
    "source": "test",
    "quantity": "ch4_lel_pct",
    "cases": [{"limits": {"yellow": 25.0, "orange": 50.0}}],
}
PEOPLE: tuple[AccountRole, ...] = get_args(AccountRole)


@dataclass(frozen=True)
class County:
    """Numbers of what ``county`` put into the database."""

    gas_sensor: int
    noise_sensor: int
    hazard: int
    cleared_hazard: int
    incident: int
    task: int
    dead: int
    held: int
    binary: int
    warning: int
    silence: int
    exercise: int
    order: int
    photo: int


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with hardly any work: that the real one is dear is seen in `tests/unit/api/test_api_passwords.py`."""
    monkeypatch.setattr("api.access.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def county(pool: asyncpg.Pool) -> County:
    """Three sensors, two hazards of one incident, a task ordered to a squad, two messages in quarantine."""
    add_sensor = "INSERT INTO sensor (code, kind, name_zh, name_en, longitude, latitude, attributes, provisioned)"
    async with pool.acquire() as connection:
        gas = await connection.fetchval(
            f"{add_sensor} VALUES ('GAS-1', 'gas', '气一', 'gas 1', 112.4, 23.6, $1, false) RETURNING sensor_id",
            {"placement": "closed"},
        )
        noise = await connection.fetchval(
            f"{add_sensor} VALUES ('NOISE-1', 'noise', '声一', 'noise 1', NULL, NULL, '{{}}', true) RETURNING sensor_id"
        )
        await connection.execute(f"{add_sensor} VALUES ('WATER-1', 'waterlogging', '', '', NULL, NULL, '{{}}', false)")
        await connection.execute(
            "INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone)"
            " VALUES ('gas-1', '气队', 'gas squad', '{gas}', 112.4, 23.6, '08:00', '20:00', '0758-1'),"
            " ('road-1', '路队', 'road squad', '{road,cover}', 112.5, 23.7, '20:00', '08:00', '0758-2')"
        )
        rule = await connection.fetchval(
            "INSERT INTO rule (kind, hazard_type, revision, body, source) VALUES ('gas', 'gas_leak', 1, $1, 'test')"
            " RETURNING rule_id",
            RULE,
        )
        incident = await connection.fetchval(
            "INSERT INTO incident (kind, hazard_type, grade, stage, skill, title_zh, title_en, longitude,"
            " latitude, opened_at) VALUES ('gas', 'gas_leak', 2, 'dispatched', 'gas', '气一泄漏', 'leak at gas 1',"
            " 112.4, 23.6, $1) RETURNING incident_id",
            NOW,
        )
        await connection.execute(
            "INSERT INTO incident_event (incident_id, at, event, actor, detail)"
            " VALUES ($1, $2, 'opened', 'engine', $3)",
            incident,
            NOW,
            {"grade": 2},
        )
        hazards = []
        for kind, cleared in (("gas_leak", None), ("low_oxygen", NOW)):
            hazard = await connection.fetchval(
                "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
                " raised_at, graded_at, cleared_at, incident_id)"
                " VALUES ($1, $2, $3, $4, 2, false, '高', 'high', $5, $5, $6, $7) RETURNING hazard_id",
                gas,
                kind,
                rule,
                2 if cleared is None else 3,
                NOW,
                cleared,
                incident,
            )
            await connection.execute(
                "INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)"
                " VALUES ($1, $2, 'raised', 2, '高', 'high', 'engine')",
                hazard,
                NOW,
            )
            hazards.append(hazard)
        task = await connection.fetchval(
            "INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)"
            " VALUES ($1, 'gas-1', 'ordered', $2, $3, $3) RETURNING task_id",
            incident,
            {"chosen": "gas-1"},
            NOW,
        )
        await connection.execute(
            "INSERT INTO task_event (task_id, at, event, actor) VALUES ($1, $2, 'ordered', 'dispatcher')", task, NOW
        )
        dead = await connection.fetchval(
            "INSERT INTO notification (key, task_id, channel, recipient, body, created_at, dead_at, error)"
            " VALUES ('n-1', $1, 'pager', 'leader-1', $2, $3, $3, 'no channel is called pager')"
            " RETURNING notification_id",
            task,
            {"text": {"zh": "通知", "en": "notice"}},
            NOW,
        )
        held = [
            await connection.fetchval(
                "INSERT INTO quarantine (topic, payload, reason, received_at) VALUES ('sensors/x', $1, 'odd', $2)"
                " RETURNING quarantine_id",
                payload,
                NOW,
            )
            for payload in ('{"深":1}'.encode(), b"\xff\x00")
        ]
        warning = await connection.fetchval(
            "INSERT INTO warning (message, state, status, incident_id, event_level, warning_level, entry, drafted_by,"
            " edited_by, drafted_at, expires_at) VALUES ('Alert', 'draft', 'Actual', $1, 2, 2, $2, 'user:zhao',"
            " 'user:zhao', $3, $4) RETURNING warning_id",
            incident,
            WARNING,
            NOW,
            NOW + timedelta(hours=6),
        )
        exercise = await connection.fetchval(
            "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at, ended_at, report)"
            " VALUES ('gas_leak', '燃气泄漏', 'Gas leak', 1, 'ended', $1, $1, $2) RETURNING exercise_id",
            NOW,
            {"wanted": 3, "met": 3},
        )
        await connection.execute("INSERT INTO exercise_squad VALUES ($1, 'gas-1')", exercise)
        silence = await connection.fetchval(
            "INSERT INTO silence (sensor_id, work_order, starts_at, ends_at, reason, created_by, created_at)"
            " VALUES ($1, 'WO-7', $2, $3, '检修', 'user:zhao', $2) RETURNING silence_id",
            noise,
            NOW,
            NOW + timedelta(hours=4),
        )
        order = await prepare(connection, incident, hazards[0])
        await connection.execute(
            "INSERT INTO process (name, pid, started_at, seen_at, ready)"
            " VALUES ('ingest', 1, $1, $1, true), ('dispatch', 2, $1, $1, true)",
            NOW,
        )
        photo = await connection.fetchval(
            "INSERT INTO task_photo (task_id, at, actor, sha256, width, height)"
            " VALUES ($1, $2, 'user:squad-1', '', 4, 3) RETURNING task_photo_id",
            task,
            NOW,
        )
        await connection.execute("INSERT INTO task_photo_image VALUES ($1, 'large', 'small')", photo)
    numbers = (gas, noise, *hazards, incident, task, dead, *held, warning, silence, exercise, order, photo)
    return County(*numbers)


async def prepare(connection: asyncpg.Connection | PoolConnectionProxy, incident: int, hazard: int) -> int:
    """What a county prepares: a plan in force, a person, a store, a shelter, a shift; the number of a work order."""
    await connection.execute(
        "INSERT INTO grid (grid_id, name_zh, name_en, town_zh, town_en, responsible_person, responsible_phone, outline)"
        " VALUES ('grid-1', '一网格', 'cell 1', '南街', 'Nanjie', '李网格', '138', $1)",
        GRID["outline"],
    )
    plan = await connection.fetchval(
        "INSERT INTO plan (hazard_type, revision, body, source, proposed_by, proposed_at, approved_by, approved_at)"
        " VALUES ('gas_leak', 1, $1, 'test', 'county data', $2, 'lifeline init', $2) RETURNING plan_id",
        PLAN,
        NOW,
    )
    await connection.execute(
        "INSERT INTO response (incident_id, plan_id, grade, report_kind, report_due_at, report_clock_at)"
        " VALUES ($1, $2, 2, 'first', $3, $3)",
        incident,
        plan,
        NOW + timedelta(minutes=20),
    )
    await connection.execute(
        "INSERT INTO response_role VALUES ($1, 'handle', 'gas', true, false, '处置', 'handle it')", incident
    )
    await connection.execute(
        "INSERT INTO contact (contact_id, name_zh, name_en, person) VALUES ('leader-1', '带班', 'leader', 'leader')"
    )
    await connection.execute("INSERT INTO store VALUES ('store-1', '仓库', 'store', 112.4, 23.6, '')")
    await connection.execute("INSERT INTO stock VALUES ('store-1', 'blower', '风机', 'blower', '台', 4, 1)")
    await connection.execute(
        "INSERT INTO shelter (shelter_id, name_zh, name_en, longitude, latitude, capacity)"
        " VALUES ('shelter-1', '体育馆', 'gymnasium', 112.4, 23.6, 100)"
    )
    await connection.execute(
        "INSERT INTO shift (uid, squad_id, starts_at, ends_at) VALUES ('shift-1', 'gas-1', $1, $2)",
        NOW - timedelta(hours=8),
        NOW + timedelta(hours=4),
    )
    order: int = await connection.fetchval(
        "INSERT INTO work_order (grid_id, day, created_at) VALUES ('', '2026-05-01', $1) RETURNING work_order_id", NOW
    )
    await connection.execute("INSERT INTO work_order_item VALUES ($1, $2)", order, hazard)
    return order


@pytest.fixture(params=["here", "elsewhere"])
async def long_transaction(
    request: pytest.FixtureRequest, database_url: str, empty_database_url: str
) -> AsyncIterator[None]:
    """One that is open and has written, though not to the feed: in the test's database, or in another of its server."""
    connection = await connect(database_url if request.param == "here" else empty_database_url, application="tests")
    await connection.execute("BEGIN; CREATE TABLE something_else AS SELECT pg_current_xact_id()")
    yield
    connection.terminate()


Store = Callable[[str, list[dict[str, Any]]], Any]


@pytest.fixture
def store_readings(pool: asyncpg.Pool) -> Store:
    """Stores rows, dicts with sensor_id, time and some columns, as readings of a kind."""

    async def store(kind: str, rows: list[dict[str, Any]]) -> None:
        table = KINDS[kind].table
        async with pool.acquire() as connection:
            if await detect_engine(connection) == "plain":
                await ensure_days(connection, table, sorted({row["time"].date() for row in rows}))
            for row in rows:
                places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
                await connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())

    return store


@pytest.fixture
def unlimited() -> Limits:
    return UNLIMITED


@pytest.fixture
def app(pool: asyncpg.Pool) -> FastAPI:
    return create_app(pool, clock=lambda: NOW, limits=UNLIMITED, feed=Feed(lasts_s=0.0))


def open_client(app: FastAPI, key: str | None = None) -> httpx.AsyncClient:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1", headers=headers)


async def _client(pool: asyncpg.Pool, app: FastAPI, name: str, role: KeyRole) -> AsyncIterator[httpx.AsyncClient]:
    key = await add_key(pool, name, role, NOW - timedelta(days=1))
    async with open_client(app, key) as client:
        yield client


@pytest.fixture
async def viewer(pool: asyncpg.Pool, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async for client in _client(pool, app, "wall", "viewer"):
        yield client


@pytest.fixture
async def officer(pool: asyncpg.Pool, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async for client in _client(pool, app, "duty", "officer"):
        yield client


async def log_in_at_once(pool: asyncpg.Pool, name: str, role: AccountRole, squad_id: str | None = None) -> str:
    """An access token of a new user who never had to hash a password."""
    token = f"{name}-{uuid4()}"
    await pool.execute(
        "INSERT INTO account (name, role, squad_id, password_hash, must_change_password, created_at, updated_at)"
        " VALUES ($1, $2, $3, '', false, $4, $4)",
        name,
        role,
        squad_id,
        NOW,
    )
    await pool.execute(
        "INSERT INTO session (session_id, account, access_sha256, access_expires_at, refresh_sha256, idle_expires_at,"
        " expires_at, created_at, refreshed_at, address, agent) VALUES ($1, $2, $3, $4, '', $4, $4, $5, $5, '', '')",
        uuid4(),
        name,
        digest(token),
        NOW + timedelta(minutes=10),
        NOW,
    )
    return token


LogIn = Callable[[str, AccountRole], Coroutine[Any, Any, str]]


@pytest.fixture
def log_in(pool: asyncpg.Pool) -> LogIn:
    """Makes a user with a name and a role, of squad gas-1 if the role has one; its access token."""
    return lambda name, role: log_in_at_once(pool, name, role, "gas-1" if role == "squad" else None)


@pytest.fixture
async def everybody(
    pool: asyncpg.Pool, app: FastAPI, county: County, log_in: LogIn
) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A client for each role; the squad's member belongs to gas-1."""
    async with AsyncExitStack() as opened:
        clients = {}
        for role in PEOPLE:
            clients[role] = await opened.enter_async_context(open_client(app, await log_in(f"{role}-1", role)))
        key = await add_key(pool, "platform", "device", NOW)
        clients["device"] = await opened.enter_async_context(open_client(app, key))
        yield clients


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(app) as client:
        yield client
