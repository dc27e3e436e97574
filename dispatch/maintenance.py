"""Work orders for sensors: battery, silence and faults, one for each grid cell and day, never an emergency call."""

from datetime import datetime
from pathlib import Path

import asyncpg

from alerts.silences import end_with_orders
from database.queries import load_queries
from dispatch.notices import Notice, tell_people
from dispatch.squads import LOCAL
from dispatch.words import Words
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


async def run_once(pool: asyncpg.Pool, now: datetime) -> int:
    """Put every open maintenance hazard on its cell's order of the day, if no open order has it; how many were put on.

    The owner units are told of each order once. An order is done once all hazards on it have cleared, and its silences
    end then.
    """
    async with pool.acquire() as connection, connection.transaction():
        added = await connection.fetch(_SQL.collect, now, now.astimezone(LOCAL).date())
        await connection.execute(_SQL.finish, now)
        await end_with_orders(connection, now)
        await tell_people(connection, [_notice(row) for row in added], now)
    return sum(row["sensors"] for row in added)


def _notice(row: asyncpg.Record) -> Notice:
    number, cell, sensors, kind = row["work_order_id"], row["grid_id"], row["sensors"], KINDS[row["kind"]]
    return Notice(
        key=f"work-order-{number}-{kind.name}",
        kind="work_order",
        recipient="owner_unit",
        grid_id=cell,
        asset=kind.name,
        text=Words(
            f"维护工单{number}（网格{cell or '未定'}）：{sensors}个{kind.zh}传感器需检修",
            f"Work order {number} (grid {cell or 'none'}): {sensors} {kind.en} sensors need work",
        ),
    )
