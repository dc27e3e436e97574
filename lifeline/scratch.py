"""A database and sessions for one purpose, gone afterwards."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import mqtt5

from database.pool import connect
from ingest.broker import Broker


@contextmanager
def scratch_database(database_url: str, purpose: str) -> Iterator[str]:
    """Make an empty database beside the one that ``database_url`` names; gives its URL, and drops it at the end."""
    name = f"lifeline_{purpose}_{uuid4().hex[:8]}"
    asyncio.run(_execute(database_url, f"CREATE DATABASE {name}"))
    try:
        yield urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
    finally:
        asyncio.run(_execute(database_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(database_url: str, statement: str) -> None:
    connection = await connect(database_url, application="scratch")
    await connection.execute(statement)
    await connection.close()


async def clear_session(broker: Broker, client_id: str) -> None:
    """End the persistent session of ``client_id`` and whatever the broker still queues for it."""
    _, writer = await asyncio.open_connection(broker.host, broker.port, ssl=broker.ssl_context())
    packet = mqtt5.ConnectPacket(
        client_id=client_id,
        username=broker.username,
        password=broker.password.encode() if broker.password is not None else None,
        clean_start=True,
        keep_alive=30,
        session_expiry_interval=0,
    )
    writer.write(packet.write() + mqtt5.DisconnectPacket().write())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
