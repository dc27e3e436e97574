"""What many listeners of the API's stream cost the road: compared with one listener, just before and just after.

The same events happen all the while. The listeners' clients share the machine, which a county's would not.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import mean, median

import uvloop

from database.pool import connect
from database.queries import load_queries
from lifeline.bench.asking import listen
from lifeline.bench.cores import cpu_s
from lifeline.bench.probe import commits
from lifeline.bench.run import Run
from lifeline.bench.servers import BenchServers
from lifeline.bench.serving import Serving
from lifeline.errors import HubError

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
LISTENERS = 500
_EVENT_RATE = 20
_TIMES = 3
_READY_S = 90.0
_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Window:
    """Messages per second, milliseconds from PUBLISH to the committed row, and cores that the API takes.

    At full rate a message waits behind all that the broker has, which says nothing of listeners: no times then.
    """

    rate: float
    commit_ms: float | None
    api_cores: float


@dataclass(frozen=True, slots=True)
class Listening:
    """What one listener and LISTENERS cost, in the median; ``many_over_one`` compares rates each time."""

    many_over_one: float
    one: Window
    many: Window
    events_heard_share: float


def measure_listening(
    run: Run,
    api: Serving,
    servers: BenchServers,
    key: str,
    seconds: float,
    say: Callable[[str], None],
    *,
    probed: tuple[str, int] | None = None,
) -> Listening:
    """Windows of ``seconds``, of one listener and of many in turn.

    Times to the commit are taken with ``probed``, the topic's prefix and the number of the probe.
    """
    shares = []

    def window(listeners: int) -> Window:
        with _listeners(servers.database_url, api.port, key, listeners) as share:
            done, cpu, began = run.gauge.done.value, cpu_s(api.pid), time.perf_counter()
            commits_ms = uvloop.run(commits(servers, *probed, seconds)) if probed else []
            time.sleep(max(0.0, began + seconds - time.perf_counter()))
            took = time.perf_counter() - began
            rate, cores = (run.gauge.done.value - done) / took, (cpu_s(api.pid) - cpu) / took
        shares.append(share())
        return Window(rate, median(commits_ms) if commits_ms else None, cores)

    window(1)  # what came while the road was started is caught up with
    one, many = [window(1)], []
    for _ in range(_TIMES):
        many.append(window(LISTENERS))
        one.append(window(1))
        say(f"{one[-2].rate:,.0f}/s, with {LISTENERS} {many[-1].rate:,.0f}/s, then {one[-1].rate:,.0f}/s")
    kept = [
        each.rate / mean((before.rate, after.rate)) for each, (before, after) in zip(many, pairwise(one), strict=True)
    ]
    return Listening(median(kept), _medians(one), _medians(many), min(shares))


def _medians(windows: list[Window]) -> Window:
    times = [each.commit_ms for each in windows if each.commit_ms is not None]
    return Window(
        median(each.rate for each in windows),
        median(times) if times else None,
        median(each.api_cores for each in windows),
    )


def _hear(
    database_url: str, port: int, key: str, listeners: int, heard: "Synchronized[float]", ready: Event, stop: Event
) -> None:
    heard.value = uvloop.run(_listen(database_url, port, key, listeners, ready, stop))


async def _listen(database_url: str, port: int, key: str, listeners: int, ready: Event, stop: Event) -> float:
    """Have everybody listen while events happen; what share of all that should be heard was."""
    connection = await connect(database_url, application="bench events")
    incident = await connection.fetchval(_SQL.incident, datetime.now(UTC))
    counts = [-1] * listeners
    happened = 0
    async with asyncio.TaskGroup() as group:
        listening = [group.create_task(listen(port, key, counts, number)) for number in range(listeners)]
        while min(counts) < 0:  # noqa: ASYNC110 - somebody is not let in yet
            await asyncio.sleep(0.05)
        ready.set()
        while not stop.is_set():
            await connection.execute(_SQL.event, incident, datetime.now(UTC))
            happened += 1
            await asyncio.sleep(1 / _EVENT_RATE)
        deadline = time.perf_counter() + _READY_S
        while sum(counts) < happened * listeners and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        for task in listening:
            task.cancel()
    await connection.close()
    return sum(counts) / (happened * listeners) if happened else 0.0


@contextmanager
def _listeners(database_url: str, port: int, key: str, listeners: int) -> Iterator[Callable[[], float]]:
    heard, ready, stop = _CONTEXT.Value("d", 0.0), _CONTEXT.Event(), _CONTEXT.Event()
    arguments = (database_url, port, key, listeners, heard, ready, stop)
    process = _CONTEXT.Process(target=_hear, args=arguments, name="listeners", daemon=True)
    process.start()
    if not ready.wait(_READY_S):
        process.kill()
        raise HubError("not everybody could listen in time: see above")

    def share() -> float:
        return float(heard.value)

    try:
        yield share
    finally:
        stop.set()
        process.join(2 * _READY_S)
        process.kill()
