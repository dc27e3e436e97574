"""How long a reading takes until it can be read, while a road is at work."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt

from database.pool import Connection, connect
from database.queries import load_queries
from ingest.broker import Broker
from lifeline.bench.servers import BenchServers
from simulators.generator import LoadSensor

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
PROBE = LoadSensor("probe", "gas")
_PROBES_PER_S = 5
_LOOKS_S = 0.002


async def add_probe(connection: Connection) -> int:
    """Enter ``PROBE`` in the register; its number."""
    number: int = await connection.fetchval(_SQL.add, PROBE.code, PROBE.kind)
    return number


async def commits(servers: BenchServers, prefix: str, probe_id: int, seconds: float) -> list[float]:
    """Milliseconds from PUBLISH of a reading of ``PROBE`` to its committed row, again and again for ``seconds``."""
    broker = Broker.parse(servers.broker_url)
    connection = await connect(servers.database_url, application="bench probe")
    commits_ms: list[float] = []
    began = time.perf_counter()
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        while (sent := time.perf_counter()) < began + seconds:
            at_ms = int(time.time() * 1000)
            await client.publish(PROBE.topic(prefix), PROBE.payload(at_ms), qos=1)
            await _committed(connection, probe_id, datetime.fromtimestamp(at_ms / 1000, UTC))
            commits_ms.append((time.perf_counter() - sent) * 1000)
            await asyncio.sleep(max(0.0, sent + 1 / _PROBES_PER_S - time.perf_counter()))
    await connection.close()
    return commits_ms


async def _committed(connection: Connection, probe_id: int, at: datetime) -> None:
    while not await connection.fetchval(_SQL.committed, probe_id, at):  # noqa: ASYNC110 - of another process
        await asyncio.sleep(_LOOKS_S)
