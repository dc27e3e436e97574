"""The row by which other processes know that this one is alive."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import structlog

from database.errors import PASSING
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
TICK_S = 2.0
_STARTING_S = 0.5
_SAMPLE_EVERY = timedelta(seconds=30)


@dataclass(slots=True)
class Heartbeat:
    """Keeps the row of the process called ``name`` up to date, with the ``figures`` that the process gives of itself.

    A sample of them is kept every half minute, for the plots of those who have no Prometheus.
    """

    pool: asyncpg.Pool
    name: str
    pid: int
    started_at: datetime
    ready: Callable[[], bool]
    figures: Callable[[], Mapping[str, float]] = dict
    _sampled_at: datetime | None = None

    async def run_once(self, now: datetime) -> bool:
        """Write the row and return the readiness that it tells."""
        ready, figures = self.ready(), dict(self.figures())
        await self.pool.execute(_SQL.beat, self.name, self.pid, self.started_at, now, ready, "", figures)
        if figures and (self._sampled_at is None or now - self._sampled_at >= _SAMPLE_EVERY):
            await self.pool.execute(_SQL.sample, self.name, now, figures)
            self._sampled_at = now
        return ready

    async def run(self) -> None:
        """Write the row every two seconds, more often while the process is not ready, until cancelled."""
        while True:
            ready = False
            try:
                ready = await self.run_once(datetime.now(UTC))
            except PASSING as error:
                structlog.get_logger().warning("heartbeat_missed", error=str(error) or type(error).__name__)
            await asyncio.sleep(TICK_S if ready else _STARTING_S)

    async def end(self, now: datetime) -> None:
        """Say that the process stops in order; without a database there is nobody to tell."""
        try:
            await self.pool.execute(_SQL.beat, self.name, self.pid, self.started_at, now, False, "stopped", {})
        except PASSING as error:
            structlog.get_logger().warning("heartbeat_missed", error=str(error) or type(error).__name__)
