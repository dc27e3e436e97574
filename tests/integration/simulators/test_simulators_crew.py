"""Virtual squads against a real broker: they answer orders, once per key, and get what came while they were off."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiomqtt
import msgspec

from ingest.broker import Broker
from simulators.crew import Crew
from simulators.squads import Pace

AT = datetime(2026, 3, 4, tzinfo=UTC)
AT_ONCE = Pace(accept_s=0, en_route_s=0, on_scene_s=0, done_s=0)
ORDER = {"key": "order-1", "task_id": 1, "incident_id": 1, "grade": 1, "hazard_type": "gas_combustible"}
ALL_STEPS = ["received", "accept", "en_route", "on_scene", "done"]


class Desk:
    """The dispatcher's side: sends orders and hears receipts."""

    def __init__(self, client: aiomqtt.Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def order(self, squad_id: str, payload: bytes | None = None, **change: object) -> None:
        body = msgspec.json.encode(ORDER | change) if payload is None else payload
        await self._client.publish(f"{self._prefix}/{squad_id}/orders", body, qos=1)

    async def tell(self, squad_id: str, **notice: object) -> None:
        await self._client.publish(f"{self._prefix}/{squad_id}/notices", msgspec.json.encode(notice), qos=1)

    async def receipts(self, count: int) -> list[dict[str, Any]]:
        came: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            async for message in self._client.messages:
                assert isinstance(message.payload, bytes)
                squad_id = message.topic.value.split("/")[-2]
                came.append({"squad": squad_id} | msgspec.json.decode(message.payload))
                if len(came) == count:
                    return came
        raise AssertionError("the broker closed the connection")


@contextlib.asynccontextmanager
async def desk(broker_url: str, prefix: str) -> AsyncIterator[Desk]:
    broker = Broker.parse(broker_url)
    async with aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        tls_context=broker.ssl_context(),
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as client:
        await client.subscribe(f"{prefix}/+/receipts", qos=1)
        yield Desk(client, prefix)


@contextlib.asynccontextmanager
async def at_work(crew: Crew) -> AsyncIterator[Crew]:
    working = asyncio.create_task(crew.run(), name="crew")
    try:
        async with asyncio.timeout(20):
            await crew.ready()
        yield crew
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


def crew_of(broker_url: str, topic_root: str, *squads: str, **more: Any) -> Crew:
    return Crew(
        Broker.parse(broker_url),
        squads,
        AT_ONCE,
        now=lambda: AT,
        prefix=f"{topic_root}/squads",
        client_id=topic_root,
        **more,
    )


async def test_an_order_is_carried_out_step_by_step(broker_url: str, topic_root: str) -> None:
    async with (
        desk(broker_url, f"{topic_root}/squads") as office,
        at_work(crew_of(broker_url, topic_root, "gas-1", "gas-2")) as crew,
    ):
        await office.order("gas-2")
        receipts = await office.receipts(5)
    assert [receipt["action"] for receipt in receipts] == ALL_STEPS
    assert {(receipt["squad"], receipt["key"], receipt["note"]) for receipt in receipts} == {("gas-2", "order-1", "")}
    assert {datetime.fromisoformat(receipt["time"]) for receipt in receipts} == {AT}
    (arrival,) = crew.arrivals
    assert (arrival.squad_id, arrival.key, arrival.at) == ("gas-2", "order-1", AT)
    assert dict(arrival.order) == ORDER


async def test_a_repeated_key_is_the_same_order(broker_url: str, topic_root: str) -> None:
    async with (
        desk(broker_url, f"{topic_root}/squads") as office,
        at_work(crew_of(broker_url, topic_root, "gas-1")) as crew,
    ):
        await office.order("gas-1")
        first = await office.receipts(5)
        await office.order("gas-1")
        await office.order("gas-1", key="order-2")
        then = await office.receipts(6)
    assert [receipt["action"] for receipt in first] == ALL_STEPS
    assert [receipt["action"] for receipt in then if receipt["key"] == "order-1"] == ["received"]
    assert [receipt["action"] for receipt in then if receipt["key"] == "order-2"] == ALL_STEPS
    assert [arrival.key for arrival in crew.arrivals] == ["order-1", "order-2"]
    assert (crew.copies("order-1"), crew.copies("order-2"), crew.copies("order-3")) == (2, 1, 0)


async def test_one_squad_refuses_and_one_is_absent(broker_url: str, topic_root: str) -> None:
    conducts = {"gas-1": "refuses", "gas-2": "absent"}
    async with (
        desk(broker_url, f"{topic_root}/squads") as office,
        at_work(crew_of(broker_url, topic_root, "gas-1", "gas-2", "gas-3", conducts=conducts)) as crew,
    ):
        await office.order("gas-2", key="order-2")
        await office.order("gas-1", key="order-1")
        await office.order("gas-3", key="order-3")
        receipts = await office.receipts(7)
    assert [receipt["action"] for receipt in receipts if receipt["squad"] == "gas-1"] == ["received", "refuse"]
    assert [receipt["action"] for receipt in receipts if receipt["squad"] == "gas-3"] == ALL_STEPS
    assert {arrival.key for arrival in crew.arrivals} == {"order-1", "order-3"}


async def test_an_order_that_cannot_be_read_stops_nobody(broker_url: str, topic_root: str) -> None:
    async with (
        desk(broker_url, f"{topic_root}/squads") as office,
        at_work(crew_of(broker_url, topic_root, "gas-1")) as crew,
    ):
        for broken in (b"", b"{", b"[]", b'{"key":7}', b"\xff\xfe"):
            await office.order("gas-1", broken)
        await office.order("gas-1")
        receipts = await office.receipts(5)
    assert [receipt["action"] for receipt in receipts] == ALL_STEPS
    assert len(crew.arrivals) == 1


async def test_orders_wait_for_a_squad_that_is_off_line(broker_url: str, topic_root: str) -> None:
    async with desk(broker_url, f"{topic_root}/squads") as office:
        async with at_work(crew_of(broker_url, topic_root, "gas-1")):
            pass
        await office.order("gas-1")
        async with at_work(crew_of(broker_url, topic_root, "gas-1")):
            receipts = await office.receipts(5)
    assert [receipt["action"] for receipt in receipts] == ALL_STEPS


async def test_a_crew_of_absentees_is_ready_at_once(broker_url: str, topic_root: str) -> None:
    async with at_work(crew_of(broker_url, topic_root, "gas-1", conducts={"gas-1": "absent"})) as crew:
        assert crew.arrivals == ()


async def test_a_squad_stops_when_its_order_is_called_off_and_says_that_it_heard(
    broker_url: str, topic_root: str
) -> None:
    crew = Crew(Broker.parse(broker_url), ["gas-1"], AT_ONCE, now=lambda: AT, prefix=topic_root, client_id=topic_root)
    async with desk(broker_url, topic_root) as office, at_work(crew):
        await office.tell("gas-1", key="cancelled-1", kind="cancelled", task_id=1)
        await office.order("gas-1")
        await office.order("gas-1", key="order-2", task_id=2)
        said = [(receipt["key"], receipt["action"]) for receipt in await office.receipts(6)]
    assert said[0] == ("cancelled-1", "received")
    assert said[1:] == [("order-2", step) for step in ALL_STEPS]
    assert [arrival.key for arrival in crew.arrivals] == ["order-1", "order-2"]
