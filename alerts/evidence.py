"""What the database knows for and against the sensors of hazards, and the trust that follows from it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg

from alerts.trust import Evidence, Trust, judge
from database.pool import Connection
from database.queries import load_queries
from ingest.kinds import KINDS, Kind

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_LOOK_BACK = timedelta(days=7)  # older readings are in compressed chunks


async def trust_of(connection: Connection, hazard_ids: Sequence[int], now: datetime) -> dict[int, Trust]:
    """The trust in each of these hazards at ``now``."""
    rows = await connection.fetch(_SQL.of_hazards, hazard_ids)
    latest: dict[int, asyncpg.Record] = {}
    for kind in sorted({row["kind"] for row in rows} & KINDS.keys()):
        sensor_ids = [row["sensor_id"] for row in rows if row["kind"] == kind]
        found = await connection.fetch(_latest(KINDS[kind]), sensor_ids, now - _LOOK_BACK)
        latest |= {row["sensor_id"]: row for row in found}
    return {row["hazard_id"]: judge(_evidence(row, latest.get(row["sensor_id"])), now) for row in rows}


def _latest(kind: Kind) -> str:
    battery = "battery_pct" if "battery_pct" in kind.column_names else "NULL::real AS battery_pct"
    return (
        f"SELECT newest.* FROM unnest($1::int[]) AS wanted (id) CROSS JOIN LATERAL ("
        f" SELECT sensor_id, time, {battery} FROM {kind.table} WHERE sensor_id = wanted.id AND time > $2"
        f" ORDER BY time DESC LIMIT 1) AS newest"
    )


def _evidence(row: asyncpg.Record, newest: asyncpg.Record | None) -> Evidence:
    kind = KINDS.get(row["kind"])
    usual_s = kind.interval_s if kind else 3600
    return Evidence(
        calibration_due=row["calibration_due"],
        lag=row["lag"],
        latest_at=newest["time"] if newest else None,
        interval=timedelta(seconds=row["interval_s"] or usual_s),
        battery_pct=newest["battery_pct"] if newest else None,
    )
