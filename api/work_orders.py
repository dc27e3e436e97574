"""Work orders (维护工单): batteries, silence and faults of sensors, one for each grid cell and day."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Reach
from api.cursors import Cursor, RowNumber
from api.errors import NotFound
from api.fields import Bilingual, GridId, Maybe, Page, Paging, RowId, SensorCode, YesNo
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("work-orders", RowNumber)
router = APIRouter(prefix=f"{PREFIX}/work-orders", tags=["work orders"], route_class=GuardedRoute)


class WorkOrder(BaseModel):
    """Work on the sensors of a grid cell, never an emergency."""

    work_order_id: int
    grid_id: str | None = Field(description="Null: sensors without a cell")
    day: date = Field(description="Local")
    created_at: datetime
    done_at: datetime | None = Field(description="When every hazard on it had cleared")
    items: int = Field(description="Hazards on it")
    open_items: int = Field(description="Of these, not cleared yet")


class WorkItem(BaseModel):
    """A sensor to be looked at."""

    hazard_id: int
    sensor: str
    hazard_type: str = Field(description="battery_low, sensor_silent, sensor_fault …")
    grade: int = Field(ge=1, le=4)
    reason: Bilingual
    raised_at: datetime
    cleared_at: datetime | None


class WholeWorkOrder(WorkOrder):
    """A work order with the first 500 sensors on it."""

    sensors: list[WorkItem]


class WorkOrderFilter(Paging):
    """Which work orders."""

    open: Maybe[YesNo] = Field(None, description="Only open ones, or only those that are done")
    grid_id: Maybe[GridId] = Field(None, description="Only of this grid cell")
    sensor: Maybe[SensorCode] = Field(None, description="Only those that this sensor is on")


_EXAMPLE: dict[str, Any] = {
    "work_order_id": 9,
    "grid_id": "gn-nanjie-01",
    "day": "2026-05-01",
    "created_at": "2026-05-01T00:01:00Z",
    "done_at": None,
    "items": 2,
    "open_items": 1,
}
_ITEM: dict[str, Any] = {
    "hazard_id": 88,
    "sensor": "MH-0031",
    "hazard_type": "battery_low",
    "grade": 4,
    "reason": {"zh": "电量18%，不高于20%", "en": "battery 18 %, at most 20 %"},
    "raised_at": "2026-04-30T22:14:00Z",
    "cleared_at": None,
}


def _fields(row: asyncpg.Record) -> dict[str, Any]:
    return {**dict(row), "grid_id": row["grid_id"] or None}


def _item(row: asyncpg.Record) -> WorkItem:
    fields = dict(row)
    return WorkItem(reason=Bilingual(zh=fields.pop("reason_zh"), en=fields.pop("reason_en")), **fields)


@router.get(
    "",
    summary="Work orders",
    description="Work on sensors, the newest first, filtered by whether it is done, grid cell and sensor.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_work_orders(
    store: Reach, _caller: CallerOf, which: Annotated[WorkOrderFilter, Query()]
) -> Page[WorkOrder]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        named = (which.grid_id, None, which.limit + 1, which.sensor)
        rows = await connection.fetch(_SQL.page, before, which.open, *named)
    items = [WorkOrder(**_fields(row)) for row in rows]
    return _CURSOR.page(items, which.limit, key=lambda order: order.work_order_id)


@router.get(
    "/{work_order_id}",
    summary="One work order",
    description="The order of this number with its sensors.",
    responses=answers({**_EXAMPLE, "sensors": [_ITEM]}, 404),
)
async def show_work_order(store: Reach, _caller: CallerOf, work_order_id: RowId) -> WholeWorkOrder:
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, None, None, None, work_order_id, 1, None)
        items = await connection.fetch(_SQL.items, work_order_id)
    if not rows:
        raise NotFound(
            zh=f"没有编号为 {work_order_id} 的工单；全部见 /api/v1/work-orders。",
            en=f"There is no work order {work_order_id}; /api/v1/work-orders lists them.",
        )
    return WholeWorkOrder(**_fields(rows[0]), sensors=[_item(row) for row in items])
