"""One process of the hub, from its settings to its work, built straight down and torn down in reverse."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import structlog
import uvloop

from database.listen import Listener
from database.pool import open_pool
from lifeline.heartbeat import Heartbeat
from lifeline.logs import configure
from lifeline.metrics import Metrics
from lifeline.preparation import check_prepared
from lifeline.probe import Probe, serve_probe
from lifeline.settings import ROLES, Settings

if TYPE_CHECKING:
    from lifeline.selfwatch import SelfWatch

_POOL_SIZE = 8
_SETTLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Work:
    """What a process does: ``run`` until cancelled; ``close`` says good-bye to others before that.

    ``stats`` are the counters of its rooms by subject, ``figures`` what the heartbeat tells of them.
    """

    run: Callable[[Listener], Coroutine[Any, Any, None]]
    ready: Callable[[], bool]
    close: Callable[[], Awaitable[None]]
    stats: Mapping[str, Any]
    figures: Callable[[], Mapping[str, float]] = dict


Build: TypeAlias = Callable[[Settings, asyncpg.Pool], Awaitable[Work]]
"""Builds the work of a role; nothing runs yet."""


async def serve(role: str, settings: Settings, build: Build, stop: asyncio.Event) -> None:
    """Be the process of ``role`` until ``stop`` is set.

    Raises the rooms' errors when the process can't start, and the ExceptionGroup of its tasks when one fails.
    """
    log = structlog.get_logger()
    async with AsyncExitStack() as opened:
        pool = await open_pool(settings.database, application=role, size=_POOL_SIZE)
        opened.callback(pool.terminate)
        await check_prepared(pool)
        work = await build(settings, pool)
        probe = Probe(os.getpid(), work.ready, Metrics(work.stats))
        port = await opened.enter_async_context(serve_probe(probe, settings.probe_host, settings.probe_port(role)))
        own = _self_watch(pool, settings) if role == "dispatch" else None  # one process speaks for all of them
        figures = work.figures if own is None else own.figures
        heartbeat = Heartbeat(pool, role, os.getpid(), datetime.now(UTC), work.ready, figures)
        listener = Listener(settings.database, application=role)
        log.info("started", probe=f"http://{settings.probe_host}:{port}")
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(work.run(listener), name=role),
                group.create_task(listener.run(), name="listener"),
                group.create_task(heartbeat.run(), name="heartbeat"),
                group.create_task(_settle(work.ready), name="settling"),
            ]
            if own is not None:
                tasks.append(group.create_task(own.run(), name="self watch"))
                if settings.watchdog_url is not None:
                    from lifeline.watchdog import Watchdog  # an HTTP client, for few hubs

                    watchdog = Watchdog(pool, settings.watchdog_url.get_secret_value(), ROLES)
                    tasks.append(group.create_task(watchdog.run(), name="watchdog"))
            await stop.wait()
            await work.close()
            for task in tasks:
                task.cancel()
        await heartbeat.end(datetime.now(UTC))
        log.info("stopped")


async def _settle(ready: Callable[[], bool]) -> None:
    """Once ready, what is there stays: looking through it for garbage would stop everything for tenths of a second."""
    while not ready():  # noqa: ASYNC110 - of several parts
        await asyncio.sleep(_SETTLE_S)
    gc.freeze()


def _self_watch(pool: asyncpg.Pool, settings: Settings) -> "SelfWatch":
    from lifeline.selfwatch import SelfWatch  # certificates and an MQTT client, of which the others have no use

    return SelfWatch(pool, settings)


@asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def main(role: str, settings: Settings, build: Build) -> None:
    """Be the process of ``role`` until SIGTERM or SIGINT."""

    async def until_signal() -> None:
        async with stop_signals() as stop:
            await serve(role, settings, build, stop)

    configure(settings.log_level, as_json=settings.log_json, process=role)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signal())
