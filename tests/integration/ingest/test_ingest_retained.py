"""A retained message comes once per session, not with every reconnection."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiomqtt
import pytest
from hub_session import connected

from ingest.broker import Broker
from ingest.session import Session


async def publish(url: str, topic: str, payload: str, *, retain: bool = False) -> None:
    broker = Broker.parse(url)
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.publish(topic, payload, qos=1, retain=retain)


async def take_until(session: Session, last: bytes) -> list[bytes]:
    """Payloads up to ``last``, all acknowledged."""
    found: list[bytes] = []
    async with asyncio.timeout(10):
        async for batch in session.batches():
            found += [message.payload for message in batch.messages]
            session.ack(batch)
            if last in found:
                break
    return found


@pytest.fixture(params=["session's broker", "Mosquitto"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "Mosquitto":
        start: Callable[[], Any] = request.getfixturevalue("mosquitto")
        return str(start().url)
    return str(request.getfixturevalue("broker_url"))


async def test_a_retained_message_is_not_repeated_on_reconnection(url: str, topic_root: str) -> None:
    """Else a malformed one would be quarantined anew whenever the network fails."""
    await publish(url, f"{topic_root}/kept", "retained", retain=True)
    try:
        async with connected(url, f"{topic_root}-hub", (f"{topic_root}/#",)) as session:
            assert await take_until(session, b"retained") == [b"retained"]
        async with connected(url, f"{topic_root}-hub", (f"{topic_root}/#",)) as session:
            await publish(url, f"{topic_root}/new", "marker")
            assert await take_until(session, b"marker") == [b"marker"]
    finally:
        await publish(url, f"{topic_root}/kept", "", retain=True)


async def test_a_message_retained_while_the_hub_is_away_arrives(url: str, topic_root: str) -> None:
    async with connected(url, f"{topic_root}-hub", (f"{topic_root}/#",)) as session:
        await publish(url, f"{topic_root}/first", "first")
        await take_until(session, b"first")
    await publish(url, f"{topic_root}/kept", "retained", retain=True)
    try:
        async with connected(url, f"{topic_root}-hub", (f"{topic_root}/#",)) as session:
            assert await take_until(session, b"retained") == [b"retained"]
    finally:
        await publish(url, f"{topic_root}/kept", "", retain=True)
