"""Readings of one sensor: raw, or summed up in buckets."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import asyncpg
import orjson
from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, Moment
from api.errors import InvalidValue, NotFound
from api.fields import Asked, Instant, Maybe, SensorCode, as_utc
from api.sensors.days import within_days
from api.sensors.register import unknown_sensor
from api.sensors.shapes import BUCKETS, SERIES, Bucket, raw_columns, raw_readings, rollup_columns, rollup_readings
from database.queries import load_queries
from ingest.kinds import KINDS, Kind

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
# Statements by kind and bucket, all made here from our own names: of a request only days become SQL.
_STATEMENTS: dict[tuple[str, Bucket | None], str] = {
    **{(kind.name, None): _SQL.raw.format(table=kind.table, columns=raw_columns(kind)) for kind in KINDS.values()},
    **{
        (kind.name, bucket): _SQL.rollup.format(table=f"{kind.table}_{bucket}", columns=rollup_columns(kind))
        for kind in KINDS.values()
        for bucket in BUCKETS
    },
}
_CURSOR: Cursor[datetime] = Cursor("readings", Moment)
_SPAN: dict[Bucket | None, timedelta] = {
    None: timedelta(days=1),
    "10min": timedelta(days=7),
    "1h": timedelta(days=31),
    "1d": timedelta(days=366),
}
router = APIRouter(prefix=PREFIX, tags=["readings"], route_class=GuardedRoute)


class ReadingFilter(Asked):
    """Which readings of the sensor."""

    start: Maybe[Instant] = Field(
        None,
        alias="from",
        description="First time, included, RFC 3339 with zone. Default: before `to` by a day for raw readings, by 7, 31"
        " or 366 days for buckets of 10min, 1h or 1d",
        examples=["2026-05-01T00:00:00Z"],
    )
    to: Maybe[Instant] = Field(
        None, description="End, not included, RFC 3339 with zone. Default: now", examples=["2026-05-02T00:00:00Z"]
    )
    bucket: Maybe[Bucket] = Field(
        None, description="Sum up in buckets of this width that begin in the range; leave out for raw readings"
    )
    limit: int = Field(1000, ge=1, le=5000, description="Most readings in one answer", examples=[1000])
    cursor: Maybe[str] = Field(
        None, max_length=256, description="next_cursor of the page before; leave out for the first page"
    )


_EXAMPLE = {
    "sensor": "GAS-0001",
    "kind": "gas",
    "bucket": None,
    "items": [
        {
            "time": "2026-05-01T08:00:00Z",
            "ch4_lel_pct": 3.2,
            "h2s_mg_m3": 0.4,
            "co_mg_m3": 1.1,
            "o2_pct_vol": 20.8,
            "temperature_c": 24.6,
            "battery_pct": 87,
        }
    ],
    "next_cursor": None,
}


@router.get(
    "/sensors/{code}/readings",
    summary="Readings of a sensor",
    description="Readings between `from` and `to` in the order of time, each number rounded to the resolution of its"
    " quantity (units and resolutions: /api/v1/kinds). With `bucket`, lowest, mean and highest value of each bucket;"
    " the mean of sound levels is by energy, a state gives its last word.",
    response_model=SERIES,
    responses=answers(_EXAMPLE, 404),
)
async def list_readings(
    store: Reach, now: Now, _caller: CallerOf, code: SensorCode, which: Annotated[ReadingFilter, Query()]
) -> Response:
    after = _CURSOR.decode(which.cursor)
    after = after and as_utc(after)
    start, to = _range(which, now)
    async with store.series() as connection:
        sensor = await connection.fetchrow(_SQL.sensor, code)
        if sensor is None:
            raise unknown_sensor(code)
        kind = _kind(sensor["kind"])
        statement = _STATEMENTS[kind.name, which.bucket]
        rows: list[asyncpg.Record] = []
        for begin, end in _stretches(max(start, after or start), to, _SPAN[which.bucket]):
            wanted = which.limit + 1 - len(rows)
            asked = within_days(statement, begin, end)
            rows += await connection.fetch(asked, sensor["sensor_id"], begin, end, after, wanted)
            if len(rows) > which.limit:
                break
    readings = rollup_readings(kind, rows) if which.bucket else raw_readings(kind, rows)
    page = _CURSOR.page(readings, which.limit, key=lambda reading: reading["time"])
    answer = {"sensor": code, "kind": kind.name, "bucket": which.bucket, **page.__dict__}
    # Made of checked rows by our own hand; sending it through the model again would cost more than the query.
    return Response(orjson.dumps(answer, option=orjson.OPT_UTC_Z), media_type="application/json")


def _stretches(start: datetime, to: datetime, span: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Ever longer parts of a range: planning a query takes the longer the more days it may look at, and most pages are
    full after a few.
    """
    length = 4 * span
    while to - start > length:
        yield start, start + length
        start, length = start + length, 4 * length
    yield start, to


def _range(which: ReadingFilter, now: datetime) -> tuple[datetime, datetime]:
    to = which.to or now
    try:
        start = which.start or to - _SPAN[which.bucket]
    except OverflowError:  # `to` is in the first days of year 1
        start = to
    if start > to:
        raise InvalidValue("query.from", zh="from 不能晚于 to。", en="from must not be later than to.")
    return start, to


def _kind(name: str) -> Kind:
    try:
        return KINDS[name]
    except KeyError as error:
        raise NotFound(
            zh=f"本版本不认识传感器类型 {name}，没有其读数。",
            en=f"This version doesn't know the kind {name}, so it has no readings of it.",
        ) from error
