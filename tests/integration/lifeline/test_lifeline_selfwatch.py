"""The hub's own troubles as incidents, on a real database and a real broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import asyncpg
import pytest

from alerts.cases import take_steps
from alerts.hubtroubles import REST, Settled, Trouble, open_troubles, settle
from alerts.rules import Words
from alerts.stages import Step
from dispatch import auditor, dispatcher
from lifeline.credentials import mosquitto_hash
from lifeline.selfwatch import SelfWatch
from lifeline.settings import Settings

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FULL = Trouble("hub_disk", 3, Words("磁盘剩余9%", "9% of the disk is free"))
ROOM = {"hub_disk": Words("磁盘剩余40%", "40% of the disk is free")}


@pytest.fixture
async def connection(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
    async with pool.acquire() as borrowed:
        yield borrowed


async def at(connection: Any, now: datetime, troubles: list[Trouble], over: dict[str, Words] | None = None) -> Settled:
    async with connection.transaction():
        return await settle(connection, troubles, over or {}, now)


async def test_a_trouble_is_one_incident_until_it_is_over(connection: Any, pool: asyncpg.Pool) -> None:
    [number] = (await at(connection, NOW, [FULL])).opened
    assert await at(connection, NOW + timedelta(seconds=15), [FULL]) == Settled()
    graver = Trouble("hub_disk", 1, FULL.reason)
    assert (await at(connection, NOW + timedelta(minutes=1), [graver])).graver == (number,)
    assert await open_troubles(connection) == {"hub_disk": 1}
    assert (await at(connection, NOW + timedelta(minutes=2), [], ROOM)).closed == (number,)
    row = await pool.fetchrow("SELECT * FROM incident WHERE incident_id = $1", number)
    assert row is not None
    assert (row["kind"], row["family"], row["source"], row["skill"]) == ("hub", "hub", "system", "hub")
    assert (row["title_zh"], row["title_en"]) == ("Lifeline 磁盘空间不足", "Lifeline: the disk fills up")
    assert (row["stage"], row["verified_how"], row["verified_by"]) == ("closed", "sensor", "hub")
    events = await pool.fetch("SELECT event FROM incident_event WHERE incident_id = $1 ORDER BY 1", number)
    assert sorted(event["event"] for event in events) == ["closed", "fed_back", "opened", "reported", "verified"]


async def test_what_comes_back_at_once_is_no_flood(connection: Any) -> None:
    await at(connection, NOW, [FULL])
    await at(connection, NOW, [], ROOM)
    assert await at(connection, NOW + timedelta(minutes=5), [FULL]) == Settled()
    red = Trouble("hub_disk", 1, FULL.reason)
    assert len((await at(connection, NOW + timedelta(minutes=6), [red])).opened) == 1
    await at(connection, NOW + timedelta(minutes=6), [], ROOM)
    assert len((await at(connection, NOW + timedelta(minutes=7) + REST, [FULL])).opened) == 1


async def test_troubles_stand_alone(connection: Any) -> None:
    clock = Trouble("hub_clock", 2, FULL.reason)
    assert len((await at(connection, NOW, [FULL, clock])).opened) == 2


async def test_the_duty_officer_is_told_and_nobody_sent(connection: Any, pool: asyncpg.Pool) -> None:
    [number] = (await at(connection, NOW, [FULL])).opened
    await dispatcher.run_once(pool, NOW)
    told = await pool.fetch("SELECT recipient, kind, body #>> '{text,en}' AS text FROM notification")
    assert [tuple(row) for row in told] == [
        ("duty_officer", "opened", f"Lifeline: the disk fills up (incident {number}) is yellow")
    ]
    assert await pool.fetchval("SELECT count(*) FROM task") == 0
    assert await auditor.run_once(pool, NOW + timedelta(minutes=10)) == ()


async def test_a_person_may_close_it(connection: Any) -> None:
    [number] = (await at(connection, NOW, [FULL])).opened
    async with connection.transaction():
        await take_steps(connection, [Step(number, "dismiss", "key:duty", NOW, "a new disk is on its way")])
    assert await at(connection, NOW + timedelta(minutes=1), [FULL]) == Settled()
    assert await at(connection, NOW + timedelta(minutes=1), [], ROOM) == Settled()


def settings_of(database_url: str, broker_url: str, folder: Path) -> Settings:
    return Settings(database_url=database_url, broker_url=broker_url, data_dir=folder)  # type: ignore[arg-type]


async def test_what_is_measured(pool: asyncpg.Pool, database_url: str, broker_url: str, tmp_path: Path) -> None:
    watch = SelfWatch(pool, settings_of(database_url, broker_url, tmp_path))
    empty = await watch.measure(NOW)
    assert (empty.ingest_behind_s, empty.outbox_late_s, empty.certificate_days) == (None, 0, None)
    assert empty.refused_logins is None  # nobody has heard the broker yet
    assert empty.disk_free is not None
    assert 0 < empty.disk_free < 1
    assert empty.clock_skew_s is not None
    assert empty.clock_skew_s < 5
    await pool.execute(
        "INSERT INTO process (name, pid, started_at, seen_at, ready, ready_at, figures)"
        " VALUES ('ingest', 1, $1, $1, true, $1, '{\"behind_s\": 7.5}')",
        NOW,
    )
    assert (await watch.measure(NOW)).ingest_behind_s == 7.5
    assert (await watch.measure(NOW + timedelta(minutes=2))).ingest_behind_s == 120
    await pool.execute(
        "INSERT INTO notification (key, channel, recipient, grade, body, created_at, next_attempt_at, attempts)"
        " VALUES ('order-1', 'mqtt', 'gas-1', 1, '{}', $1, $2, 5), ('quiet', 'mail', 'duty-1', 4, '{}', $1, $2, 0)",
        NOW - timedelta(minutes=10),
        NOW + timedelta(hours=1),
    )
    assert (await watch.measure(NOW)).outbox_late_s == 600


async def test_a_stopped_intake_becomes_an_incident(
    pool: asyncpg.Pool, database_url: str, broker_url: str, tmp_path: Path
) -> None:
    watch = SelfWatch(pool, settings_of(database_url, broker_url, tmp_path))
    await pool.execute(
        "INSERT INTO process (name, pid, started_at, seen_at, ready, ready_at) VALUES ('ingest', 1, $1, $1, true, $1)",
        NOW,
    )
    assert (await watch.run_once(NOW)).opened == ()
    assert (await watch.run_once(NOW + timedelta(seconds=90))).opened == ()
    assert len((await watch.run_once(NOW + timedelta(seconds=150))).opened) == 1
    await pool.execute("UPDATE process SET seen_at = $1, ready_at = $1", NOW + timedelta(seconds=200))
    assert len((await watch.run_once(NOW + timedelta(seconds=201))).closed) == 1


async def test_refused_logins_are_heard_of(
    pool: asyncpg.Pool, database_url: str, mosquitto: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "passwords").write_text(f"hub:{mosquitto_hash('its own')}\n")
    server = mosquitto(f"allow_anonymous false\npassword_file {tmp_path}/passwords\nlog_dest topic\n")
    url = f"mqtt://hub:its%20own@127.0.0.1:{server.port}"
    watch = SelfWatch(pool, settings_of(database_url, url, tmp_path))
    running = asyncio.create_task(watch.run(), name="self watch")
    try:
        async with asyncio.timeout(20):
            while not watch._hears_broker:
                await asyncio.sleep(0.02)
            while len(watch.refused) < 20:
                with pytest.raises(aiomqtt.MqttError):
                    async with aiomqtt.Client(
                        "127.0.0.1",
                        server.port,
                        username="gas-1",
                        password="guess",
                        identifier="x",
                        protocol=aiomqtt.ProtocolVersion.V5,
                    ):
                        pass
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert len((await watch.run_once(datetime.now(UTC))).opened) == 1
    assert await pool.fetchval("SELECT hazard_type FROM incident") == "hub_broker_auth"
