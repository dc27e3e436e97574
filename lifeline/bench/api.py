"""``lifeline bench api``: how fast requests are answered over a year of data while messages come in, and who listens.

The API has a process of its own on one core; requests are sent at a fixed rate whether or not answers are late, and
counted from the time at which they were due. Generator, broker, database, hub and clients share the machine.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from api.access.keys import add_key
from database.engine import ensure_days
from database.pool import Connection, connect
from database.queries import load_queries
from ingest.broker import Broker
from ingest.kinds import KINDS
from lifeline.bench.asking import ask_at_rate, ask_once
from lifeline.bench.consumers import run_hub
from lifeline.bench.fleet import bench_sensors, register
from lifeline.bench.listening import LISTENERS, Listening, measure_listening
from lifeline.bench.policies import COMPRESSED_AFTER, compress, compress_rollups, hold_jobs, roll_up
from lifeline.bench.probe import add_probe
from lifeline.bench.run import Run, start_run
from lifeline.bench.servers import BenchServers
from lifeline.bench.serving import serving
from lifeline.errors import HubError
from lifeline.scratch import clear_session

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
SENSORS = 10_000
WITH_A_YEAR = 1_000
YEAR = timedelta(days=366)
REQUEST_RATE = 200
MESSAGE_RATE = 5_000
_WHOLE_ANSWERS = 20
_READY_S = 90.0
_PREFIX = "benchapi"


@dataclass(frozen=True, slots=True)
class ApiFigures:
    """Milliseconds, messages per second; ``worst_ms`` by the sort of request.

    Listeners at ``full`` rate of the road, and at ``steady`` MESSAGE_RATE.
    """

    request_rate: float
    p50_ms: float
    p99_ms: float
    failed: int
    worst_ms: dict[str, float]
    whole_latest_ms: float
    messages_per_s: float
    listeners: int
    full: Listening
    steady: Listening
    rows: int
    interval_s: int
    engine: str

    def as_json(self) -> dict[str, Any]:
        """The figures with the time."""
        return {**asdict(self), "measured_at": datetime.now(UTC).isoformat(timespec="seconds")}


def bench_api(servers: BenchServers, seconds: float, interval_s: int, say: Callable[[str], None]) -> ApiFigures:
    """Take all figures, one after the other; ``say`` tells a person what is being measured.

    The year's readings are ``interval_s`` apart.
    """
    say(f"a year of readings of {WITH_A_YEAR} sensors, {interval_s} s apart")
    key, probe_id, rows = uvloop.run(_furnish(servers, interval_s))
    with serving(servers.database_url) as api:
        say(f"requests: {REQUEST_RATE}/s of mixed reads while {MESSAGE_RATE} messages/s come in")
        with _road(servers, MESSAGE_RATE) as run:
            before, began = run.gauge.done.value, time.perf_counter()
            asked = uvloop.run(ask_at_rate(api.port, key, _mix(), REQUEST_RATE, seconds))
            messages_per_s = (run.gauge.done.value - before) / (time.perf_counter() - began)
            say(f"latest values of {SENSORS} sensors in one answer")
            whole = uvloop.run(_whole_latest(api.port, key))
        say(f"p50 {asked.quantile(0.5):.1f} ms, p99 {asked.quantile(0.99):.1f} ms, the latest of all {whole:.1f} ms")
        say(f"the road as fast as it goes, with one listener and with {LISTENERS}, in turn")
        with _road(servers, None) as run:
            full = measure_listening(run, api, servers, key, seconds, say)
        say(f"the same at {MESSAGE_RATE} messages/s")
        with _road(servers, MESSAGE_RATE) as run:
            steady = measure_listening(run, api, servers, key, seconds, say, probed=(_PREFIX, probe_id))
    return ApiFigures(
        request_rate=asked.rate,
        p50_ms=asked.quantile(0.5),
        p99_ms=asked.quantile(0.99),
        failed=asked.failed,
        worst_ms=asked.worst_ms,
        whole_latest_ms=whole,
        messages_per_s=messages_per_s,
        listeners=LISTENERS,
        full=full,
        steady=steady,
        rows=rows,
        interval_s=interval_s,
        engine=servers.engine,
    )


async def _furnish(servers: BenchServers, interval_s: int) -> tuple[str, int, int]:
    connection = await connect(servers.database_url, application="bench")
    now = datetime.now(UTC)
    await register(connection, bench_sensors(SENSORS))
    timescale, rows = servers.engine == "timescaledb", 0
    if timescale:
        await hold_jobs(connection)
    for kind in KINDS.values():
        if not timescale:
            days = [(now - timedelta(days=number)).date() for number in range(-1, YEAR.days + 1)]
            await ensure_days(connection, kind.table, days)
        rows += await _fill(connection, kind.name, now, interval_s)
        if timescale:
            await roll_up(connection, kind.table, now - YEAR, now)
            await compress(connection, kind.table, now - COMPRESSED_AFTER)
            await compress_rollups(connection, kind.table, now)
    await connection.execute(_SQL.settle)
    key = await add_key(connection, "bench", "viewer", now)
    probe_id = await add_probe(connection)
    await connection.close()
    return key, probe_id, rows


async def _fill(connection: Connection, name: str, now: datetime, interval_s: int) -> int:
    kind = KINDS[name]
    column = next(column for column in kind.columns if hasattr(column, "unit"))
    query = _SQL.fill.format(table=kind.table, column=column.name)
    share = WITH_A_YEAR // len(KINDS)
    done = await connection.execute(
        query, name, share, now - YEAR + timedelta(days=1), now - timedelta(days=1), timedelta(seconds=interval_s)
    )
    return int(done.split()[-1])


def _mix() -> list[tuple[str, str]]:
    """What the console, Grafana and scripts ask for, in turn."""
    now = datetime.now(UTC)
    ago = {days: f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (7, 31, 200, 360)}
    codes = [sensor.code for sensor in bench_sensors(WITH_A_YEAR)]
    mix = []
    for number in range(50):
        code, other = codes[number * 17 % WITH_A_YEAR], codes[number * 31 % WITH_A_YEAR]
        mix += [
            ("latest of 200", "/readings/latest?limit=200"),
            ("a day of one sensor", f"/sensors/{code}/readings"),
            ("a day long ago", f"/sensors/{other}/readings?from={ago[360]}&limit=200"),
            ("hours of a week", f"/sensors/{code}/readings?bucket=1h&from={ago[7]}"),
            ("days of a month", f"/sensors/{other}/readings?bucket=1d&from={ago[31]}"),
            ("hazards", "/hazards?limit=50"),
            ("incidents", "/incidents?open=true&limit=50"),
            ("tasks", "/tasks?limit=50"),
            ("squads", "/squads"),
            ("sensors", "/sensors?kind=gas&limit=100"),
        ]
    return mix


async def _whole_latest(port: int, key: str) -> float:
    """Median time of one answer with everybody's latest reading; HubError when somebody is missing."""
    times = []
    for _ in range(_WHOLE_ANSWERS):
        took_ms, body = await ask_once(port, key, f"/readings/latest?limit={SENSORS}")
        if body.count(b'"sensor":') != SENSORS:
            raise HubError("the answer does not hold every sensor")
        times.append(took_ms)
    return median(times)


@contextmanager
def _road(servers: BenchServers, rate: float | None) -> Iterator[Run]:
    run = start_run(run_hub, servers, _PREFIX, rate=rate)
    try:
        _warm_up(run)
        yield run
    finally:
        run.finish()
        uvloop.run(clear_session(Broker.parse(servers.broker_url), f"{_PREFIX}-consumer"))


def _warm_up(run: Run) -> None:
    deadline = time.perf_counter() + _READY_S
    while run.gauge.done.value < 2 * SENSORS and time.perf_counter() < deadline:
        time.sleep(0.01)
