"""``lifeline bench console``: what open consoles cost the road, and how quick they are, while a county is busy.

10,000 sensors, 500 open incidents, 50 changes a second. A round is a window with the consoles open between two with
nobody looking, beside the same road: where its pace drifts, it is compared with its own before and after. Each round
has an API process of its own, so that no page of the round before is still kept. The consoles are clients without a
browser: officers have their own machines for that. Generator, broker, database, hub, API and clients share this one, so
rates are told beside what the API and the clients take of it.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import mean, median
from typing import Any

import aiomqtt
import httpx
import uvloop

from alerts.rulebook import in_force, load_shipped
from alerts.rulefile import default_rules
from api.access.passwords import hash_password
from database.engine import ensure_days
from database.pool import Connection, connect
from database.queries import load_queries
from ingest.broker import Broker
from ingest.kinds import KINDS
from lifeline.bench.consumers import run_hub
from lifeline.bench.desks import Desk
from lifeline.bench.fleet import bench_sensors, register
from lifeline.bench.run import Run, start_run
from lifeline.bench.servers import BenchServers
from lifeline.embedded import free_port
from lifeline.errors import HubError
from lifeline.offspring import spawn, stop
from lifeline.scratch import clear_session
from simulators.generator import LoadSensor

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
SENSORS = 10_000
INCIDENTS = 500
CHANGES_PER_S = 50
CONSOLES = 10
STEADY_RATE = 5_000  # messages per second, or a third of what the machine can do where that is less
_STEADY_SHARE = 1 / 3
_ON_MAP = 3  # of ten, one in three; the others look at the board
_PROBES_PER_S = 5
_LOOKS_S = 0.002
_SETTLE_S = 2.0
_READY_S = 60.0
_STRIDE = 37  # every second some of the few incidents that a board shows at once are changed
_PREFIX = "benchconsole"
_PASSWORD = "seven herons over the Sui river"
_PROBE = LoadSensor("probe", "gas")


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen in one window: messages per second, milliseconds from PUBLISH to the committed row, cores.

    At full rate a message waits behind all that the broker has, which says nothing of consoles: none is sent then.
    """

    rate: float
    commit_ms: float | None
    api_cores: float  # of the API and of the database for it
    clients_cores: float  # of this process, which is the consoles and those who change something


@dataclass(frozen=True, slots=True)
class Round:
    """Three windows of the same road, and what the consoles in the middle one saw."""

    before: Window
    open: Window
    after: Window
    first_view_ms: float
    visible_ms: float
    console_bytes: float
    told_bytes_per_s: float

    @property
    def alone(self) -> tuple[Window, Window]:
        """The windows with nobody looking."""
        return self.before, self.after

    @property
    def kept(self) -> float:
        """Which share of the road's rate was left with the consoles open."""
        return self.open.rate / mean(window.rate for window in self.alone)


def bench_console(servers: BenchServers, seconds: float, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Take all figures; each window lasts ``seconds``, medians are over ``rounds``."""
    incidents, probe_id = uvloop.run(_furnish(servers))
    figures: dict[str, Any] = {}
    seen: list[Round] = []
    rate: float | None = None
    for name in ("full", "steady"):
        pace = "as fast as it goes" if rate is None else f"at {rate:,.0f}/s"
        say(f"the road {pace}: {CONSOLES} consoles closed, open, closed …")
        with _road(servers, rate) as run:
            these = [_round(servers, run, incidents, probe_id if rate else None, seconds) for _ in range(rounds)]
        for one in these:
            say(f"{one.before.rate:,.0f}/s, with consoles {one.open.rate:,.0f}/s, then {one.after.rate:,.0f}/s")
        seen += these
        alone, looked_at = [window for one in these for window in one.alone], [one.open for one in these]
        figures[name] = {
            "open_over_alone": median(one.kept for one in these),
            **_medians("alone", alone),
            **_medians("open", looked_at),
            "rounds": [asdict(one) for one in these],
        }
        rate = min(STEADY_RATE, _STEADY_SHARE * median(window.rate for window in alone))
    return figures | {
        "first_view_ms": median(one.first_view_ms for one in seen),
        "visible_ms": median(one.visible_ms for one in seen),
        "console_mb": median(one.console_bytes for one in seen) / 1e6,
        "consoles": CONSOLES,
        "sensors": SENSORS,
        "incidents": INCIDENTS,
        "changes_per_s": CHANGES_PER_S,
        "engine": servers.engine,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _medians(state: str, windows: list[Window]) -> dict[str, float]:
    return {
        f"rate_{state}": median(window.rate for window in windows),
        f"commit_ms_{state}": median(window.commit_ms or 0 for window in windows),
        f"api_cores_{state}": median(window.api_cores for window in windows),
        f"clients_cores_{state}": median(window.clients_cores for window in windows),
    }


async def _furnish(servers: BenchServers) -> tuple[list[int], int]:
    connection = await connect(servers.database_url, application="bench")
    now = datetime.now(UTC)
    await load_shipped(connection, default_rules(), now)
    rule_id, _ = (await in_force(connection, now)).rules["gas", "gas_combustible"]
    await register(connection, [*bench_sensors(SENSORS), _PROBE])
    await connection.execute(_SQL.placed)
    if servers.engine == "plain":
        for kind in KINDS.values():
            await ensure_days(connection, kind.table, [now.date()])
    incidents = [row["incident_id"] for row in await connection.fetch(_SQL.cases, INCIDENTS, now, rule_id)]
    await connection.execute(_SQL.people, CONSOLES, await hash_password(_PASSWORD), now)
    probe_id: int = await connection.fetchval("SELECT sensor_id FROM sensor WHERE code = $1", _PROBE.code)
    await connection.execute("ANALYZE")
    await connection.close()
    return incidents, probe_id


@contextmanager
def _road(servers: BenchServers, rate: float | None) -> Iterator[Run]:
    run = start_run(run_hub, servers, _PREFIX, rate=rate)
    try:
        deadline = time.perf_counter() + _READY_S
        while run.gauge.done.value < 2 * SENSORS and time.perf_counter() < deadline:
            time.sleep(0.01)
        yield run
    finally:
        run.finish()
        uvloop.run(clear_session(Broker.parse(servers.broker_url), f"{_PREFIX}-consumer"))


def _round(servers: BenchServers, run: Run, incidents: list[int], probe_id: int | None, seconds: float) -> Round:
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")},
        "LIFELINE_DATABASE_URL": servers.database_url,
        "LIFELINE_API_PORT": str(port),
        "LIFELINE_API_PROBE_PORT": "0",
        "LIFELINE_LOG_LEVEL": "error",
    }
    process = spawn([sys.executable, "-m", "lifeline", "api"], death_signal=signal.SIGKILL, environment=environment)
    try:
        desk = _Office(servers, run, f"http://127.0.0.1:{port}", process.pid, incidents, probe_id)
        return uvloop.run(desk.round(seconds))
    finally:
        stop(process, signal.SIGTERM)


class _Office:
    """The county at work beside an API process, and the consoles that look at it."""

    def __init__(
        self, servers: BenchServers, run: Run, address: str, pid: int, incidents: list[int], probe_id: int | None
    ) -> None:
        self._servers, self._run, self._address, self._pid = servers, run, address, pid
        self._incidents, self._probe_id = incidents, probe_id
        self._told: dict[str, float] = {}
        self._visible_ms: list[float] = []
        self._first_view_ms: list[float] = []

    async def round(self, seconds: float) -> Round:
        """A window with nobody looking, one with the consoles open, one with nobody looking."""
        await self._ready()
        desks = [Desk(self._address, f"desk-{n}", _PASSWORD, self._heard) for n in range(1, CONSOLES + 1)]
        for desk in desks:
            await desk.sign_in()
        async with asyncio.TaskGroup() as group:
            changing = group.create_task(self._change(), name="changes")
            await asyncio.sleep(_SETTLE_S)
            before = await self._window(seconds)
            small_bytes = _resident_bytes(self._pid)
            looking = []
            for number, desk in enumerate(desks, 1):
                path = "/map" if number % _ON_MAP == 0 else "/board"
                looking.append(group.create_task(desk.look(path, self._first_view_ms.append), name="desk"))
                while len(self._first_view_ms) < number:  # noqa: ASYNC110 - one console after the other
                    await asyncio.sleep(0.01)
            await asyncio.sleep(_SETTLE_S)
            received = sum(desk.received_bytes for desk in desks)
            seen = await self._window(seconds)
            told = (sum(desk.received_bytes for desk in desks) - received) / seconds
            grown = (_resident_bytes(self._pid) - small_bytes) / CONSOLES
            for task in looking:
                task.cancel()
            await asyncio.sleep(_SETTLE_S)
            after = await self._window(seconds)
            changing.cancel()
        for desk in desks:
            await desk.leave()
        if not self._visible_ms:
            raise HubError("no change reached a console: measure for longer")
        return Round(before, seen, after, max(self._first_view_ms), median(self._visible_ms), grown, told)

    async def _ready(self) -> None:
        deadline = time.perf_counter() + _READY_S
        async with httpx.AsyncClient(trust_env=False) as client:
            while time.perf_counter() < deadline:
                with suppress(httpx.TransportError):
                    if (await client.get(f"{self._address}/console/sign-in")).status_code == 200:
                        return
                await asyncio.sleep(0.05)
        raise HubError("the benchmark's API was not ready in time: see above")

    async def _change(self) -> None:
        """One incident after the other gets another stage and a name that nobody has seen yet."""
        connection = await connect(self._servers.database_url, application="bench changes")
        began = time.perf_counter()
        for number in count():
            name = f"change-{number}"
            self._told[name] = time.perf_counter()
            incident = self._incidents[number * _STRIDE % INCIDENTS]
            await connection.execute(_SQL.change, incident, name, datetime.now(UTC))
            await asyncio.sleep(max(0.0, began + (number + 1) / CHANGES_PER_S - time.perf_counter()))

    def _heard(self, text: str) -> None:
        """Which changes came, first of all at this console."""
        now = time.perf_counter()
        for name in _names(text):
            if (at := self._told.pop(name, None)) is not None:
                self._visible_ms.append((now - at) * 1000)

    async def _window(self, seconds: float) -> Window:
        cpu, own, done, began = (
            await self._cpu_s(),
            time.process_time(),
            self._run.gauge.done.value,
            time.perf_counter(),
        )
        commits_ms = await self._probe(seconds) if self._probe_id is not None else []
        await asyncio.sleep(max(0.0, began + seconds - time.perf_counter()))
        took = time.perf_counter() - began
        rate, clients = (self._run.gauge.done.value - done) / took, (time.process_time() - own) / took
        commit_ms = median(commits_ms) if commits_ms else None
        return Window(rate, commit_ms, (await self._cpu_s() - cpu) / took, clients)

    async def _cpu_s(self) -> float:
        """Seconds of a core that the API and the database's processes for it have taken."""
        connection = await connect(self._servers.database_url, application="bench probe")
        rows = await connection.fetch(_SQL.serving)
        await connection.close()
        return sum(_cpu_s(pid) for pid in (self._pid, *(row["pid"] for row in rows)))

    async def _probe(self, seconds: float) -> list[float]:
        """Milliseconds from PUBLISH until the reading can be read, again and again for ``seconds``."""
        assert self._probe_id is not None
        broker = Broker.parse(self._servers.broker_url)
        connection = await connect(self._servers.database_url, application="bench probe")
        commits_ms: list[float] = []
        began = time.perf_counter()
        async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
            while (sent := time.perf_counter()) < began + seconds:
                at_ms = int(time.time() * 1000)
                await client.publish(_PROBE.topic(_PREFIX), _PROBE.payload(at_ms), qos=1)
                await _committed(connection, self._probe_id, datetime.fromtimestamp(at_ms / 1000, UTC))
                commits_ms.append((time.perf_counter() - sent) * 1000)
                await asyncio.sleep(max(0.0, sent + 1 / _PROBES_PER_S - time.perf_counter()))
        await connection.close()
        return commits_ms


async def _committed(connection: Connection, sensor_id: int, at: datetime) -> None:
    while not await connection.fetchval(_SQL.committed, sensor_id, at):  # noqa: ASYNC110 - of another process
        await asyncio.sleep(_LOOKS_S)


def _names(text: str) -> list[str]:
    return [f"change-{part[: _digits(part)]}" for part in text.split("change-")[1:]]


def _digits(part: str) -> int:
    return next((place for place, letter in enumerate(part) if not letter.isdigit()), len(part))


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # it has just ended
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
