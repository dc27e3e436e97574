"""Sensors and readings as files, made while they are sent."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import asyncpg
import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Exports, Now, Reach
from api.errors import InvalidValue
from api.fields import Asked, Instant, KindName, Maybe, SensorCode
from api.sensors.entry import COLUMNS
from api.sensors.register import sensor_of, today
from api.store import Store
from database.queries import load_queries
from ingest.kinds import KINDS, Kind, Quantity

if TYPE_CHECKING:
    import pyarrow as pa

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_ROWS_AT_ONCE = 5000
_LONGEST = timedelta(days=366)
_MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "parquet": "application/vnd.apache.parquet",
}
router = APIRouter(prefix=f"{PREFIX}/exports", tags=["exports"], route_class=GuardedRoute)


class SensorExport(Asked):
    """Which sensors, and how."""

    format: Literal["csv", "geojson"] = Field("csv", description="CSV as the import takes it, or GeoJSON for a map")
    kind: Maybe[KindName] = Field(None, description="Only this kind", examples=["gas"])


class ReadingExport(Asked):
    """Which readings, and how."""

    kind: KindName = Field(description="One kind in one file", examples=["gas"])
    format: Literal["csv", "parquet"] = Field("csv", description="CSV, or Parquet for analysis")
    sensor: Maybe[Annotated[list[SensorCode], Field(max_length=200)]] = Field(
        None, description="Only these; repeat it for several"
    )
    start: Maybe[Instant] = Field(
        None, alias="from", description="First time, included, RFC 3339 with zone. Default: a day before `to`"
    )
    to: Maybe[Instant] = Field(None, description="End, not included, RFC 3339 with zone. Default: now")


def _file(*media_types: str) -> dict[int | str, dict[str, Any]]:
    content = {
        media_type.partition(";")[0]: {"schema": {"type": "object" if media_type.endswith("json") else "string"}}
        for media_type in media_types
    }
    return {**answers(None), 200: {"description": "The file", "content": content}}


def _sent(chunks: AsyncIterator[bytes], what: str, form: str, now: datetime) -> StreamingResponse:
    name = f"{what}-{now:%Y%m%dT%H%M%SZ}.{form}"
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return StreamingResponse(chunks, media_type=_MEDIA[form], headers=headers)


@router.get(
    "/sensors",
    summary="Export sensors",
    description="All sensors in service, as CSV or GeoJSON.",
    response_class=StreamingResponse,
    responses=_file(_MEDIA["csv"], _MEDIA["geojson"]),
)
async def export_sensors(
    store: Reach, now: Now, exports: Exports, _caller: CallerOf, which: Annotated[SensorExport, Query()]
) -> StreamingResponse:
    rows = _sensors(store, exports, which.kind)
    chunks = _as_csv(rows) if which.format == "csv" else _as_geojson(rows, now)
    return _sent(chunks, "sensors", which.format, now)


async def _sensors(store: Store, exports: Exports, kind: str | None) -> AsyncIterator[list[asyncpg.Record]]:
    after = ""
    while True:
        async with exports, store.reading() as connection:
            rows = await connection.fetch(_SQL.sensors, after, kind, _ROWS_AT_ONCE)
        yield rows
        if len(rows) < _ROWS_AT_ONCE:
            return
        after = rows[-1]["code"]


async def _as_csv(chunks: AsyncIterator[list[asyncpg.Record]]) -> AsyncIterator[bytes]:
    text = io.StringIO()
    text.write("\ufeff")  # spreadsheets take it for UTF-8 then
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    async for rows in chunks:
        writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def _cell(value: Any) -> Any:
    return ";".join(f"{name}={word}" for name, word in value.items()) if isinstance(value, dict) else value


async def _as_geojson(chunks: AsyncIterator[list[asyncpg.Record]], now: datetime) -> AsyncIterator[bytes]:
    yield b'{"type":"FeatureCollection","features":['
    comma = b""
    async for rows in chunks:
        features = []
        for row in rows:
            sensor = sensor_of(row, today(now)).model_dump(mode="json")
            place = sensor.pop("position")
            point = {"type": "Point", "coordinates": [place["longitude"], place["latitude"]]} if place else None
            features.append(
                orjson.dumps({"type": "Feature", "id": sensor["code"], "geometry": point, "properties": sensor})
            )
        if features:
            yield comma + b",".join(features)
            comma = b","
    yield b"]}"


@router.get(
    "/readings",
    summary="Export readings",
    description="Readings of one kind between `from` and `to`, at most a year, by sensor and time, as stored. A file"
    " that breaks off is not whole: ask again.",
    response_class=StreamingResponse,
    responses=_file(_MEDIA["csv"], _MEDIA["parquet"]),
)
async def export_readings(
    store: Reach, now: Now, exports: Exports, _caller: CallerOf, which: Annotated[ReadingExport, Query()]
) -> StreamingResponse:
    to = which.to or now
    try:
        start = which.start or to - timedelta(days=1)
    except OverflowError:  # `to` is in the first day of year 1
        start = to
    if not timedelta(0) <= to - start <= _LONGEST:
        raise InvalidValue(
            "query.from", zh="from 应早于 to，且相差不超过 366 天。", en="from must lie before to, by 366 days at most."
        )
    kind = KINDS[which.kind]
    rows = _readings(store, exports, kind, which.sensor, start, to)
    return _sent(_as_table(rows, kind, which.format), f"readings-{kind.name}", which.format, now)


async def _readings(
    store: Store, exports: Exports, kind: Kind, codes: list[str] | None, start: datetime, to: datetime
) -> AsyncIterator[list[tuple[Any, ...]]]:
    statement = _SQL.readings.format(table=kind.table, columns=", ".join(kind.column_names))
    async with exports, store.reading() as connection:
        sensors = await connection.fetch(_SQL.codes, kind.name, codes)
    for first in range(0, len(sensors), 100):
        some = sensors[first : first + 100]
        ids, last = [row["sensor_id"] for row in some], (0, start)
        names = {row["sensor_id"]: row["code"] for row in some}
        while True:
            # A connection is held for one step only: who reads slowly holds up nobody else.
            async with exports, store.reading() as connection:
                rows = await connection.fetch(statement, ids, start, to, *last, _ROWS_AT_ONCE)
            yield [(names[row["sensor_id"]], *list(row.values())[1:]) for row in rows]
            if len(rows) < _ROWS_AT_ONCE:
                break
            last = rows[-1]["sensor_id"], rows[-1]["time"]


def _schema(kind: Kind) -> "pa.Schema":
    import pyarrow as pa

    columns = [
        (column.name, pa.float32() if isinstance(column, Quantity) else pa.string(), column) for column in kind.columns
    ]
    fields = [pa.field("sensor", pa.string()), pa.field("time", pa.timestamp("us", tz="UTC"))]
    for name, form, column in columns:
        unit = {"unit": column.unit} if isinstance(column, Quantity) else {}
        fields.append(pa.field(name, form, metadata=unit))
    return pa.schema(fields)


async def _as_table(chunks: AsyncIterator[list[Any]], kind: Kind, form: str) -> AsyncIterator[bytes]:
    import pyarrow as pa  # read for the first file, not while the hub starts
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pa_parquet

    schema, sink = _schema(kind), _Sink()
    make: Any = pa_parquet.ParquetWriter if form == "parquet" else pa_csv.CSVWriter
    with make(sink, schema) as writer:
        async for rows in chunks:
            columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            writer.write(pa.record_batch(arrays, schema=schema))
            yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """Gives out what was written since the last time; Parquet's footer needs to know how much there was in all."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        self._size += len(chunk)
        return len(chunk)

    def take(self) -> bytes:
        """What was written since the last call."""
        taken = b"".join(self._chunks)
        self._chunks.clear()
        return taken
