"""The sensors that the hub knows."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.answers import answers
from api.context import Reach
from api.cursors import Cursor, Name
from api.errors import NotFound
from api.fields import Bilingual, GridId, KindName, Maybe, Page, Paging, Position, SensorCode, YesNo, position
from database.queries import load_queries
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("sensors", Name)
router = APIRouter(tags=["sensors"], route_class=GuardedRoute)


class Sensor(BaseModel):
    """A sensor: what it is, where it is, whose it is."""

    code: str = Field(description="Its code, as in its MQTT topic")
    kind: str
    name: Bilingual
    grid_id: str | None = Field(description="The grid cell that it stands in")
    position: Position | None = Field(description="Null while nobody has entered it")
    owner_unit: str = Field(description="The unit that owns it; empty while not entered")
    interval_s: int | None = Field(description="How often it reports", json_schema_extra={"x-unit": "s"})
    attributes: dict[str, Any] = Field(description="What limits are looked up by, as noise_class or placement")
    provisioned: bool = Field(description="Made by a message; a person has not looked at it yet")
    updated_at: datetime


class SensorFilter(Paging):
    """Which sensors."""

    kind: Maybe[KindName] = Field(None, description="Only this kind", examples=["gas"])
    grid_id: Maybe[GridId] = Field(None, description="Only in this grid cell")
    provisioned: Maybe[YesNo] = Field(None, description="Only those made by a message, or only the others")


EXAMPLE = {
    "code": "GAS-0001",
    "kind": "gas",
    "name": {"zh": "南街燃气井 1 号", "en": "South Street gas chamber 1"},
    "grid_id": "gn-nanjie-01",
    "position": {"longitude": 112.4406, "latitude": 23.6346},
    "owner_unit": "广宁燃气",
    "interval_s": 1800,
    "attributes": {"placement": "closed"},
    "provisioned": False,
    "updated_at": "2026-05-01T00:00:00Z",
}


def _sensor(row: asyncpg.Record) -> Sensor:
    kind = KINDS.get(row["kind"])
    return Sensor(
        code=row["code"],
        kind=row["kind"],
        name=Bilingual(zh=row["name_zh"], en=row["name_en"]),
        grid_id=row["grid_id"],
        position=position(row["longitude"], row["latitude"]),
        owner_unit=row["owner_unit"],
        interval_s=row["interval_s"] or (kind.interval_s if kind else None),
        attributes=row["attributes"],
        provisioned=row["provisioned"],
        updated_at=row["updated_at"],
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
    description="Sensors in the order of their codes, filtered by kind, grid cell, or whether a message made them.",
    responses=answers({"items": [EXAMPLE], "next_cursor": None}),
)
async def list_sensors(store: Reach, _caller: CallerOf, which: Annotated[SensorFilter, Query()]) -> Page[Sensor]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, after, which.kind, which.grid_id, which.provisioned, which.limit + 1)
    return _CURSOR.page([_sensor(row) for row in rows], which.limit, key=lambda sensor: sensor.code)


@router.get(
    "/sensors/{code}",
    summary="One sensor",
    description="The sensor of this code.",
    responses=answers(EXAMPLE, 404),
)
async def show_sensor(store: Reach, _caller: CallerOf, code: SensorCode) -> Sensor:
    async with store.reading() as connection:
        row = await connection.fetchrow(_SQL.one, code)
    if row is None:
        raise unknown_sensor(code)
    return _sensor(row)
