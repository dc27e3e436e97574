"""Silences: while work is going on, hazards are recorded but call nobody out. Each one ends by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg

from alerts.errors import AlertRefusal
from alerts.incidents import place_hazards, take_turn, tell
from database.pool import Connection, Database
from database.queries import load_queries
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
LONGEST = timedelta(days=30)


class SilenceError(AlertRefusal):
    """A silence that can't be made or ended; the message says what to change."""


class UnknownSilenceError(SilenceError):
    """No such silence is in force."""


@dataclass(frozen=True, slots=True)
class Selector:
    """What a silence covers: what meets all that is given. ``sensor`` is a code.

    ``work_order_id`` is one of the hub's own: the sensors on it, those too that come onto it later, until it is done.
    ``work_order`` is what another system calls the work; it covers nothing by itself.
    """

    sensor: str | None = None
    grid_id: str | None = None
    kind: str | None = None
    hazard_type: str | None = None
    work_order: str | None = None
    work_order_id: int | None = None


async def add_silence(
    database: Database, selector: Selector, ends_at: datetime, reason: str, by: str, now: datetime
) -> int:
    """Silence from ``now`` to ``ends_at``; its number. SilenceError when it would cover nothing, or for ever."""
    if not reason.strip() or not by.strip():
        raise SilenceError(zh="请写明理由和责任人", en="give a reason and the person who answers for it")
    if not now < ends_at <= now + LONGEST:
        raise SilenceError(
            zh=f"静默须在将来 {LONGEST.days} 天内结束", en=f"a silence ends in the future, within {LONGEST.days} days"
        )
    if (selector.sensor, selector.grid_id, selector.kind, selector.work_order_id) == (None,) * 4:
        raise SilenceError(
            zh="请指定传感器、网格、类型或本系统的工单",
            en="name a sensor, a grid or a kind, or a work order of the hub's own",
        )
    if selector.kind is not None and selector.kind not in KINDS:
        raise SilenceError(
            zh=f"没有类型 {selector.kind!r}；应为 {'、'.join(KINDS)} 之一",
            en=f"unknown kind {selector.kind!r}: expected {', '.join(KINDS)}",
        )
    if selector.sensor is not None and not await database.fetchval(_SQL.sensor_exists, selector.sensor):
        raise SilenceError(zh=f"没有传感器 {selector.sensor!r}", en=f"there is no sensor {selector.sensor!r}")
    if selector.grid_id is not None and not await database.fetchval(_SQL.grid_exists, selector.grid_id):
        raise SilenceError(zh=f"没有网格 {selector.grid_id!r}", en=f"there is no grid {selector.grid_id!r}")
    order = selector.work_order_id
    if order is not None and not await database.fetchval(_SQL.order_is_open, order):
        raise SilenceError(zh=f"没有未完成的工单 {order}", en=f"there is no open work order {order}")
    covered = (selector.sensor, selector.grid_id, selector.kind, selector.hazard_type, selector.work_order, order)
    number: int = await database.fetchval(_SQL.add, *covered, now, ends_at, reason, by, now)
    return number


async def end_early(
    database: Database, by: str, now: datetime, *, silence_id: int | None = None, work_order: str | None = None
) -> list[int]:
    """End one silence, or those of a work order, before their time; UnknownSilenceError when none is in force."""
    ended = [row["silence_id"] for row in await database.fetch(_SQL.end_early, silence_id, now, by, work_order)]
    if not ended:
        raise UnknownSilenceError(
            zh="没有这样的生效中的静默；全部见 `lifeline silences list`",
            en="no such silence is in force: see `lifeline silences list`",
        )
    return ended


async def end_with_orders(connection: Connection, now: datetime) -> None:
    """End the silences of work orders that are done."""
    await connection.execute(_SQL.end_with_orders, now)


async def listed(pool: asyncpg.Pool, now: datetime, *, over: bool = False) -> list[asyncpg.Record]:
    """Silences that are still to end, or all of them, with the number of open hazards that each holds back."""
    return await pool.fetch(_SQL.listed, now, over)


async def end_silences(pool: asyncpg.Pool, now: datetime) -> int:
    """Raise what is still bad of silences that are over, and that no other covers; the number of hazards."""
    if not await pool.fetchval(_SQL.over, now):
        return 0
    async with pool.acquire() as connection, connection.transaction():
        await take_turn(connection)
        await connection.execute(_SQL.pass_on, now)
        heard = [row["hazard_id"] for row in await connection.fetch(_SQL.end_silences, now)]
        if heard:
            await place_hazards(connection, heard, graded=False)
            await tell(connection)
    return len(heard)
