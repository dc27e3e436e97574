"""The sensors that the hub knows, and what people say of them."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, match_or_make, require_match, tag
from api.context import Now, Reach
from api.cursors import Cursor, Name
from api.errors import Conflict, InvalidValue, NotFound
from api.fields import Bilingual, GridId, KindName, Maybe, Page, Paging, Position, SensorCode, Text, YesNo, position
from api.languages import language_of
from api.sensors.entry import SensorEntry, read_csv
from database.pool import Connection
from database.queries import load_queries
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("sensors", Name)
_LOCAL = timezone(timedelta(hours=8))  # calibration ends at midnight in Guangning
router = APIRouter(prefix=PREFIX, tags=["sensors"], route_class=GuardedRoute)


class Sensor(BaseModel):
    """A sensor: what it is, where it is, whose it is, who looks after it."""

    code: str = Field(description="Its code, as in its MQTT topic")
    kind: str
    name: Bilingual
    grid_id: str | None = Field(description="The grid cell that it stands in")
    position: Position | None = Field(description="Null while nobody has entered it")
    owner_unit: str = Field(description="The unit that owns it; empty while not entered")
    responsible_person: str
    responsible_phone: str
    interval_s: int | None = Field(description="How often it reports", json_schema_extra={"x-unit": "s"})
    attributes: dict[str, Any] = Field(description="What limits are looked up by, as noise_class or placement")
    installed_on: date | None
    calibrated_on: date | None
    calibration_due_on: date | None
    calibration_overdue: bool = Field(description="Its values are trusted less")
    camera_id: str | None = Field(description="Channel of GB/T 28181")
    camera_url: str | None = Field(description="RTSP address")
    provisioned: bool = Field(description="Made by a message; a person has not looked at it yet")
    retired_at: datetime | None = Field(description="Taken out of service; its history stays")
    updated_at: datetime


class SensorFilter(Paging):
    """Which sensors."""

    kind: Maybe[KindName] = Field(None, description="Only this kind", examples=["gas"])
    grid_id: Maybe[GridId] = Field(None, description="Only in this grid cell")
    owner_unit: Maybe[Text] = Field(None, description="Only of this unit")
    provisioned: Maybe[YesNo] = Field(None, description="Only those made by a message, or only the others")
    calibration_overdue: Maybe[YesNo] = Field(None, description="Only those overdue, or only the others")
    retired: YesNo = Field(False, description="Only those out of service, instead of those in service")


class Imported(BaseModel):
    """What a file changed."""

    total: int = Field(description="Sensors in the file")
    changed: int = Field(description="Of these, new or different ones")


EXAMPLE = {
    "code": "GAS-0001",
    "kind": "gas",
    "name": {"zh": "南街燃气井 1 号", "en": "South Street gas chamber 1"},
    "grid_id": "gn-nanjie-01",
    "position": {"longitude": 112.4406, "latitude": 23.6346},
    "owner_unit": "广宁燃气",
    "responsible_person": "李强",
    "responsible_phone": "0758-0000000",
    "interval_s": 1800,
    "attributes": {"placement": "closed"},
    "installed_on": "2025-03-01",
    "calibrated_on": "2026-03-01",
    "calibration_due_on": "2027-03-01",
    "calibration_overdue": False,
    "camera_id": "44122300001320000001",
    "camera_url": None,
    "provisioned": False,
    "retired_at": None,
    "updated_at": "2026-05-01T00:00:00Z",
}


_SHOWN = frozenset(Sensor.model_fields)


def today(now: datetime) -> date:
    """The day in the county."""
    return now.astimezone(_LOCAL).date()


def sensor_of(row: asyncpg.Record, on: date) -> Sensor:
    """A row as the API shows it."""
    fields: dict[str, Any] = dict(row)
    kind, due = KINDS.get(row["kind"]), row["calibration_due_on"]
    fields["interval_s"] = row["interval_s"] or (kind.interval_s if kind else None)
    return Sensor(
        **{key: value for key, value in fields.items() if key in _SHOWN},
        name=Bilingual(zh=row["name_zh"], en=row["name_en"]),
        position=position(row["longitude"], row["latitude"]),
        calibration_overdue=due is not None and due < on,
    )


def unknown_sensor(code: str) -> NotFound:
    """The error for a code that no sensor has."""
    return NotFound(
        zh=f"没有编号为 {code} 的传感器；全部见 /api/v1/sensors。",
        en=f"There is no sensor {code}; /api/v1/sensors lists them.",
    )


@router.get(
    "/sensors",
    summary="Sensors",
    description="Sensors in service in the order of their codes, filtered by kind, grid cell, owner and calibration.",
    responses=answers({"items": [EXAMPLE], "next_cursor": None}),
)
async def list_sensors(
    store: Reach, now: Now, _caller: CallerOf, which: Annotated[SensorFilter, Query()]
) -> Page[Sensor]:
    after, on = _CURSOR.decode(which.cursor), today(now)
    choice = (which.kind, which.grid_id, which.provisioned, which.retired, which.owner_unit, which.calibration_overdue)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, after, *choice, on, which.limit + 1)
    return _CURSOR.page([sensor_of(row, on) for row in rows], which.limit, key=lambda sensor: sensor.code)


@router.get(
    "/sensors/{code}",
    summary="One sensor",
    description="The sensor of this code, in service or not.",
    responses=answers(EXAMPLE, 404, tagged=True),
)
async def show_sensor(store: Reach, now: Now, _caller: CallerOf, code: SensorCode, response: Response) -> Sensor:
    async with store.reading() as connection:
        return await _show(connection, code, now, response)


async def _show(connection: Connection, code: str, now: datetime, response: Response) -> Sensor:
    row = await connection.fetchrow(_SQL.one, code)
    if row is None:
        raise unknown_sensor(code)
    tag(response, row["changed_in"])
    return sensor_of(row, today(now))


@router.put(
    "/sensors/{code}",
    summary="Enter or change a sensor",
    description="Makes the sensor (201), or replaces all that was said of it (200, with the ETag as If-Match). What it"
    " measures stays: another kind is another sensor. A retired one is in service again.",
    responses={
        **answers(EXAMPLE, acts=True, tagged=True, matched=True),
        201: {"description": "Made", "content": {"application/json": {}}},
    },
)
async def put_sensor(
    store: Reach,
    now: Now,
    _caller: CallerOf,
    code: SensorCode,
    entry: SensorEntry,
    response: Response,
    if_match: IfMatch = None,
) -> Sensor:
    async with store.writing() as connection:
        there = await connection.fetchrow(_SQL.lock, code)
        match_or_make(if_match, None if there is None else there["changed_in"], response)
        await _put(connection, [entry.as_row(code)], now)
        return await _show(connection, code, now, response)


@router.delete(
    "/sensors/{code}",
    summary="Take a sensor out of service",
    description="It leaves the list and the map; its readings and hazards stay, and what it still sends is kept.",
    responses=answers(EXAMPLE, 404, tagged=True, matched=True),
)
async def retire_sensor(
    store: Reach, now: Now, _caller: CallerOf, code: SensorCode, response: Response, if_match: IfMatch = None
) -> Sensor:
    async with store.writing() as connection:
        there = await connection.fetchrow(_SQL.lock, code)
        if there is None:
            raise unknown_sensor(code)
        require_match(if_match, there["changed_in"])
        await connection.execute(_SQL.retire, code, now)
        await connection.execute(_SQL.tell)
        return await _show(connection, code, now, response)


_CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "UTF-8, with a header; the columns are those of the export, of which code and kind are needed",
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "code,kind,name_zh\nGAS-0002,gas,二号井\n"}},
    }
}


@router.post(
    "/imports/sensors",
    summary="Import sensors",
    description="Enters or changes the sensors of a CSV file of up to 8 MB, all of them or, when a line is at fault,"
    " none; nothing is removed. `errors` names the lines.",
    responses=answers({"total": 120, "changed": 3}, acts=True),
    openapi_extra=_CSV_BODY,
)
async def import_sensors(request: Request, store: Reach, now: Now, _caller: CallerOf) -> Imported:
    try:
        text = (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidValue("body", zh="文件不是 UTF-8 编码。", en=f"Not UTF-8 at byte {error.start}.") from error
    rows = read_csv(text, language_of(request.headers.get("accept-language", "")))
    async with store.writing() as connection:
        return Imported(total=len(rows), changed=await _put(connection, rows, now))


async def _put(connection: Connection, rows: list[dict[str, Any]], now: datetime) -> int:
    misfits = await connection.fetch(_SQL.misfits, rows)
    if misfits:
        codes = ", ".join(row["code"] for row in misfits)
        if all(row["kind_before"] is None for row in misfits):
            raise Conflict(zh=f"没有这样的网格：{codes}。", en=f"No such grid cell: {codes}.")
        raise Conflict(
            zh=f"传感器的类型不能改变：{codes}。请用新的编号登记。",
            en=f"A sensor keeps its kind: {codes}. Enter what is new under a new code.",
        )
    changed = await connection.fetch(_SQL.put, rows, now)
    if changed:
        await connection.execute(_SQL.tell)
    return len(changed)
