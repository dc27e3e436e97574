"""The dead man's switch: as long as the whole hub is at work, somebody outside is told; silence is the alarm."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import structlog

from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_EVERY_S = 60.0
_STALE_AFTER = timedelta(seconds=30)
_ANSWER_WITHIN_S = 10.0
_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, httpx.HTTPError)


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Calls ``url`` while every process of ``roles`` is ready and has been heard of within 30 seconds."""

    pool: asyncpg.Pool
    url: str
    roles: tuple[str, ...]

    async def run_once(self, now: datetime) -> tuple[str, ...]:
        """Call when all are well; the roles that were not. The address may hold a key, so no error repeats it."""
        alive = {row["name"] for row in await self.pool.fetch(_SQL.alive, now - _STALE_AFTER)}
        missing = tuple(role for role in self.roles if role not in alive)
        if not missing:
            async with httpx.AsyncClient(timeout=_ANSWER_WITHIN_S) as client:
                (await client.get(self.url)).raise_for_status()
        return missing

    async def run(self) -> None:
        """Once a minute, until cancelled; what goes wrong is logged, and heard outside as silence."""
        log = structlog.get_logger()
        while True:
            try:
                missing = await self.run_once(datetime.now(UTC))
                if missing:
                    log.warning("watchdog_silent", missing=missing)
            except _AWAY as error:
                log.warning("watchdog_not_called", error=type(error).__name__)
            await asyncio.sleep(_EVERY_S)
