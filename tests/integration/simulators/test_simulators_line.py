"""Lines of virtual devices on real brokers: what is said arrives in order, and storms of reconnections are real."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import aiomqtt
import pytest

from ingest.broker import Broker
from simulators.errors import SimulatorError
from simulators.line import Devices, open_line

COUNT = 250
CODES = [f"wl-{number:04}" for number in range(COUNT)]


class Mosquitto(Protocol):
    folder: Path

    @property
    def url(self) -> str: ...
    def kill(self) -> None: ...


@asynccontextmanager
async def devices(url: str, client_id: str) -> AsyncIterator[Devices]:
    broker = Broker.parse(url)
    opened = Devices(broker, client_id, await open_line(broker, client_id))
    try:
        yield opened
    finally:
        await opened.close()


async def heard(ear: aiomqtt.Client, count: int) -> list[tuple[str, bytes]]:
    came: list[tuple[str, bytes]] = []
    async for message in ear.messages:
        assert isinstance(message.payload, bytes)
        came.append((message.topic.value.split("/")[-1], message.payload))
        if len(came) == count:
            return came
    raise AssertionError("the broker closed the connection")


@asynccontextmanager
async def listening(url: str, topic_root: str) -> AsyncIterator[aiomqtt.Client]:
    broker = Broker.parse(url)
    async with aiomqtt.Client(
        broker.host, broker.port, identifier=f"{topic_root}-ear", protocol=aiomqtt.ProtocolVersion.V5
    ) as ear:
        await ear.subscribe(f"{topic_root}/#", qos=1)
        yield ear


async def test_everything_arrives_in_order_whatever_line_it_takes(broker_url: str, topic_root: str) -> None:
    async with listening(broker_url, topic_root) as ear, devices(broker_url, topic_root) as fleet:
        await fleet.connect(dict.fromkeys(CODES[::2], 0))
        said = [(code, f"{topic_root}/{code}", b"%d" % number) for number, code in enumerate(CODES * 2)]
        await fleet.publish(said)
        assert await heard(ear, 2 * COUNT) == [(code, payload) for code, _, payload in said]


@pytest.mark.parametrize(("session_s", "resumed"), [(600, COUNT), (0, 0)])
async def test_a_storm_of_reconnections_is_seen_by_the_broker(
    mosquitto: Callable[..., Mosquitto], topic_root: str, session_s: int, resumed: int
) -> None:
    server = mosquitto("allow_anonymous true\nlog_dest stderr\nlog_type all\n")
    async with listening(server.url, topic_root) as ear, devices(server.url, topic_root) as fleet:
        await fleet.connect(dict.fromkeys(CODES, session_s))
        assert fleet.resumed == 0
        fleet.drop(CODES)
        await fleet.connect(dict.fromkeys(CODES, session_s))
        assert fleet.resumed == resumed
        await fleet.publish([(code, f"{topic_root}/{code}", b"back") for code in CODES])
        assert await heard(ear, COUNT) == [(code, b"back") for code in CODES]
    log = (server.folder / "mosquitto.log").read_text()
    for code in CODES:
        assert len(re.findall(rf"New client connected from \S+ as {topic_root}-{code} ", log)) == 2


async def test_a_line_tells_when_the_broker_is_gone(mosquitto: Callable[..., Mosquitto], topic_root: str) -> None:
    server = mosquitto()
    async with devices(server.url, topic_root) as fleet:
        server.kill()
        with pytest.raises(SimulatorError, match="did not take 1 of 1"):
            await fleet.publish([("wl-1", f"{topic_root}/wl-1", b"anyone?")])
        with pytest.raises(SimulatorError, match="did not come back: can't reach the broker"):
            await fleet.connect({"wl-1": 0})
