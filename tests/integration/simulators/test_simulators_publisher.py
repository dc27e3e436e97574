"""The publisher against a real broker: exact counts, order per device, nothing lost over a cut."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiomqtt
import msgspec
import pytest

from ingest.broker import Broker
from simulators.errors import SimulatorError
from simulators.fleet import SensorReading
from simulators.publisher import Publisher

START = datetime(2026, 3, 4, tzinfo=UTC)
COUNT = 900  # below what a broker queues for a slow subscriber by default


def numbered(count: int) -> list[SensorReading]:
    """Readings of ten devices; each reading's time is its number in seconds."""
    return [
        SensorReading(f"gas-{n % 10}", "gas", START + timedelta(seconds=n), {"ch4_lel_pct": 1.0}) for n in range(count)
    ]


class Relay:
    """Passes bytes on to the broker, and can drop every connection with whatever is under way in it."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._writers: set[asyncio.StreamWriter] = set()
        self._moved = asyncio.Condition()
        self._serving: set[asyncio.Task[None] | None] = set()
        self.connections = 0
        self.passed = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._serving.add(asyncio.current_task())
        there, back = await asyncio.open_connection(self._broker.host, self._broker.port)
        self._writers |= {writer, back}
        with contextlib.suppress(OSError):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, back))
                group.create_task(self._pass(there, writer))
        for one in (writer, back):
            one.close()
            with contextlib.suppress(OSError):
                await one.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
                async with self._moved:
                    self.passed += len(data)
                    self._moved.notify_all()
        writer.close()

    async def passes(self, count: int) -> None:
        """Wait until ``count`` bytes went through."""
        async with asyncio.timeout(20), self._moved:
            await self._moved.wait_for(lambda: self.passed >= count)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def ended(self) -> None:
        """Wait until every connection is closed to the last."""
        await asyncio.gather(*(task for task in self._serving if task))


@contextlib.asynccontextmanager
async def relayed(broker: Broker) -> AsyncIterator[tuple[Broker, Relay]]:
    relay = Relay(broker)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield replace(broker, host="127.0.0.1", port=port), relay
    finally:
        server.close()
        relay.cut()
        await relay.ended()


@contextlib.asynccontextmanager
async def heard(broker: Broker, topic_root: str) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        tls_context=broker.ssl_context(),
        identifier=f"{topic_root}-ear",
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as client:
        await client.subscribe(f"{topic_root}/#", qos=1)
        yield client


async def collect(client: aiomqtt.Client, distinct: int) -> list[tuple[str, int]]:
    """(code, number) of the messages until ``distinct`` different ones came."""
    came: list[tuple[str, int]] = []
    seen: set[tuple[str, int]] = set()
    async with asyncio.timeout(30):
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            time = datetime.fromisoformat(msgspec.json.decode(message.payload)["time"])
            entry = (message.topic.value.split("/")[-2], round((time - START).total_seconds()))
            came.append(entry)
            seen.add(entry)
            if len(seen) == distinct:
                return came
    raise AssertionError("the broker closed the connection")


async def test_what_is_published_arrives_and_is_counted(broker_url: str, topic_root: str) -> None:
    broker = Broker.parse(broker_url)
    async with heard(broker, topic_root) as ear:
        with Publisher(broker, client_id=topic_root, prefix=f"{topic_root}/sensors") as publisher:
            await asyncio.to_thread(publisher.publish_all, numbered(COUNT))
            came = await collect(ear, COUNT)
            counts = await asyncio.to_thread(publisher.settle, 10)
    assert (counts.sent, counts.acknowledged, counts.refused, counts.outstanding) == (COUNT, COUNT, 0, 0)
    assert Counter(came) == Counter((f"gas-{n % 10}", n) for n in range(COUNT))
    for code in {code for code, _ in came}:
        numbers = [number for one, number in came if one == code]
        assert numbers == sorted(numbers), "a device's readings keep their order"


async def test_cuts_lose_nothing_and_count_nothing_twice(broker_url: str, topic_root: str) -> None:
    broker = Broker.parse(broker_url)
    readings = numbered(COUNT)
    async with heard(broker, topic_root) as ear, relayed(broker) as (by_relay, relay):
        with Publisher(by_relay, client_id=topic_root, prefix=f"{topic_root}/sensors", connections=2) as publisher:
            listening = asyncio.create_task(collect(ear, COUNT))
            for part in range(3):
                before = relay.passed
                await asyncio.to_thread(publisher.publish_all, readings[part * 300 : part * 300 + 300])
                await relay.passes(before + 2000)
                relay.cut()
            counts = await asyncio.to_thread(publisher.settle, 30)
            came = await listening
    assert (counts.sent, counts.acknowledged, counts.refused) == (COUNT, COUNT, 0)
    assert {number for _, number in came} == set(range(COUNT))
    for code in {code for code, _ in came}:
        first_copies = list(dict.fromkeys(number for one, number in came if one == code))
        assert first_copies == sorted(first_copies), "no reading overtakes an older one over a cut"
    assert relay.connections >= 2 * 2, "the connections were really cut"


async def test_readings_wait_for_a_broker_that_is_not_there_yet(broker_url: str, topic_root: str) -> None:
    broker = Broker.parse(broker_url)
    async with heard(broker, topic_root) as ear:
        publisher = Publisher(broker, client_id=topic_root, prefix=f"{topic_root}/sensors")
        handing_over = asyncio.create_task(asyncio.to_thread(publisher.publish_all, numbered(20)))
        assert publisher.counts().acknowledged == 0
        with publisher:
            came = await collect(ear, 20)
            await handing_over
            counts = await asyncio.to_thread(publisher.settle, 10)
    assert (counts.acknowledged, len(came)) == (20, 20)


async def test_closing_frees_who_waits_for_a_broker_that_never_comes(broker_url: str, topic_root: str) -> None:
    nowhere = replace(Broker.parse(broker_url), host="127.0.0.1", port=1)
    with Publisher(nowhere, client_id=topic_root) as publisher:
        handing_over = asyncio.create_task(asyncio.to_thread(publisher.publish_all, numbered(1)))
        assert (await asyncio.to_thread(publisher.settle, 0)).acknowledged == 0
    with pytest.raises(SimulatorError, match="closed"):
        await handing_over
