"""``lifeline quarantine`` as a person uses it."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime

import aiomqtt
import pytest

from ingest.broker import Broker
from ingest.quarantine import Rejected, hold


@pytest.fixture
async def held(pool):
    """Two held messages; the first number is 1 in a fresh database."""
    now = datetime.now(UTC)
    async with pool.acquire() as connection:
        await hold(
            connection, [Rejected("t/x", b"\x00one[bold]", "no good", now), Rejected("t/y", b"two", "worse", now)]
        )


async def lifeline(database_url: str, broker_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "LIFELINE_DATABASE_URL": database_url,
        "LIFELINE_BROKER_URL": broker_url,
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "lifeline", "quarantine", *arguments]
    return await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60)


async def test_list_show_and_drop(held, database_url, broker_url, pool):
    listed = await lifeline(database_url, broker_url, "list")
    assert "t/x" in listed.stdout
    assert "worse" in listed.stdout
    shown = await lifeline(database_url, broker_url, "show", "1")
    assert r"b'\x00one[bold]'" in shown.stdout
    assert "no good" in shown.stdout
    assert (await lifeline(database_url, broker_url, "drop", "1")).returncode == 0
    assert await pool.fetchval("SELECT status FROM quarantine WHERE quarantine_id = 1") == "dropped"
    again = await lifeline(database_url, broker_url, "drop", "1")
    assert again.returncode == 1
    assert again.stderr.strip() == "lifeline: message 1 is not held in quarantine"


async def test_replay_publishes_the_message_on_its_topic(held, database_url, broker_url, pool, topic_root):
    await pool.execute("UPDATE quarantine SET topic = $1 WHERE quarantine_id = 1", f"{topic_root}/x")
    broker = Broker.parse(broker_url)
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe(f"{topic_root}/#", qos=1)
        replayed = await lifeline(database_url, broker_url, "replay", "1")
        assert replayed.returncode == 0, replayed.stderr
        async with asyncio.timeout(5):
            message = await anext(client.messages)
        assert message.payload == b"\x00one[bold]"
    assert await pool.fetchval("SELECT status FROM quarantine WHERE quarantine_id = 1") == "replayed"


async def test_a_replay_without_a_broker_says_so_and_keeps_the_message(held, database_url, pool):
    failed = await lifeline(database_url, "mqtt://127.0.0.1:1", "replay", "1")
    assert failed.returncode == 1
    assert "still held" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert await pool.fetchval("SELECT status FROM quarantine WHERE quarantine_id = 1") == "held"
