"""``lifeline bench ingest``: how many messages per second go the whole road, beside what the parts could do.

All figures come from one run on the same broker, the same database and the same messages, so their ratios mean
something on a noisy machine. Generator, broker, database and hub share the machine.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop

from database.engine import ensure_days
from database.pool import connect
from ingest.broker import Broker
from ingest.kinds import KINDS
from ingest.payload import DECODERS, Row
from ingest.storage import copy_rows
from lifeline.bench.consumers import run_drain, run_hub, run_usual
from lifeline.bench.fleet import bench_sensors, register
from lifeline.bench.latency import measure_latency
from lifeline.bench.run import REPORTING_SENSORS, Consumer, Run, start_run
from lifeline.bench.servers import BenchServers
from lifeline.scratch import clear_session

KNOWN_SENSORS = 100_000
_WARM_UP_MESSAGES = 3 * REPORTING_SENSORS
_READY_S = 60.0
_COPY_BATCH = 4096


@dataclass(frozen=True, slots=True)
class IngestFigures:
    """Messages per second, milliseconds, bytes."""

    hub_rate: float
    drain_rate: float
    copy_rate: float
    usual_rate: float
    latency_ms: dict[str, float]
    peak_memory_bytes: int
    known_sensors: int
    engine: str
    generator_waited_share: float

    def as_json(self) -> dict[str, Any]:
        """The figures with the ratios that the targets are about."""
        return {
            **asdict(self),
            "hub_over_usual": self.hub_rate / self.usual_rate,
            "hub_over_drain": self.hub_rate / self.drain_rate,
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }


def measure_rate(
    consume: Consumer, servers: BenchServers, prefix: str, seconds: float, warm_up: int = _WARM_UP_MESSAGES
) -> tuple[float, Run]:
    """Messages per second that ``consume`` deals with over ``seconds``, after the first ``warm_up``."""
    run = start_run(consume, servers, prefix)
    deadline = time.perf_counter() + _READY_S
    while run.gauge.done.value < warm_up and time.perf_counter() < deadline:
        time.sleep(0.01)
    before, began = run.gauge.done.value, time.perf_counter()
    time.sleep(seconds)
    rate = (run.gauge.done.value - before) / (time.perf_counter() - began)
    run.finish()
    uvloop.run(clear_session(Broker.parse(servers.broker_url), f"{prefix}-consumer"))
    return rate, run


async def measure_copy(database_url: str, seconds: float) -> float:
    """Rows per second of bare COPY, the same rows in batches of the same size, each committed."""
    connection = await connect(database_url, application="bench copy")
    sensors = bench_sensors(REPORTING_SENSORS)
    numbers = {row["code"]: row["sensor_id"] for row in await connection.fetch("SELECT code, sensor_id FROM sensor")}
    now = datetime.now(UTC)
    start_ms = int(time.time() * 1000) - 2 * 24 * 3600 * 1000
    done = turn = 0
    spent = 0.0
    while spent < seconds:
        rows: dict[str, list[Row]] = {name: [] for name in KINDS}
        for sensor in sensors:
            payload = sensor.payload(start_ms + turn * 1000)
            rows[sensor.kind] += DECODERS[sensor.kind].decode(payload, numbers[sensor.code], now)
        began = time.perf_counter()
        share = _COPY_BATCH // len(KINDS)
        for offset in range(0, len(rows["gas"]), share):
            async with connection.transaction():
                for name, kind_rows in rows.items():
                    await copy_rows(connection, KINDS[name], kind_rows[offset : offset + share])
        spent += time.perf_counter() - began
        done += len(sensors)
        turn += 1
    await connection.close()
    return done / spent


def bench_ingest(servers: BenchServers, seconds: float, say: Callable[[str], None]) -> IngestFigures:
    """Take all figures, one after the other; ``say`` tells a person what is being measured."""
    uvloop.run(_furnish(servers))
    say("hub: decoded, checked, assessed, committed, acknowledged")
    hub_rate, run = measure_rate(run_hub, servers, "benchhub", seconds)
    say("drain: a bare client that only acknowledges")
    drain_rate, _ = measure_rate(run_drain, servers, "benchdrain", min(seconds, 5))
    say("copy: bare COPY of the same rows")
    copy_rate = uvloop.run(measure_copy(servers.database_url, min(seconds, 5)))
    say("usual: aiomqtt and executemany")
    uvloop.run(_empty(servers.database_url))
    usual_rate, _ = measure_rate(run_usual, servers, "benchusual", min(seconds, 5), warm_up=1000)
    say("latency: from a red reading to the order at the squad's client")
    latency = measure_latency(servers, seconds)
    return IngestFigures(
        hub_rate=hub_rate,
        drain_rate=drain_rate,
        copy_rate=copy_rate,
        usual_rate=usual_rate,
        latency_ms=latency.as_json(),
        peak_memory_bytes=int(run.gauge.peak_bytes.value),
        known_sensors=KNOWN_SENSORS,
        engine=servers.engine,
        generator_waited_share=float(run.waited.value),
    )


async def _furnish(servers: BenchServers) -> None:
    connection = await connect(servers.database_url, application="bench")
    await register(connection, bench_sensors(KNOWN_SENSORS))
    if servers.engine == "plain":
        # The hub makes room by itself; what is measured beside it does not.
        today = datetime.now(UTC).date()
        for kind in KINDS.values():
            await ensure_days(connection, kind.table, [today + timedelta(days=number) for number in range(-3, 2)])
    await connection.close()


async def _empty(database_url: str) -> None:
    connection = await connect(database_url, application="bench")
    await connection.execute("TRUNCATE " + ", ".join(kind.table for kind in KINDS.values()))
    await connection.close()
