"""A county with a few squads, and incidents as the alert engine leaves them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time

import asyncpg
import pytest

from dispatch.squads import Squad, save_squads

NOON = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)  # in Guangning

NEAR = Squad("gas-near", "近队", "Near squad", frozenset({"gas"}), 112.440, 23.640, time(0), time(0), "1")
FAR = Squad("gas-far", "远队", "Far squad", frozenset({"gas", "cover"}), 112.620, 23.800, time(0), time(0), "2")
NIGHT = Squad("gas-night", "夜队", "Night squad", frozenset({"gas"}), 112.441, 23.641, time(20), time(8), "3")
SEWER = Squad("sewer", "排水队", "Sewer squad", frozenset({"drainage"}), 112.441, 23.641, time(0), time(0), "4")

Enlist = Callable[..., Awaitable[None]]
Report = Callable[..., Awaitable[int]]


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def enlist(pool: asyncpg.Pool) -> Enlist:
    """Registers squads."""

    async def enlist(*squads: Squad) -> None:
        async with pool.acquire() as connection:
            await save_squads(connection, squads, NOON)

    return enlist


@pytest.fixture
async def squads(enlist: Enlist) -> dict[str, Squad]:
    """Four squads, registered, by name."""
    four = (NEAR, FAR, NIGHT, SEWER)
    await enlist(*four)
    return {squad.squad_id: squad for squad in four}


@pytest.fixture
async def rule_id(pool: asyncpg.Pool) -> int:
    return await pool.fetchval(
        "INSERT INTO rule (kind, hazard_type, revision, body, source) VALUES ('gas', 'gas_leak', 1, '{}', 'test')"
        " RETURNING rule_id"
    )


@pytest.fixture
def report(pool: asyncpg.Pool, rule_id: int) -> Report:
    """Opens an incident with one open, latched hazard, and returns its number."""

    async def report(*, grade: int = 1, skill: str = "gas", opened_at: datetime = NOON) -> int:
        async with pool.acquire() as connection, connection.transaction():
            incident_id: int = await connection.fetchval(
                "INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, longitude, latitude,"
                " opened_at) VALUES ('gas', 'gas_leak', $1, $2, '燃气泄漏', 'gas leak', 112.445, 23.645, $3)"
                " RETURNING incident_id",
                grade,
                skill,
                opened_at,
            )
            sensor_id = await connection.fetchval(
                "INSERT INTO sensor (code, kind) VALUES ($1, 'gas') RETURNING sensor_id", f"gas-{incident_id}"
            )
            await connection.execute(
                "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh,"
                " reason_en, raised_at, graded_at, incident_id)"
                " VALUES ($1, 'gas_leak', $2, $3, $3, true, '超限', 'over', $4, $4, $5)",
                sensor_id,
                rule_id,
                grade,
                opened_at,
                incident_id,
            )
        return incident_id

    return report
