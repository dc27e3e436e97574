"""A database of its own for a benchmark on the server that is measured."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import mqtt5

from database.pool import connect
from ingest.broker import Broker
from lifeline.preparation import prepare


@dataclass(frozen=True, slots=True)
class BenchServers:
    """What is measured on: a fresh, migrated database and a broker."""

    database_url: str
    broker_url: str
    engine: str


@contextmanager
def bench_servers(database_url: str, broker_url: str) -> Iterator[BenchServers]:
    """Make a database beside the one that ``database_url`` names, and drop it at the end."""
    name = f"lifeline_bench_{uuid4().hex[:8]}"
    asyncio.run(_execute(database_url, f"CREATE DATABASE {name}"))
    try:
        own = urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
        prepared = asyncio.run(prepare(own))
        yield BenchServers(own, broker_url, prepared.engine)
    finally:
        asyncio.run(_execute(database_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(database_url: str, statement: str) -> None:
    connection = await connect(database_url, application="bench")
    await connection.execute(statement)
    await connection.close()


async def clear_session(broker_url: str, client_id: str) -> None:
    """End the persistent session of ``client_id`` and whatever the broker still queues for it."""
    broker = Broker.parse(broker_url)
    _, writer = await asyncio.open_connection(broker.host, broker.port, ssl=broker.ssl_context())
    packet = mqtt5.ConnectPacket(client_id=client_id, clean_start=True, keep_alive=30, session_expiry_interval=0)
    writer.write(packet.write() + mqtt5.DisconnectPacket().write())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
