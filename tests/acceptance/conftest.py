"""Hubs for the acceptance tests: real processes with topics, sessions and ports of their own."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from hub_support import HubOn, Until, end_session
from pydantic import SecretStr

from lifeline.embedded import free_port
from lifeline.settings import ROLES, Settings


@pytest.fixture
async def hub_on(broker_url: str, topic_root: str, tmp_path: Path) -> AsyncIterator[HubOn]:
    """Makes a hub's settings from the URLs of a database and a broker; ends its sessions on the test broker at last."""

    def make(database_url: str, broker_url: str) -> Settings:
        return Settings(
            database_url=SecretStr(database_url),
            broker_url=SecretStr(broker_url),
            data_dir=tmp_path,
            client_id=topic_root,
            topic_prefix=f"{topic_root}/sensors",
            squads_prefix=f"{topic_root}/squads",
            api_port=free_port(),
            ingest_probe_port=free_port(),
            dispatch_probe_port=free_port(),
            api_probe_port=free_port(),
        )

    yield make
    for role in ROLES:
        await end_session(broker_url, f"{topic_root}-{role}")


@pytest.fixture
def hub_log(tmp_path: Path) -> Iterator[IO[bytes]]:
    """Takes what the hub's processes print."""
    with (tmp_path / "hub.log").open("ab") as log:
        yield log


@pytest.fixture
def until() -> Until:
    """Waits for a condition, a coroutine function, and fails the test when it does not come true in time."""

    async def wait(condition: Callable[[], Awaitable[bool]], what: str, *, within_s: float = 20.0) -> None:
        deadline = time.monotonic() + within_s
        while not await condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {within_s:g} s: {what}")
            await asyncio.sleep(0.05)  # many a condition asks the database

    return wait
