"""``lifeline quarantine`` as a person uses it."""

import asyncio
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


async def test_list_show_and_drop(held, lifeline, pool):
    listed = await lifeline("quarantine", "list")
    assert "t/x" in listed.stdout
    assert "worse" in listed.stdout
    shown = await lifeline("quarantine", "show", "1")
    assert r"b'\x00one[bold]'" in shown.stdout
    assert "no good" in shown.stdout
    assert (await lifeline("quarantine", "drop", "1")).returncode == 0
    assert await pool.fetchval("SELECT status FROM quarantine WHERE quarantine_id = 1") == "dropped"
    again = await lifeline("quarantine", "drop", "1")
    assert again.returncode == 1
    assert again.stderr.strip() == "lifeline: message 1 is not held in quarantine"


async def test_replay_publishes_the_message_on_its_topic(held, lifeline, broker_url, pool, topic_root):
    await pool.execute("UPDATE quarantine SET topic = $1 WHERE quarantine_id = 1", f"{topic_root}/x")
    broker = Broker.parse(broker_url)
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe(f"{topic_root}/#", qos=1)
        replayed = await lifeline("quarantine", "replay", "1", LIFELINE_BROKER_URL=broker_url)
        assert replayed.returncode == 0, replayed.stderr
        async with asyncio.timeout(5):
            message = await anext(client.messages)
        assert message.payload == b"\x00one[bold]"
    assert await pool.fetchval("SELECT status FROM quarantine WHERE quarantine_id = 1") == "replayed"


async def test_a_replay_without_a_broker_says_so_and_keeps_the_message(held, lifeline, pool):
    failed = await lifeline("quarantine", "replay", "1", LIFELINE_BROKER_URL="mqtt://127.0.0.1:1")
    assert failed.returncode == 1
    assert "still held" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert await pool.fetchval("SELECT status FROM quarantine WHERE quarantine_id = 1") == "held"
