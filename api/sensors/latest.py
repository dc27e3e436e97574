"""The latest reading of many sensors in one answer, for a map or a wall."""

import asyncio
import operator
from collections import defaultdict
from datetime import datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, Name
from api.fields import Asked, KindName, Maybe, SensorCode
from api.sensors.days import within_days
from api.sensors.shapes import LATEST_PAGE, raw_columns, raw_readings
from api.store import Store
from database.queries import load_queries
from ingest.kinds import KINDS, Kind

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_STATEMENTS = {kind.name: _SQL.latest.format(table=kind.table, columns=raw_columns(kind)) for kind in KINDS.values()}
_CURSOR: Cursor[str] = Cursor("latest", Name)
# Nearly everybody has reported twice within the first span, so that few are looked for in the chunks of a week.
_LOOK_BACK = (timedelta(hours=13), timedelta(days=7))
_CLOCK_SKEW = timedelta(days=1)  # a sensor's clock may be ahead; ingest has refused what is absurd
router = APIRouter(prefix=PREFIX, tags=["readings"], route_class=GuardedRoute)


class LatestFilter(Asked):
    """Which sensors."""

    kind: Maybe[KindName] = Field(None, description="Only this kind", examples=["gas"])
    sensor: Maybe[Annotated[list[SensorCode], Field(max_length=200)]] = Field(
        None, description="Only these; repeat it for several. Codes that no sensor has are passed over"
    )
    limit: int = Field(1000, ge=1, le=10_000, description="Most sensors in one answer", examples=[1000])
    cursor: Maybe[str] = Field(
        None, max_length=256, description="next_cursor of the page before; leave out for the first page"
    )


_EXAMPLE = {
    "items": [
        {
            "sensor": "WATER-0003",
            "kind": "waterlogging",
            "reading": {"time": "2026-05-01T08:05:00Z", "depth_m": 0.152, "rain_mm_h": 36.5, "battery_pct": 91},
        },
        {"sensor": "WATER-0004", "kind": "waterlogging", "reading": None},
    ],
    "next_cursor": None,
}


@router.get(
    "/readings/latest",
    summary="Latest reading of many sensors",
    description="Sensors in the order of their codes, each with its latest reading of the last 7 days, or null. Numbers"
    " are rounded to the resolution of their quantity (units and resolutions: /api/v1/kinds).",
    response_model=LATEST_PAGE,
    responses=answers(_EXAMPLE),
)
async def list_latest(store: Reach, now: Now, _caller: CallerOf, which: Annotated[LatestFilter, Query()]) -> Response:
    after = _CURSOR.decode(which.cursor)
    kinds = [which.kind] if which.kind else list(KINDS)
    async with store.reading() as connection:
        sensors = await connection.fetch(_SQL.sensors, kinds, which.sensor, after, which.limit + 1)
    by_kind: dict[str, list[int]] = defaultdict(list)
    for sensor_id, _, kind in sensors[: which.limit]:
        by_kind[kind].append(sensor_id)
    looking = [asyncio.create_task(_latest_of(store, KINDS[name], ids, now)) for name, ids in by_kind.items()]
    try:
        readings: dict[int, dict[str, Any]] = reduce(operator.or_, await asyncio.gather(*looking), {})
    finally:  # when one fails, nobody waits for the others
        for one in looking:
            one.cancel()
    items = [{"sensor": code, "kind": kind, "reading": readings.get(sensor_id)} for sensor_id, code, kind in sensors]
    page = _CURSOR.page(items, which.limit, key=lambda item: item["sensor"])
    return Response(orjson.dumps(page.__dict__, option=orjson.OPT_UTC_Z), media_type="application/json")


async def _latest_of(store: Store, kind: Kind, sensor_ids: list[int], now: datetime) -> dict[int, dict[str, Any]]:
    """The latest readings of sensors of one kind as JSON, by sensor. Kinds are looked up side by side."""
    readings: dict[int, dict[str, Any]] = {}
    async with store.series() as connection:
        for back in _LOOK_BACK:
            if missing := [sensor_id for sensor_id in sensor_ids if sensor_id not in readings]:
                statement = within_days(_STATEMENTS[kind.name], now - back, now + _CLOCK_SKEW)
                rows = [row for row in await connection.fetch(statement, missing) if row["time"] > now - _LOOK_BACK[-1]]
                readings |= zip([row["sensor_id"] for row in rows], raw_readings(kind, rows), strict=True)
    return readings
