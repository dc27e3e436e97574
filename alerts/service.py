"""The process that takes readings in and judges them: everything between the broker and the bar."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import structlog

from alerts.engine import Engine
from alerts.rulebook import in_force
from alerts.silences import end_silences
from database.engine import detect_engine
from database.errors import PASSING
from database.listen import Listener
from ingest import upkeep
from ingest.decoder import Decoder
from ingest.errors import StaleState
from ingest.pipeline import Pipeline, UnknownSensor
from ingest.registry import Registry
from ingest.session import Session
from ingest.tables import USUAL_CARE

TICK_S = 1.5  # what was decided takes effect within 2 s, also when nobody tells
CLOCK_S = 0.5  # how late a timer may be looked at
_UPKEEP_S = 3600.0
_PASSING: tuple[type[BaseException], ...] = (*PASSING, StaleState)
_FOLLOWED = frozenset({"sensor", "rule", "hazard"})


@dataclass(slots=True)
class IngestService:
    """Session, registry, engine and pipeline, wired to each other."""

    pool: asyncpg.Pool
    session: Session
    registry: Registry
    engine: Engine
    pipeline: Pipeline
    plain: bool
    keep_days: int

    @property
    def ready(self) -> bool:
        """Whether readings are being taken in."""
        return self.session.stats.connected

    async def run(self, listener: Listener) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.session.run(), name="mqtt session")
            group.create_task(self.pipeline.run(self.session), name="pipeline")
            group.create_task(self._follow(listener), name="registry and rules")
            group.create_task(self._keep_time(), name="alert clock")
            if self.plain:
                group.create_task(self._keep_up(), name="partitions")

    async def _follow(self, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        tick = loop.time() + TICK_S
        while True:
            nouns = await listener.wait(max(0.0, tick - loop.time()))
            # A notification may have been missed, so everything is looked at when the connection is new and at a tick.
            if loop.time() >= tick or "connected" in nouns:
                nouns, tick = _FOLLOWED, loop.time() + TICK_S
            try:
                await self.follow_once(datetime.now(UTC), nouns)
            except PASSING as error:
                structlog.get_logger().warning("database_away", error=str(error) or type(error).__name__)

    async def follow_once(self, now: datetime, nouns: Collection[str] = _FOLLOWED) -> None:
        """Take up what other processes have written of ``nouns``: sensors, rules, what people said of hazards."""
        if "sensor" in nouns:
            changed = await self.registry.refresh(self.pool)
            await self.engine.forget_sensors(sensor.sensor_id for sensor in changed)
        if "rule" in nouns:
            await self.engine.take_rules(await in_force(self.pool, now))
        if "hazard" in nouns:
            await self.engine.listen(self.pool, now)
            await end_silences(self.pool, now)

    async def _keep_time(self) -> None:
        connected_at: datetime | None = None
        while True:
            now = datetime.now(UTC)
            connected_at = (connected_at or now) if self.session.stats.connected else None
            try:
                await self.engine.run_once(self.pool, now, connected_at=connected_at)
            except _PASSING as error:
                structlog.get_logger().warning("clock_retry", error=str(error) or type(error).__name__)
            await asyncio.sleep(CLOCK_S)

    async def _keep_up(self) -> None:
        while True:
            try:
                async with self.pool.acquire() as connection:
                    await upkeep.run_once(connection, datetime.now(UTC), self.keep_days)
            except PASSING as error:
                structlog.get_logger().warning("upkeep_failed", error=str(error) or type(error).__name__)
            await asyncio.sleep(_UPKEEP_S)


async def build_service(
    pool: asyncpg.Pool,
    session: Session,
    decoder: Decoder,
    *,
    prefix: str,
    unknown_sensor: UnknownSensor,
    keep_days: int = USUAL_CARE.rows_days,
) -> IngestService:
    """Load what the road needs in memory; nothing runs yet. Plain PostgreSQL keeps readings for ``keep_days``."""
    async with pool.acquire() as connection:
        engine_name = await detect_engine(connection)
    registry = Registry(prefix)
    await registry.refresh(pool)
    engine = Engine(registry.by_id)
    await engine.take_rules(await in_force(pool, datetime.now(UTC)))
    await engine.forget_sensors(registry.by_id)
    pipeline = Pipeline(
        pool,
        registry,
        engine,
        decoder,
        engine=engine_name,
        unknown_sensor=unknown_sensor,
        answer=session.publish,
    )
    return IngestService(pool, session, registry, engine, pipeline, engine_name == "plain", keep_days)


def topic_filters(prefix: str, decoder: Decoder) -> Sequence[str]:
    """What the hub subscribes to: the topics of its formats, and all below its own prefix.

    So a mistyped topic of a native device is quarantined, not lost.
    """
    own = f"{prefix}/#"
    return (own, *(name for name in decoder.topic_filters if not name.startswith(f"{prefix}/")))
