"""A consumer in a process of its own, put under load by a generator in another."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event

import uvloop

from ingest.broker import Broker
from lifeline.bench.consumers import Gauge
from lifeline.bench.fleet import bench_sensors
from lifeline.bench.servers import BenchServers
from lifeline.errors import HubError
from simulators.generator import LoadSensor, publish_share

REPORTING_SENSORS = 10_000
_BACKLOG = 30_000  # messages sent but not yet dealt with
_READY_S = 60.0
_END_S = 30.0
_CONTEXT = multiprocessing.get_context("spawn")

Consumer = Callable[[str, str, str, Gauge], None]


@dataclass(slots=True)
class Consuming:
    """A consumer that is ready."""

    process: SpawnProcess
    gauge: Gauge

    def finish(self) -> None:
        """Stop it; HubError when it did not end well."""
        self.gauge.stop.set()
        _join(self.process)


def _join(process: SpawnProcess) -> None:
    process.join(_END_S)
    if process.exitcode != 0:
        process.kill()
        raise HubError(f"the benchmark's process {process.name} ended with {process.exitcode}: see above")


def start_consumer(consume: Consumer, servers: BenchServers, prefix: str) -> Consuming:
    """Start a consumer and wait until it is ready; HubError when it does not get there."""
    gauge = Gauge(_CONTEXT.Value("q", 0), _CONTEXT.Event(), _CONTEXT.Event(), _CONTEXT.Value("q", 0))
    arguments = (servers.database_url, servers.broker_url, prefix, gauge)
    process = _CONTEXT.Process(target=consume, args=arguments, name=consume.__name__, daemon=True)
    process.start()
    deadline = time.perf_counter() + _READY_S
    while process.is_alive() and not gauge.ready.wait(0.05) and time.perf_counter() < deadline:
        pass
    if not gauge.ready.is_set():
        process.kill()
        raise HubError(f"the benchmark's process {consume.__name__} was not ready within {_READY_S:g} s: see above")
    return Consuming(process, gauge)


def _generate(
    broker_url: str,
    prefix: str,
    sensors: list[LoadSensor],
    gauge: Gauge,
    stop: Event,
    waited: "Synchronized[float]",
    rate: float | None,
) -> None:
    began = time.perf_counter()

    def allowed(connections: int) -> int:
        if rate is not None:
            return int((time.perf_counter() - began) * rate / connections)
        return (int(gauge.done.value) + _BACKLOG) // connections

    waited.value, _cpu_s = uvloop.run(
        publish_share(
            Broker.parse(broker_url), prefix, sensors, client_id=f"{prefix}-load", allowed=allowed, stop=stop.is_set
        )
    )


@dataclass(slots=True)
class Run:
    """One consumer under load."""

    consuming: Consuming
    generator: SpawnProcess
    stop: Event
    waited: "Synchronized[float]"

    @property
    def gauge(self) -> Gauge:
        """What the consumer shows of itself."""
        return self.consuming.gauge

    def finish(self) -> None:
        """Stop generator, then consumer; HubError when one did not end well."""
        self.stop.set()
        try:
            _join(self.generator)
        finally:
            self.consuming.finish()


def start_run(consume: Consumer, servers: BenchServers, prefix: str, *, rate: float | None = None) -> Run:
    """Start a consumer and put it under load: ``rate`` messages per second, or as many as it can take."""
    consuming = start_consumer(consume, servers, prefix)
    stop, waited = _CONTEXT.Event(), _CONTEXT.Value("d", 0.0)
    sensors = bench_sensors(REPORTING_SENSORS)
    arguments = (servers.broker_url, prefix, sensors, consuming.gauge, stop, waited, rate)
    generator = _CONTEXT.Process(target=_generate, args=arguments, name="generator", daemon=True)
    generator.start()
    return Run(consuming, generator, stop, waited)
