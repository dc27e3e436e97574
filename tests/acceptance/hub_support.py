"""What the acceptance tests share beside the fixtures in conftest.py."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import aiomqtt

from ingest.broker import Broker
from lifeline.settings import Settings

HubOn = Callable[[str, str], Settings]
"""From the URLs of a database and a broker to a hub's settings."""


class Until(Protocol):
    """Waits for a condition; ``what`` says which one when it does not come true."""

    async def __call__(
        self, condition: Callable[[], Awaitable[bool]], what: str, *, within_s: float = 20.0
    ) -> None: ...


async def end_session(broker_url: str, client_id: str) -> None:
    """Make the broker forget a client and what it queues for it."""
    broker = Broker.parse(broker_url)
    async with aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        tls_context=broker.ssl_context(),
        identifier=client_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,
    ):
        pass
