"""A session of the hub's kind at a broker, for tests of what brokers do with one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ingest.broker import Broker
from ingest.session import Session


@asynccontextmanager
async def connected(
    url: str, client_id: str, filters: Sequence[str], receive_max: int = 1000
) -> AsyncIterator[Session]:
    """One that is connected and acknowledges nothing by itself; the broker keeps it."""
    session = Session(Broker.parse(url), client_id=client_id, topic_filters=filters, receive_max=receive_max)
    running = asyncio.create_task(session.run(), name="session")
    try:
        async with asyncio.timeout(10):
            while not session.stats.connected:
                await asyncio.sleep(0.01)
        yield session
    finally:
        running.cancel()
        await asyncio.wait({running})
