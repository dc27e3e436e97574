"""What takes the messages in, each in a process of its own: the hub, a bare client, and the usual way."""

import asyncio
import gc
import json
import resource
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from typing import Any, Protocol

import aiomqtt
import asyncpg
import uvloop

from alerts.service import build_service as build_ingest
from database.listen import Listener
from database.pool import open_pool
from dispatch.service import build_service as build_dispatch
from ingest.broker import Broker
from ingest.decoder import Decoder
from ingest.formats.table import NATIVE
from ingest.kinds import KINDS
from ingest.payload import parse_topic
from ingest.session import Session
from ingest.storage import copy_columns
from lifeline.garbage import collect_seldom

RECEIVE_MAX = 10_000
_SHOW_S = 0.002
_USUAL_BATCH = 100


class Service(Protocol):
    """What the hub's processes run."""

    @property
    def ready(self) -> bool: ...

    async def run(self, listener: Listener) -> None: ...


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a consumer shows of itself: messages dealt with, readiness, peak memory in bytes."""

    done: "Synchronized[int]"
    ready: Event
    stop: Event
    peak_bytes: "Synchronized[int]"


async def _show(count: Callable[[], int], gauge: Gauge, ready: Callable[[], bool]) -> None:
    while not gauge.stop.is_set():
        gauge.done.value = count()
        if ready() and not gauge.ready.is_set():
            gc.freeze()  # as the hub's processes do
            gauge.ready.set()
        await asyncio.sleep(_SHOW_S)
    gauge.peak_bytes.value = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def _until_stopped(work: Coroutine[Any, Any, None], show: Coroutine[Any, Any, None]) -> None:
    running = asyncio.create_task(work, name="consumer")
    shown = asyncio.create_task(show, name="gauge")
    await asyncio.wait({running, shown}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    running.cancel()
    await asyncio.wait({running})
    await shown


async def _serve(database_url: str, service: Service, count: Callable[[], int], gauge: Gauge) -> None:
    listener = Listener(database_url, application="bench")

    async def serve() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(listener.run(), name="listener")
            group.create_task(service.run(listener), name="service")

    await _until_stopped(serve(), _show(count, gauge, lambda: service.ready))


def _session(broker_url: str, prefix: str) -> Session:
    return Session(
        Broker.parse(broker_url),
        client_id=f"{prefix}-consumer",
        topic_filters=(f"{prefix}/#",),
        receive_max=RECEIVE_MAX,
    )


def run_hub(database_url: str, broker_url: str, prefix: str, gauge: Gauge) -> None:
    """The hub's own ingest service."""
    collect_seldom()

    async def work() -> None:
        pool = await open_pool(database_url, application="bench")
        session = _session(broker_url, prefix)
        service = await build_ingest(
            pool, session, Decoder((NATIVE,), {}, prefix), prefix=prefix, unknown_sensor="quarantine"
        )
        await _serve(database_url, service, lambda: service.pipeline.stats.messages, gauge)
        await pool.close()

    uvloop.run(work())


def run_dispatch(database_url: str, broker_url: str, prefix: str, gauge: Gauge) -> None:
    """The hub's own dispatch service; squads are found at ``{prefix}squads``."""

    async def work() -> None:
        pool = await open_pool(database_url, application="bench")
        service = build_dispatch(
            pool, Broker.parse(broker_url), prefix=squads_prefix(prefix), client_id=f"{prefix}-dispatch"
        )
        await _serve(database_url, service, lambda: service.stats.ordered, gauge)
        await pool.close()

    uvloop.run(work())


def squads_prefix(prefix: str) -> str:
    """Where the squads of a measurement are found."""
    return f"{prefix}squads"


def run_drain(database_url: str, broker_url: str, prefix: str, gauge: Gauge) -> None:
    """A bare client: acknowledges, does nothing else."""
    collect_seldom()

    async def work() -> None:
        session = _session(broker_url, prefix)

        async def drain() -> None:
            async for batch in session.batches():
                session.ack(batch)

        async def serve() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(session.run(), name="session")
                group.create_task(drain(), name="drain")

        show = _show(lambda: session.stats.acknowledged, gauge, lambda: session.stats.connected)
        await _until_stopped(serve(), show)

    uvloop.run(work())


def run_usual(database_url: str, broker_url: str, prefix: str, gauge: Gauge) -> None:
    """The way tutorials do it: aiomqtt, json, executemany of a hundred rows, nothing checked or judged."""

    async def work() -> None:
        connection = await asyncpg.connect(database_url)
        rows = await connection.fetch("SELECT code, sensor_id FROM sensor")
        numbers = {row["code"]: row["sensor_id"] for row in rows}
        broker = Broker.parse(broker_url)
        done = 0
        connected = False

        async def serve() -> None:
            nonlocal done, connected
            async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
                await client.subscribe(f"{prefix}/#", qos=1)
                connected = True
                waiting: dict[str, list[tuple[Any, ...]]] = {name: [] for name in KINDS}
                async for message in client.messages:
                    address = parse_topic(message.topic.value, prefix)
                    assert isinstance(message.payload, bytes)
                    body = json.loads(message.payload)
                    time = datetime.fromtimestamp(body["time"] / 1000, UTC)
                    values = (body.get(name) for name in KINDS[address.kind].column_names)
                    waiting[address.kind].append((numbers[address.code], time, *values))
                    if len(waiting[address.kind]) == _USUAL_BATCH:
                        await _insert(connection, address.kind, waiting[address.kind])
                        waiting[address.kind].clear()
                    done += 1

        await _until_stopped(serve(), _show(lambda: done, gauge, lambda: connected))
        await connection.close()

    asyncio.run(work())


async def _insert(connection: "asyncpg.Connection[asyncpg.Record]", kind: str, rows: list[tuple[Any, ...]]) -> None:
    columns = copy_columns(KINDS[kind])
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await connection.executemany(f"INSERT INTO {KINDS[kind].table} ({', '.join(columns)}) VALUES ({places})", rows)
