"""``lifeline bench alerts``: what judging costs as sensors and open hazards grow. It should stay flat."""

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import asyncpg
import uvloop

from alerts.engine import Engine
from alerts.rulebook import in_force
from database.pool import open_pool
from ingest.kinds import KINDS
from ingest.payload import DECODERS, Row
from ingest.registry import Registry
from lifeline.bench.fleet import RED_GAS, bench_sensors, register
from lifeline.bench.servers import BenchServers
from simulators.generator import LoadSensor

_SIZES = ((1_000, 0), (10_000, 0), (100_000, 0), (100_000, 1_000), (100_000, 10_000))  # sensors, open hazards
_ROUNDS = 3
_BATCH = 4_000  # readings judged at once, as when the road is busy


@dataclass(frozen=True, slots=True)
class AlertCost:
    """Microseconds of one core per reading judged, bytes of memory per sensor known."""

    sensors: int
    open_hazards: int
    us_per_reading: float
    bytes_per_sensor: float


def bench_alerts(servers: BenchServers, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Judge rounds of readings of ever more sensors; ``say`` tells a person what is being measured."""
    return [asdict(cost) for cost in uvloop.run(_measure_all(servers.database_url, say))]


async def _measure_all(database_url: str, say: Callable[[str], None]) -> list[AlertCost]:
    pool = await open_pool(database_url, application="bench alerts")
    sensors = bench_sensors(max(count for count, _ in _SIZES))
    async with pool.acquire() as connection:
        await register(connection, sensors)
    registry = Registry("bench")
    await registry.refresh(pool)
    costs = []
    for count, hazards in _SIZES:
        say(f"{count:,} sensors, {hazards:,} open hazards")
        costs.append(await _measure(pool, registry, sensors[:count], hazards))
    await pool.close()
    return costs


async def _measure(pool: asyncpg.Pool, registry: Registry, sensors: list[LoadSensor], hazards: int) -> AlertCost:
    engine = Engine(registry.by_id)
    now = datetime.now(UTC)
    await engine.take_rules(await in_force(pool, now))
    numbers = {sensor.code: sensor_id for sensor_id, sensor in registry.by_id.items()}
    red = {sensor.code for sensor in [sensor for sensor in sensors if sensor.kind == "gas"][:hazards]}
    gc.collect()
    tracemalloc.start()
    await _judge(pool, engine, _rows(sensors, numbers, red, now - timedelta(seconds=_ROUNDS + 1)))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    spent = []
    for turn in range(_ROUNDS):
        batches = _rows(sensors, numbers, red, now - timedelta(seconds=_ROUNDS - turn))
        gc.collect()
        began = process_time()
        await _judge(pool, engine, batches)
        spent.append(process_time() - began)
    return AlertCost(len(sensors), len(red), round(min(spent) / len(sensors) * 1e6, 3), round(held / len(sensors), 1))


async def _judge(pool: asyncpg.Pool, engine: Engine, batches: list[dict[str, list[Row]]]) -> None:
    while batches:
        await engine.assess(pool, batches.pop())


def _rows(
    sensors: list[LoadSensor], numbers: dict[str, int], red: set[str], time: datetime
) -> list[dict[str, list[Row]]]:
    """A reading of each sensor, decoded, in batches."""
    time_ms = int(time.timestamp() * 1000)
    batches = []
    for start in range(0, len(sensors), _BATCH):
        batch: dict[str, list[Row]] = {name: [] for name in KINDS}
        for sensor in sensors[start : start + _BATCH]:
            payload = sensor.payload(time_ms)
            if sensor.code in red:
                payload = f'{{"time":{time_ms},{RED_GAS}}}'.encode()
            batch[sensor.kind] += DECODERS[sensor.kind].decode(payload, numbers[sensor.code], time)
        batches.append(batch)
    return batches
