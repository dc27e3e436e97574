"""From the PUBLISH of a red reading to the order at the squad's own MQTT client, under background traffic."""

import asyncio
import time
from dataclasses import dataclass
from statistics import quantiles

import aiomqtt
import orjson
import uvloop

from database.pool import connect
from ingest.broker import Broker
from lifeline.bench.consumers import run_dispatch, run_hub, squads_prefix
from lifeline.bench.fleet import RED_GAS
from lifeline.bench.run import start_consumer, start_run
from lifeline.bench.servers import BenchServers
from lifeline.scratch import clear_session
from simulators.generator import LoadSensor

BACKGROUND_RATE = 5_000
MOST_SAMPLES = 200
_SAMPLES_PER_S = 20  # as far as the orders are there at once
SQUADS = 40
_SPACING_S = 1 / _SAMPLES_PER_S
_LOST_AFTER_S = 10.0
_APART_DEGREES = 0.03  # 3 km: each red is an incident of its own, also in a storm
PREFIX = "benchlatency"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds over ``samples`` red readings."""

    p50: float
    p99: float
    samples: int

    def as_json(self) -> dict[str, float]:
        """For the report."""
        return {"p50": self.p50, "p99": self.p99, "samples": self.samples}


def measure_latency(servers: BenchServers, seconds: float) -> Latency:
    """Publish red readings of fresh sensors one by one for about ``seconds``, ten at most, while the fleet reports at
    BACKGROUND_RATE.
    """
    samples = min(MOST_SAMPLES, round(seconds * _SAMPLES_PER_S))
    uvloop.run(_register(servers.database_url))
    dispatching = start_consumer(run_dispatch, servers, PREFIX)
    run = start_run(run_hub, servers, PREFIX, rate=BACKGROUND_RATE)
    try:
        delays_ms = uvloop.run(_publish_reds(servers.broker_url, samples))
    finally:
        run.finish()
        dispatching.finish()
        for client_id in (f"{PREFIX}-consumer", f"{PREFIX}-dispatch"):
            uvloop.run(clear_session(Broker.parse(servers.broker_url), client_id))
    cuts = quantiles(delays_ms, n=100, method="inclusive")
    return Latency(cuts[49], cuts[98], len(delays_ms))


async def _register(database_url: str) -> None:
    connection = await connect(database_url, application="bench")
    # A large county's squads; every red finds one free, since this is about the road, not about waiting for one.
    await connection.execute(
        "INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone,"
        " capacity)"
        " SELECT 'squad-' || n, '', '', '{gas}', 112.44, 23.63, '00:00', '00:00', '', $2"
        " FROM generate_series(1, $1) AS n",
        SQUADS,
        MOST_SAMPLES // SQUADS,
    )
    await connection.executemany(
        "INSERT INTO sensor (code, kind, longitude, latitude) VALUES ($1, 'gas', $2, 23.63)",
        [(_red_sensor(number).code, 112.44 + number * _APART_DEGREES) for number in range(MOST_SAMPLES)],
    )
    await connection.close()


def _red_sensor(number: int) -> LoadSensor:
    return LoadSensor(f"red-{number:04}", "gas")


async def _publish_reds(broker_url: str, samples: int) -> list[float]:
    broker = Broker.parse(broker_url)
    arrived: asyncio.Queue[float] = asyncio.Queue()
    delays_ms = []
    async with (
        aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as squads,
        aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as device,
    ):
        await squads.subscribe(f"{squads_prefix(PREFIX)}/+/orders", qos=1)
        listening = asyncio.create_task(_listen(squads, arrived), name="squads")
        for number in range(samples):
            payload = f'{{"time":{int(time.time() * 1000)},{RED_GAS}}}'
            topic = _red_sensor(number).topic(PREFIX)
            began = time.perf_counter()
            await device.publish(topic, payload, qos=1)
            async with asyncio.timeout(_LOST_AFTER_S):
                delays_ms.append((await arrived.get() - began) * 1000)
            await asyncio.sleep(_SPACING_S)
        listening.cancel()
        await asyncio.wait({listening})
    return delays_ms


async def _listen(squads: aiomqtt.Client, arrived: "asyncio.Queue[float]") -> None:
    seen = set()
    async for message in squads.messages:
        at = time.perf_counter()
        key = orjson.loads(message.payload)["key"]
        if key not in seen:  # nobody answers here, so orders are sent again
            seen.add(key)
            arrived.put_nowait(at)
