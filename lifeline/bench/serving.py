"""An API in a process of its own, on one core, with no limits on who asks how often."""

import asyncio
import gc
import multiprocessing
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event

import structlog
import uvicorn
import uvloop

from api.access.throttle import Limits, Rate
from api.app import create_app
from api.stream.feed import Feed
from database.listen import Listener
from database.pool import open_pool
from lifeline.errors import HubError
from lifeline.patience import PatientProtocol

_READY_S = 90.0
_MANY = Rate(10**9, 1e9)
_CONTEXT = multiprocessing.get_context("spawn")


def _serve(database_url: str, port: "Synchronized[int]", stop: Event) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    uvloop.run(_answer(database_url, port, stop))


async def _answer(database_url: str, port: "Synchronized[int]", stop: Event) -> None:
    pool, series_pool = [await open_pool(database_url, application="bench api", size=size) for size in (8, 4)]
    listener, feed = Listener(database_url, application="bench api"), Feed()
    app = create_app(pool, feed=feed, limits=Limits(_MANY, _MANY, _MANY, _MANY), series_pool=series_pool)
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(app, http=PatientProtocol, ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as group:
        beside = [
            group.create_task(listener.run(), name="listener"),
            group.create_task(feed.run(pool, listener), name="feed"),
        ]
        serving = group.create_task(server.serve(sockets=[listening]), name="api")
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        gc.freeze()  # as each process of the hub does when it is ready
        port.value = listening.getsockname()[1]
        while not stop.is_set():  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.1)
        server.should_exit = True
        feed.end_all()
        await serving
        for task in beside:
            task.cancel()
    await pool.close()
    await series_pool.close()


@dataclass(frozen=True, slots=True)
class Serving:
    """Where the API listens, and which process it is."""

    port: int
    pid: int


@contextmanager
def serving(database_url: str) -> Iterator[Serving]:
    """The API once it is ready; HubError when it is not in time."""
    port, stop = _CONTEXT.Value("i", 0), _CONTEXT.Event()
    process = _CONTEXT.Process(target=_serve, args=(database_url, port, stop), name="api", daemon=True)
    process.start()
    deadline = time.perf_counter() + _READY_S
    while not port.value and process.is_alive() and time.perf_counter() < deadline:
        time.sleep(0.05)
    if not port.value:
        process.kill()
        raise HubError("the benchmark's API was not ready in time: see above")
    try:
        assert process.pid is not None
        yield Serving(port.value, process.pid)
    finally:
        stop.set()
        process.join(_READY_S)
        process.kill()
