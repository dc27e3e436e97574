"""The latest reading of many sensors in one answer, for a map or a wall."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import asyncpg
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
from api.sensors.shapes import LATEST_PAGE, raw_columns, raw_reading
from database.pool import Connection
from database.queries import load_queries
from ingest.kinds import KINDS, Kind

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_STATEMENTS = {kind.name: _SQL.latest.format(table=kind.table, columns=raw_columns(kind)) for kind in KINDS.values()}
_CURSOR: Cursor[str] = Cursor("latest", Name)
# Nearly everybody has reported twice within the first span, so that few are looked for in the chunks of a week.
_LOOK_BACK = (timedelta(hours=13), timedelta(days=7))
_CLOCK_SKEW = timedelta(days=1)  # a sensor's clock may be ahead; ingest has refused what is absurd
_UNTIL_SENT = 2  # turns of the event loop: in one the query begins, at its end it leaves
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
    for sensor in sensors[: which.limit]:
        by_kind[sensor["kind"]].append(sensor["sensor_id"])
    readings: dict[int, dict[str, Any]] = {}
    async with store.series() as connection:
        for back in _LOOK_BACK:
            wanted = {
                name: missing
                for name, sensor_ids in by_kind.items()
                if (missing := [sensor_id for sensor_id in sensor_ids if sensor_id not in readings])
            }
            readings |= await _look_up(connection, wanted, now - back, now + _CLOCK_SKEW)
    items = [
        {"sensor": sensor["code"], "kind": sensor["kind"], "reading": readings.get(sensor["sensor_id"])}
        for sensor in sensors
    ]
    page = _CURSOR.page(items, which.limit, key=lambda item: item["sensor"])
    return Response(orjson.dumps(page.__dict__, option=orjson.OPT_UTC_Z), media_type="application/json")


async def _look_up(
    connection: Connection, wanted: Mapping[str, list[int]], start: datetime, end: datetime
) -> dict[int, dict[str, Any]]:
    """The latest readings as JSON, by sensor. While one kind's are made, the database looks for the next kind's."""
    readings: dict[int, dict[str, Any]] = {}
    found: tuple[Kind, list[asyncpg.Record]] | None = None
    for name, sensor_ids in wanted.items():
        statement = within_days(_STATEMENTS[name], start, end)
        looking = asyncio.create_task(connection.fetch(statement, sensor_ids, start, end))
        try:
            for _ in range(_UNTIL_SENT):
                await asyncio.sleep(0)
            readings |= _shaped(found)
            found = KINDS[name], await looking
        finally:  # nobody else may have the connection before
            looking.cancel()
            await asyncio.wait({looking})
    return readings | _shaped(found)


def _shaped(found: tuple[Kind, list[asyncpg.Record]] | None) -> dict[int, dict[str, Any]]:
    return {} if found is None else {row["sensor_id"]: raw_reading(found[0], row) for row in found[1]}
