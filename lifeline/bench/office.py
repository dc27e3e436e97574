"""A county's office at work: incidents change, an API serves consoles, a road brings readings; and what each costs."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median

import httpx

from database.pool import connect
from database.queries import load_queries
from lifeline.bench.cores import cpu_s
from lifeline.bench.desks import Desk
from lifeline.bench.probe import commits
from lifeline.bench.run import Run
from lifeline.bench.servers import BenchServers
from lifeline.embedded import free_port
from lifeline.errors import HubError
from lifeline.offspring import spawn, stop

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
CONSOLES = 10
CHANGES_PER_S = 50
PASSWORD = "seven herons over the Sui river"
PREFIX = "benchconsole"
READY_S = 60.0
_ON_MAP = 3  # of ten, one in three; the others look at the board
_SETTLE_S = 2.0
_STRIDE = 37  # every second some of the few incidents that a board shows at once are changed


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen in one window: messages per second, milliseconds from PUBLISH to the committed row, cores.

    At full rate a message waits behind all that the broker has, which says nothing of consoles: none is sent then.
    """

    rate: float
    commit_ms: float | None
    api_cores: float  # of the API and of the database for it
    clients_cores: float  # of this process: consoles, changes, and whoever looks for commits


@dataclass(frozen=True, slots=True)
class Round:
    """Two windows of the same road, and what the consoles in the second one saw."""

    alone: Window
    open: Window
    first_view_ms: float
    visible_ms: float
    console_bytes: float
    told_bytes_per_s: float


class Office:
    """The county at work beside an API process, and the consoles that look at it."""

    def __init__(self, servers: BenchServers, run: Run, incidents: list[int], probe_id: int | None) -> None:
        self._servers, self._run, self._incidents, self._probe_id = servers, run, incidents, probe_id

    async def alone(self, seconds: float) -> Window:
        """A window with nobody looking."""
        async with self._serving() as (_, pid), self._changing({}):
            await asyncio.sleep(_SETTLE_S)
            return await self._window(seconds, pid)

    async def round(self, seconds: float) -> Round:
        """A window with nobody looking, and one with the consoles open."""
        told: dict[str, float] = {}
        visible_ms: list[float] = []
        first_view_ms: list[float] = []

        def heard(text: str) -> None:
            now = time.perf_counter()
            visible_ms.extend((now - told.pop(name)) * 1000 for name in _names(text) if name in told)

        async with self._serving() as (address, pid), self._changing(told):
            desks = [Desk(address, f"desk-{n}", PASSWORD, heard) for n in range(1, CONSOLES + 1)]
            for desk in desks:
                await desk.sign_in()
            await asyncio.sleep(_SETTLE_S)
            alone = await self._window(seconds, pid)
            before_bytes = _resident_bytes(pid)
            async with asyncio.TaskGroup() as group:
                looking = []
                for number, desk in enumerate(desks, 1):
                    path = "/map" if number % _ON_MAP == 0 else "/board"
                    looking.append(group.create_task(desk.look(path, first_view_ms.append), name="desk"))
                    while len(first_view_ms) < number:  # noqa: ASYNC110 - one console after the other
                        await asyncio.sleep(0.01)
                await asyncio.sleep(_SETTLE_S)
                received = sum(desk.received_bytes for desk in desks)
                seen = await self._window(seconds, pid)
                per_s = (sum(desk.received_bytes for desk in desks) - received) / seconds
                grown = (_resident_bytes(pid) - before_bytes) / CONSOLES
                for task in looking:
                    task.cancel()
            for desk in desks:
                await desk.leave()
        if not visible_ms:
            raise HubError("no change reached a console: measure for longer")
        return Round(alone, seen, max(first_view_ms), median(visible_ms), grown, per_s)

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[tuple[str, int]]:
        """Address and process id of an API with the console on it."""
        port = free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")},
            "LIFELINE_DATABASE_URL": self._servers.database_url,
            "LIFELINE_API_PORT": str(port),
            "LIFELINE_API_PROBE_PORT": "0",
            "LIFELINE_LOG_LEVEL": "error",
        }
        process = spawn([sys.executable, "-m", "lifeline", "api"], death_signal=signal.SIGKILL, environment=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            await _ready(address)
            yield address, process.pid
        finally:
            stop(process, signal.SIGTERM)

    @asynccontextmanager
    async def _changing(self, told: dict[str, float]) -> AsyncIterator[None]:
        """Incidents change; ``told`` has when each new name was written."""
        async with asyncio.TaskGroup() as group:
            changing = group.create_task(self._change(told), name="changes")
            yield
            changing.cancel()

    async def _change(self, told: dict[str, float]) -> None:
        """One incident after the other gets another stage and a name that nobody has seen yet."""
        connection = await connect(self._servers.database_url, application="bench changes")
        began = time.perf_counter()
        for number in count():
            name = f"change-{number}"
            told[name] = time.perf_counter()
            incident = self._incidents[number * _STRIDE % len(self._incidents)]
            await connection.execute(_SQL.change, incident, name, datetime.now(UTC))
            await asyncio.sleep(max(0.0, began + (number + 1) / CHANGES_PER_S - time.perf_counter()))

    async def _window(self, seconds: float, pid: int) -> Window:
        cpu, own, done = await self._cpu_s(pid), time.process_time(), self._run.gauge.done.value
        began = time.perf_counter()
        commits_ms = [] if self._probe_id is None else await commits(self._servers, PREFIX, self._probe_id, seconds)
        await asyncio.sleep(max(0.0, began + seconds - time.perf_counter()))
        took = time.perf_counter() - began
        rate, clients = (self._run.gauge.done.value - done) / took, (time.process_time() - own) / took
        commit_ms = median(commits_ms) if commits_ms else None
        return Window(rate, commit_ms, (await self._cpu_s(pid) - cpu) / took, clients)

    async def _cpu_s(self, pid: int) -> float:
        """Seconds of a core that the API and the database's processes for it have taken."""
        connection = await connect(self._servers.database_url, application="bench probe")
        rows = await connection.fetch(_SQL.serving)
        await connection.close()
        return sum(cpu_s(one) for one in (pid, *(row["pid"] for row in rows)))


async def _ready(address: str) -> None:
    deadline = time.perf_counter() + READY_S
    async with httpx.AsyncClient(trust_env=False) as client:
        while time.perf_counter() < deadline:
            with suppress(httpx.TransportError):
                if (await client.get(f"{address}/console/sign-in")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise HubError("the benchmark's API was not ready in time: see above")


def _names(text: str) -> list[str]:
    return [f"change-{part[: _digits(part)]}" for part in text.split("change-")[1:]]


def _digits(part: str) -> int:
    return next((place for place, letter in enumerate(part) if not letter.isdigit()), len(part))


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
