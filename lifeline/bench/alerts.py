"""``lifeline bench alerts``: what judging costs as sensors and open hazards grow. It should stay flat."""

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
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
_LEARNING = 2  # rounds until hazards go on
_ROUNDS = 12
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
    began = datetime.now(UTC) - timedelta(seconds=_LEARNING + _ROUNDS)
    subjects = []
    for count, hazards in _SIZES:
        say(f"{count:,} sensors, {hazards:,} open hazards")
        subjects.append(await _learn(pool, registry, sensors[:count], hazards, began))
    say(f"{_ROUNDS} rounds")
    for number in range(_ROUNDS):  # all sizes in turn: a machine's slow minutes hit each alike
        for subject in subjects:
            await subject.judge(pool, began + timedelta(seconds=_LEARNING + number))
    await pool.close()
    return [subject.cost for subject in subjects]


@dataclass(slots=True)
class _Subject:
    engine: Engine
    sensors: list[LoadSensor]
    numbers: dict[str, int]
    red: set[str]
    bytes_per_sensor: float = 0.0
    spent_s: list[float] = field(default_factory=list)  # the least of each batch so far

    @property
    def cost(self) -> AlertCost:
        count, stats = len(self.sensors), self.engine.stats
        us_per_reading = round(sum(self.spent_s) / count * 1e6, 3)
        return AlertCost(count, stats.raised - stats.cleared, us_per_reading, self.bytes_per_sensor)

    async def judge(self, pool: asyncpg.Pool, time: datetime) -> None:
        """Judge a reading of each sensor, and keep what each batch took at least: what else runs only adds."""
        batches = _rows(self.sensors, self.numbers, self.red, time)
        gc.collect()
        spent = []
        for batch in batches:
            began = process_time()
            await self.engine.assess(pool, batch)
            spent.append(process_time() - began)
        self.spent_s = list(map(min, self.spent_s, spent)) if self.spent_s else spent


async def _learn(
    pool: asyncpg.Pool, registry: Registry, sensors: list[LoadSensor], hazards: int, began: datetime
) -> _Subject:
    """An engine that knows the sensors and their hazards, with the memory that this took."""
    engine = Engine(registry.by_id)
    await engine.take_rules(await in_force(pool, datetime.now(UTC)))
    numbers = {sensor.code: sensor_id for sensor_id, sensor in registry.by_id.items()}
    red = {sensor.code for sensor in [sensor for sensor in sensors if sensor.kind == "gas"][:hazards]}
    subject = _Subject(engine, sensors, numbers, red)
    gc.collect()
    tracemalloc.start()
    for number in range(_LEARNING):
        for batch in _rows(sensors, numbers, red, began + timedelta(seconds=number)):
            await engine.assess(pool, batch)
    gc.collect()
    subject.bytes_per_sensor = round(tracemalloc.get_traced_memory()[0] / len(sensors), 1)
    tracemalloc.stop()
    return subject


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
