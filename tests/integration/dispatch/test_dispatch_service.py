"""The whole room on a real database and a real broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import aiomqtt
import asyncpg
import orjson
import pytest

from database.listen import Listener
from dispatch.notify import PublishError
from dispatch.publisher import Publisher
from dispatch.service import DispatchService, build_service
from ingest.broker import Broker

pytestmark = pytest.mark.usefixtures("round_the_clock")

WITHIN_S = 20


@pytest.fixture
async def round_the_clock(pool: asyncpg.Pool, squads: object) -> None:
    """Only squads that are on duty whenever the test runs."""
    await pool.execute("DELETE FROM squad WHERE duty_start <> duty_end")


class SquadClient:
    """A squad's device: orders come in, answers go out."""

    def __init__(self, client: aiomqtt.Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def next_order(self) -> dict[str, Any]:
        async with asyncio.timeout(WITHIN_S):
            message = await anext(aiter(self._client.messages))
        assert isinstance(message.payload, bytes)
        order: dict[str, Any] = orjson.loads(message.payload)
        return {**order, "squad_id": message.topic.value.split("/")[1]}

    async def answer(self, order: dict[str, Any], action: str) -> None:
        receipt = orjson.dumps({"key": order["key"], "action": action, "time": datetime.now(UTC)})
        await self._client.publish(f"{self._prefix}/{order['squad_id']}/receipts", receipt, qos=1)


@asynccontextmanager
async def devices(url: str, prefix: str) -> AsyncIterator[SquadClient]:
    broker = Broker.parse(url)
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=f"{prefix}-devices",
        protocol=aiomqtt.ProtocolVersion.V5,
    )
    async with client:
        await client.subscribe(f"{prefix}/+/orders", qos=1)
        yield SquadClient(client, prefix)


@asynccontextmanager
async def running(service: DispatchService, database_url: str) -> AsyncIterator[Listener]:
    listener = Listener(database_url, application="test")
    tasks = [asyncio.create_task(service.run(listener)), asyncio.create_task(listener.run())]
    try:
        yield listener
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def until(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Waits until a query gives a value; looks again at each notification."""
    woken = asyncio.Event()
    connection = await asyncpg.connect(database_url)
    await connection.add_listener("lifeline", lambda *_: woken.set())

    async def until(query: str, wanted: object) -> None:
        async with asyncio.timeout(WITHIN_S):
            while await pool.fetchval(query) != wanted:
                await woken.wait()
                woken.clear()

    yield until
    await connection.close()


@pytest.fixture
def announce(pool: asyncpg.Pool) -> Callable[[], Awaitable[str]]:
    """Says what the alert engine says."""
    return lambda: pool.execute("NOTIFY lifeline, 'incident'")


async def test_from_incident_to_closed(pool, database_url, broker_url, topic_root, report, announce, until):
    service = build_service(pool, Broker.parse(broker_url), prefix=topic_root, client_id=topic_root)
    async with devices(broker_url, topic_root) as squad, running(service, database_url):
        incident_id = await report(opened_at=datetime.now(UTC))
        await announce()
        order = await squad.next_order()
        assert (order["incident_id"], order["squad_id"]) == (incident_id, "gas-near")
        for action in ("received", "accept", "en_route", "on_scene", "done"):
            await squad.answer(order, action)
        await until("SELECT stage FROM incident", "fed_back")
        await pool.execute("UPDATE hazard SET cleared_at = now()")
        await announce()
        await until("SELECT stage FROM incident", "closed")
    assert await pool.fetchval("SELECT count(*) FROM quarantine") == 0
    assert service.stats.ordered == 1


async def test_a_refusal_sends_the_next_squad(pool, database_url, broker_url, topic_root, report, announce):
    service = build_service(pool, Broker.parse(broker_url), prefix=topic_root, client_id=topic_root)
    async with devices(broker_url, topic_root) as squad, running(service, database_url):
        await report(opened_at=datetime.now(UTC))
        await announce()
        first = await squad.next_order()
        await squad.answer(first, "refuse")
        second = await squad.next_order()
        assert (first["squad_id"], second["squad_id"]) == ("gas-near", "gas-far")
        assert first["key"] != second["key"]


async def test_an_order_waits_for_the_broker_and_keeps_its_key(
    pool, database_url, mosquitto, topic_root, report, announce, until
):
    server = mosquitto()
    service = build_service(pool, Broker.parse(server.url), prefix=topic_root, client_id=topic_root)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(service, database_url))
        async with asyncio.timeout(WITHIN_S):
            await service.publisher.connected.wait()
        server.kill()
        await report(opened_at=datetime.now(UTC))
        await announce()
        await until("SELECT count(*) FROM notification WHERE kind = 'order'", 1)
        assert await pool.fetchval("SELECT sent_at FROM notification WHERE kind = 'order'") is None
        server.start()
        squad = await stack.enter_async_context(devices(server.url, topic_root))
        order = await squad.next_order()
        assert order["key"] == await pool.fetchval("SELECT key FROM notification WHERE kind = 'order'")
        # A broker that was killed has forgotten who listens: before that an answer would be dropped.
        async with asyncio.timeout(WITHIN_S):
            while not service.session.stats.connected:
                await asyncio.sleep(0.02)
        await squad.answer(order, "accept")
        await until("SELECT status FROM task", "accepted")
    assert await pool.fetchval("SELECT count(*) FROM notification WHERE kind = 'order'") == 1


async def test_receipts_that_come_while_the_hub_is_down_are_taken_later(
    pool, database_url, broker_url, topic_root, report, announce, until
):
    async with devices(broker_url, topic_root) as squad:
        service = build_service(pool, Broker.parse(broker_url), prefix=topic_root, client_id=topic_root)
        async with running(service, database_url):
            await report(opened_at=datetime.now(UTC))
            await announce()
            order = await squad.next_order()
            await squad.answer(order, "received")
            await until("SELECT count(received_at) FROM notification", 1)
        await squad.answer(order, "accept")
        again = build_service(pool, Broker.parse(broker_url), prefix=topic_root, client_id=topic_root)
        async with running(again, database_url):
            await until("SELECT status FROM task", "accepted")


async def test_a_receipt_that_can_not_be_read_does_not_hold_up_the_next(
    pool, database_url, broker_url, topic_root, report, announce, until
):
    service = build_service(pool, Broker.parse(broker_url), prefix=topic_root, client_id=topic_root)
    async with devices(broker_url, topic_root) as squad, running(service, database_url):
        await report(opened_at=datetime.now(UTC))
        await announce()
        order = await squad.next_order()
        await squad.answer({**order, "key": "nonsense"}, "accept")
        await squad.answer({**order, "squad_id": "gas-far"}, "accept")
        await squad.answer(order, "accept")
        await until("SELECT status FROM task", "accepted")
    assert await pool.fetchval("SELECT count(*) FROM quarantine") == 2


async def test_lost_database_connections_are_got_over(pool, database_url, broker_url, topic_root, report, announce):
    # asyncpg forgets a future of its own when the server hangs up in the turn in which a query starts.
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: (
            None if isinstance(context.get("exception"), ConnectionError) else loop.default_exception_handler(context)
        )
    )
    service = build_service(pool, Broker.parse(broker_url), prefix=topic_root, client_id=topic_root)
    async with devices(broker_url, topic_root) as squad, running(service, database_url):
        await report(opened_at=datetime.now(UTC))
        await announce()
        await squad.next_order()
        admin = await asyncpg.connect(database_url)
        try:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        finally:
            await admin.close()
        await pool.expire_connections()
        await report(opened_at=datetime.now(UTC))  # not announced: the tick finds it
        while (order := await squad.next_order())["squad_id"] != "gas-far":
            pass  # the first order again, as nobody has confirmed it
        assert order["grade"] == 1


async def test_ready_once_everything_is_connected_and_quiet_once_cancelled(
    pool, database_url, broker_url, topic_root, announce
):
    service = build_service(pool, Broker.parse(broker_url), prefix=topic_root, client_id=topic_root)
    assert not service.ready
    names = {"orders connection", "receipts session", "dispatcher", "outbox", "receipts"}
    async with running(service, database_url):
        async with asyncio.timeout(WITHIN_S):
            while not service.ready:
                await pool.fetchval("SELECT 1")
        assert names <= {task.get_name() for task in asyncio.all_tasks()}
    assert not service.ready
    assert not names & {task.get_name() for task in asyncio.all_tasks()}


async def test_cancelling_at_any_moment_of_the_start_leaves_nothing_behind(broker_url, topic_root):
    for turns in range(40):
        publisher = Publisher(Broker.parse(broker_url), client_id=f"{topic_root}-{turns}")
        task = asyncio.create_task(publisher.run())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert not publisher.connected.is_set()


@asynccontextmanager
async def publishing(url: str, client_id: str) -> AsyncIterator[Publisher]:
    publisher = Publisher(Broker.parse(url), client_id=client_id)
    task = asyncio.create_task(publisher.run())
    async with asyncio.timeout(WITHIN_S):
        await publisher.connected.wait()
        yield publisher
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_message_that_the_broker_refuses_is_not_taken(mosquitto, topic_root, tmp_path):
    rights = tmp_path / "rights"
    rights.write_text("topic write allowed/#\n")
    rights.chmod(0o700)
    server = mosquitto(f"allow_anonymous true\nacl_file {rights}\n")
    async with publishing(server.url, topic_root) as publisher:
        await publisher.publish("allowed/x", b"1")
        with pytest.raises(PublishError, match="Not authorized"):
            await publisher.publish("forbidden/x", b"1")


async def test_delivering_wants_somebody_to_keep_it_for(mosquitto, topic_root):
    server = mosquitto()
    async with publishing(server.url, topic_root) as publisher:
        await publisher.publish(f"{topic_root}/gas-1/orders", b"1")
        with pytest.raises(PublishError, match="nobody subscribes"):
            await publisher.deliver(f"{topic_root}/gas-1/orders", b"1")
        async with devices(server.url, topic_root):
            await publisher.deliver(f"{topic_root}/gas-1/orders", b"1")


async def test_an_order_that_no_device_listens_for_is_said_not_to_have_left(pool, mosquitto, topic_root, report):
    await report()
    service = build_service(pool, Broker.parse(mosquitto().url), prefix=topic_root, client_id=f"{topic_root}-hub")
    connecting = asyncio.create_task(service.publisher.run())
    async with asyncio.timeout(WITHIN_S):
        await service.publisher.connected.wait()
    now = datetime.now(UTC)
    assert len((await service.dispatch_once(now)).ordered) == 1
    assert (await service.send_once(now)).failed == 1
    connecting.cancel()
    with suppress(asyncio.CancelledError):
        await connecting
    row = await pool.fetchrow("SELECT sent_at, error FROM notification WHERE kind = 'order'")
    assert row["sent_at"] is None
    assert row["error"] == f"nobody subscribes to {topic_root}/gas-near/orders, so the broker drops it"


async def test_publishing_without_a_broker_says_so(mosquitto, topic_root):
    server = mosquitto()
    publisher = Publisher(Broker.parse(server.url), client_id=topic_root)
    with pytest.raises(PublishError, match="not connected"):
        await publisher.publish("x", b"")
    task = asyncio.create_task(publisher.run())
    async with asyncio.timeout(WITHIN_S):
        await publisher.connected.wait()
        await publisher.publish("x", b"")
        with pytest.raises(PublishError, match="didn't take it"):
            await publisher.publish("x/#", b"")
        server.kill()
        with pytest.raises(PublishError):
            await publisher.publish("x", b"")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
