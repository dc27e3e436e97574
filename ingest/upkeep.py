"""Daily care of the reading tables on plain PostgreSQL; TimescaleDB's own policies do it there."""

from datetime import datetime, timedelta

import structlog

from database.engine import drop_days, ensure_days
from database.pool import Connection
from ingest.kinds import KINDS


async def run_once(connection: Connection, now: datetime, keep_days: int) -> None:
    """Make the partitions of today and tomorrow, drop those of more than ``keep_days`` ago."""
    today = now.date()
    for kind in KINDS.values():
        await ensure_days(connection, kind.table, [today, today + timedelta(days=1)])
        dropped = await drop_days(connection, kind.table, before=today - timedelta(days=keep_days))
        if dropped:
            structlog.get_logger().info("partitions_dropped", kind=kind.name, partitions=dropped)
