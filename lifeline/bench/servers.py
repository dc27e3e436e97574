"""A database of its own for a benchmark on the server that is measured."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import mqtt5

from ingest.broker import Broker
from lifeline.preparation import prepare
from lifeline.scratch import scratch_database


@dataclass(frozen=True, slots=True)
class BenchServers:
    """What is measured on: a fresh, migrated database and a broker."""

    database_url: str
    broker_url: str
    engine: str


@contextmanager
def bench_servers(database_url: str, broker_url: str) -> Iterator[BenchServers]:
    """Make a database beside the one that ``database_url`` names, and drop it at the end."""
    with scratch_database(database_url, "bench") as own:
        prepared = asyncio.run(prepare(own))
        yield BenchServers(own, broker_url, prepared.engine)


async def clear_session(broker_url: str, client_id: str) -> None:
    """End the persistent session of ``client_id`` and whatever the broker still queues for it."""
    broker = Broker.parse(broker_url)
    _, writer = await asyncio.open_connection(broker.host, broker.port, ssl=broker.ssl_context())
    packet = mqtt5.ConnectPacket(client_id=client_id, clean_start=True, keep_alive=30, session_expiry_interval=0)
    writer.write(packet.write() + mqtt5.DisconnectPacket().write())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
