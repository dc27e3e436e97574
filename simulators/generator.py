"""The load generator: many sensors with ordinary values, published by several processes, counted exactly."""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event

import uvloop

from ingest.broker import Broker
from ingest.payload import native_topic
from simulators.errors import SimulatorError
from simulators.load import Load, Template, prepare, present_ms, publish

# Ordinary values: none reaches a limit.
QUANTITIES = {
    "gas": '"ch4_lel_pct":3.2,"h2s_mg_m3":0.1,"co_mg_m3":1.2,"o2_pct_vol":20.9,"temperature_c":21.5,"battery_pct":88',
    "waterlogging": '"depth_m":0.012,"rain_mm_h":3.5,"battery_pct":76',
    "noise": '"laeq_db":45.1,"lmax_db":58.7,"l10_db":47.9,"l50_db":44.0,"l90_db":41.2,"window_s":600,"battery_pct":90',
    "manhole": '"cover_state":"closed","tilt_deg":0.4,"water_below_cover_m":1.25,"shock_count":3,"battery_pct":81,'
    '"rssi_dbm":-97',
}
CONNECTIONS = 4  # of each process
_END_S = 60.0
_CONTEXT = multiprocessing.get_context("spawn")
# Below this share of its time spent waiting for acknowledgements or its own pace, the generator was what was slow.
_BUSY_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class LoadSensor:
    """One sensor of a load, always with the same values."""

    code: str
    kind: str

    def topic(self, prefix: str) -> str:
        """Where it reports."""
        return native_topic(prefix, self.kind, self.code)

    def template(self, prefix: str) -> Template:
        """The bytes it sends."""
        return prepare(self.topic(prefix), QUANTITIES[self.kind])

    def payload(self, time_ms: int) -> bytes:
        """Its payload at a time, in epoch milliseconds."""
        return f'{{"time":{time_ms},{QUANTITIES[self.kind]}}}'.encode()


def load_sensors(count: int, name: str) -> list[LoadSensor]:
    """``count`` sensors called ``name``-000000 and so on, the four kinds in turn."""
    kinds = tuple(QUANTITIES)
    return [LoadSensor(f"{name}-{number:06}", kinds[number % len(kinds)]) for number in range(count)]


async def publish_share(
    broker: Broker,
    prefix: str,
    sensors: Sequence[LoadSensor],
    *,
    client_id: str,
    allowed: Callable[[int], int],
    stop: Callable[[], bool],
    seen: Callable[[int, int], None] = lambda sent, acknowledged: None,
) -> tuple[float, float]:
    """Publish for ``sensors`` over a few connections until ``stop()``; the share of the time that was spent waiting.

    ``allowed`` is told the number of connections and gives how many messages each may have sent by now; ``seen`` is
    told what has been sent and acknowledged, now and at the end. Also gives the seconds of a core that it took.
    """
    shares = [sensors[number::CONNECTIONS] for number in range(CONNECTIONS)]
    loads = [Load([sensor.template(prefix) for sensor in share], present_ms()) for share in shares if share]
    began, cpu_began_s = time.perf_counter(), time.process_time()

    def stopped() -> bool:
        seen(sum(load.sent for load in loads), sum(load.acknowledged for load in loads))
        return stop()

    async with asyncio.TaskGroup() as group:
        for number, load in enumerate(loads):
            name = f"{client_id}-{number}"
            group.create_task(
                publish(load, broker, client_id=name, allowed=lambda: allowed(len(loads)), stop=stopped), name=name
            )
    seen(sum(load.sent for load in loads), sum(load.acknowledged for load in loads))
    waited_share = sum(load.waited_s for load in loads) / len(loads) / (time.perf_counter() - began)
    return waited_share, time.process_time() - cpu_began_s


@dataclass(frozen=True, slots=True)
class Generated:
    """What a load came to. ``waited_share`` is the least of any process, ``cpu_s`` the seconds of a core of all."""

    sent: int
    acknowledged: int
    seconds: float
    processes: int
    waited_share: float
    cpu_s: float

    @property
    def per_cpu_second(self) -> float:
        """Messages per second of a core: what one core can publish, however busy the machine is with other things."""
        return self.acknowledged / self.cpu_s if self.cpu_s else 0.0

    @property
    def rate(self) -> float:
        """Acknowledged messages per second."""
        return self.acknowledged / self.seconds

    @property
    def was_limit(self) -> bool:
        """Whether the generator, not what it loads, set the rate: it hardly ever waited."""
        return self.waited_share < _BUSY_SHARE


@dataclass(frozen=True, slots=True)
class _Count:
    sent: "Synchronized[int]"
    acknowledged: "Synchronized[int]"
    waited: "Synchronized[float]"
    cpu_s: "Synchronized[float]"


def _work(
    broker_url: str,
    prefix: str,
    client_id: str,
    sensors: Sequence[LoadSensor],
    rate: float | None,
    count: _Count,
    stop: Event,
) -> None:
    began = time.perf_counter()

    def allowed(connections: int) -> int:
        return 2**62 if rate is None else int((time.perf_counter() - began) * rate / connections)

    def seen(sent: int, acknowledged: int) -> None:
        count.sent.value, count.acknowledged.value = sent, acknowledged

    count.waited.value, count.cpu_s.value = uvloop.run(
        publish_share(
            Broker.parse(broker_url), prefix, sensors, client_id=client_id, allowed=allowed, stop=stop.is_set, seen=seen
        )
    )


def generate(
    broker_url: str,
    prefix: str,
    *,
    name: str,
    sensors: int,
    rate: float | None,
    seconds: float,
    processes: int,
    look: Callable[[int, int], None],
) -> Generated:
    """Publish for ``seconds`` at ``rate`` messages a second (None: as fast as it goes) and wait for the answers.

    ``look`` is told now and then how many messages were sent and acknowledged. SimulatorError when a process fails.
    """
    fleet = load_sensors(sensors, name)
    stop = _CONTEXT.Event()
    counts = [
        _Count(_CONTEXT.Value("q", 0), _CONTEXT.Value("q", 0), _CONTEXT.Value("d", 0.0), _CONTEXT.Value("d", 0.0))
        for _ in range(processes)
    ]
    workers = [
        _CONTEXT.Process(
            target=_work,
            args=(
                broker_url,
                prefix,
                f"{name}-{number}",
                fleet[number::processes],
                None if rate is None else rate / processes,
                count,
                stop,
            ),
            name=f"load {number}",
            daemon=True,
        )
        for number, count in enumerate(counts)
    ]
    for worker in workers:
        worker.start()
    began = _until_sending(workers, counts)
    while time.perf_counter() - began < seconds and all(worker.is_alive() for worker in workers):
        look(sum(count.sent.value for count in counts), sum(count.acknowledged.value for count in counts))
        time.sleep(min(0.1, max(0.0, seconds - (time.perf_counter() - began))))
    stop.set()
    for worker in workers:
        _end(worker)
    took_s = time.perf_counter() - began
    look(sum(count.sent.value for count in counts), sum(count.acknowledged.value for count in counts))
    return Generated(
        sum(count.sent.value for count in counts),
        sum(count.acknowledged.value for count in counts),
        took_s,
        processes,
        min(count.waited.value for count in counts),
        sum(count.cpu_s.value for count in counts),
    )


def _until_sending(workers: Sequence[SpawnProcess], counts: Sequence[_Count]) -> float:
    """Wait for the first message of every process: preparing the bytes is no part of the load."""
    deadline = time.perf_counter() + _END_S
    while not all(count.sent.value for count in counts) and all(worker.is_alive() for worker in workers):
        if time.perf_counter() > deadline:
            break
        time.sleep(0.005)
    return time.perf_counter()


def _end(worker: SpawnProcess) -> None:
    worker.join(_END_S)
    if worker.exitcode != 0:
        worker.kill()
        raise SimulatorError(f"the process {worker.name} of the load ended with {worker.exitcode}: see above")
