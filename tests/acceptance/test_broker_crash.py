"""What deploy/mosquitto.conf keeps over the broker's own end, with readings queued for a hub that is away.

A broker that is killed (SIGKILL, as by a crash) loses at most what it had acknowledged since its latest save, which is
never longer ago than ``autosave_interval`` and a second (it counts whole ones); one that is stopped (SIGTERM) loses
none. The file says what saving by the number of changes would cost.
"""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Literal

import asyncpg
import pytest
from hub_session import connected
from hub_support import HubOn, Until

from ingest.broker import Broker
from ingest.formats.table import NATIVE, topic_filters
from ingest.payload import native_topic
from lifeline.supervisor import running_hub
from simulators.load import Load, prepare, publish

CONFIG = (Path(__file__).parents[2] / "deploy" / "mosquitto.conf").read_text(encoding="utf-8")
ANYBODY = "allow_anonymous true\n"  # who may connect is for the place to say, not for the file
INTERVAL_S = int(re.findall(r"^autosave_interval (\d+)$", CONFIG, re.MULTILINE)[0])
QUEUED = 5_500
LATEST = 500
SLACK_S = 1.0  # to write it, on a busy machine
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)

StartMosquitto = Callable[[str], Any]


async def publish_numbered(url: str, topic: str, first: int, count: int) -> None:
    """Publish readings ``first`` to ``first + count - 1``, a second apart, until all are acknowledged."""
    broker = Broker.parse(url)
    start_ms = int((START + timedelta(seconds=first)).timestamp() * 1000)
    load = Load([prepare(topic, '"depth_m":0.01')], lambda number: start_ms + number * 1000)
    await publish(
        load,
        broker,
        client_id="gauge",
        allowed=lambda: count,
        stop=lambda: load.sent == count,
    )
    assert load.acknowledged == count


async def numbers_stored(pool: asyncpg.Pool) -> list[int]:
    """The numbers of the readings in the database."""
    rows = await pool.fetch("SELECT time FROM reading_waterlogging ORDER BY time")
    return [round((row["time"] - START).total_seconds()) for row in rows]


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_what_a_broker_keeps_of_a_queue(
    end: Literal["kill", "stop"],
    mosquitto: StartMosquitto,
    pool: asyncpg.Pool,
    database_url: str,
    hub_on: HubOn,
    hub_log: IO[bytes],
    until: Until,
) -> None:
    server = mosquitto(ANYBODY + CONFIG)
    settings = hub_on(database_url, server.url)
    topic = native_topic(settings.topic_prefix, "waterlogging", "W-1")
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('W-1', 'waterlogging')")
    intake = f"{settings.client_id}-ingest"
    async with connected(server.url, intake, topic_filters([NATIVE], settings.topic_prefix)):
        pass  # it has a session at the broker now
    await publish_numbered(server.url, topic, 0, QUEUED - LATEST)
    acknowledged_ns = time.time_ns()

    async def saved() -> bool:
        file: Path = server.folder / "mosquitto.db"
        return file.exists() and file.stat().st_mtime_ns > acknowledged_ns

    await until(saved, "the queue is saved")
    assert time.time_ns() - acknowledged_ns < (INTERVAL_S + 1 + SLACK_S) * 1e9
    await publish_numbered(server.url, topic, QUEUED - LATEST, LATEST)

    getattr(server, end)()
    server.start()

    async def last_stored() -> bool:
        return QUEUED in await numbers_stored(pool)

    async with running_hub(settings, output=hub_log):
        await publish_numbered(server.url, topic, QUEUED, 1)  # queued behind what was kept
        await until(last_stored, "the queue is taken in")
    kept = (await numbers_stored(pool))[:-1]

    assert kept == list(range(len(kept)))  # what is lost is the latest
    lost = QUEUED - len(kept)
    print(f"{end}: {lost} of {QUEUED} lost")
    assert lost <= (LATEST if end == "kill" else 0)


async def test_a_killed_broker_repeats_what_it_forgot_was_acknowledged_and_nothing_comes_twice(
    mosquitto: StartMosquitto,
    pool: asyncpg.Pool,
    database_url: str,
    hub_on: HubOn,
    hub_log: IO[bytes],
    until: Until,
) -> None:
    """The hub is there this time: its acknowledgements since the latest save are forgotten as well."""
    server = mosquitto(ANYBODY + CONFIG)
    settings = hub_on(database_url, server.url)
    topic = native_topic(settings.topic_prefix, "waterlogging", "W-1")
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('W-1', 'waterlogging')")

    async def all_stored() -> bool:
        return len(await numbers_stored(pool)) == QUEUED

    async def last_stored() -> bool:
        return QUEUED in await numbers_stored(pool)

    async with running_hub(settings, output=hub_log) as hub:
        await publish_numbered(server.url, topic, 0, QUEUED)
        await until(all_stored, "all is stored before the broker is killed")
        server.kill()
        server.start()
        await until(hub["ingest"].is_ready, "the hub is back")
        await publish_numbered(server.url, topic, QUEUED, 1)
        await until(last_stored, "the road is open again")
    assert await numbers_stored(pool) == list(range(QUEUED + 1))
    assert await pool.fetchval("SELECT count(*) FROM quarantine") == 0


async def received_without_acknowledgement(url: str, root: str, receive_max: int, messages: int) -> int:
    """How many messages a broker has under way to a session that acknowledges none."""
    async with connected(url, f"{root}-hub", (f"{root}/#",), receive_max) as session:
        await publish_numbered(url, f"{root}/x", 0, messages)
        async with asyncio.timeout(10):
            while session.stats.received < min(receive_max, messages):
                await asyncio.sleep(0.01)
        # A round trip through the broker: whatever it meant to send has been sent by then.
        await publish_numbered(url, f"{root}/x", messages, 1)
        return session.stats.received


@pytest.mark.parametrize("receive_max", [20, 1000])
async def test_the_first_messages_under_way_are_as_many_as_the_hub_allows(
    receive_max: int, mosquitto: StartMosquitto, topic_root: str
) -> None:
    """As long as nothing is acknowledged; for when something is, see the file."""
    server = mosquitto(ANYBODY + CONFIG)
    assert await received_without_acknowledgement(server.url, topic_root, receive_max, 3000) == receive_max
