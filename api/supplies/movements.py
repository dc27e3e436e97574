"""What is counted, promised, issued and comes back, each with its entry."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.errors import Conflict
from api.fields import Maybe, Note, Page, Paging, RowId, RowRef, Strict
from api.fields import Place as Identifier
from api.incidents import check_incident
from api.supplies.stores import STOCK, ItemName, Stock, show_stock
from database.queries import load_queries
from dispatch import supplies

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("movements", RowNumber)
router = APIRouter(prefix=PREFIX, tags=["materials"], route_class=GuardedRoute)
What = Literal["counted", "reserved", "issued", "returned", "released"]
Amount = Annotated[int, Field(ge=0, le=10**6, description="In the material's unit")]


class NewMovement(Strict):
    """A count, or something that goes out or comes back."""

    what: Literal["counted", "issued", "returned"] = Field(description="counted: so much is there now")
    amount: Amount
    incident_id: RowRef | None = Field(
        None, description="Issued to, or back from; what was reserved for it is used first"
    )
    note: Note = ""


class Movement(BaseModel):
    """A line of the trail; lines are never changed."""

    movement_id: int
    store_id: str
    item: str
    what: What
    amount: int
    incident_id: int | None
    at: datetime
    actor: str
    note: str


class MovementFilter(Paging):
    """Which lines."""

    store: Maybe[Identifier] = Field(None, description="Only of this store")
    item: Maybe[ItemName] = Field(None, description="Only of this material")
    incident: Maybe[RowRef] = Field(None, description="Only for the incident of this number")


class Wanted(Strict):
    """What an incident needs."""

    item: ItemName
    amount: Annotated[int, Field(ge=1, le=10**6, description="As much it shall have in all, with what it has already")]


class Promised(BaseModel):
    """What an incident has of a material."""

    item: str
    wanted: int
    missing: int = Field(description="What no store has free; 0: all is there")


_EXAMPLE: dict[str, Any] = {
    "movement_id": 31,
    "store_id": "county-seat",
    "item": "blower",
    "what": "issued",
    "amount": 1,
    "incident_id": 5,
    "at": "2026-05-01T08:10:00Z",
    "actor": "user:wang",
    "note": "",
}


@router.get(
    "/stock/movements",
    summary="The trail of the materials",
    description="What was counted, reserved, issued, returned and released, by whom and for which incident, the newest"
    " first.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_stock_movements(
    store: Reach, _caller: CallerOf, which: Annotated[MovementFilter, Query()]
) -> Page[Movement]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, which.store, which.item, which.incident, which.limit + 1)
    items = [Movement(**dict(row)) for row in rows]
    return _CURSOR.page(items, which.limit, key=lambda movement: movement.movement_id)


@router.post(
    "/stores/{store_id}/stock/{item}/movements",
    status_code=201,
    summary="Count, issue or take back a material",
    description="The answer is what the store then has. What is reserved for other incidents can't be issued (409).",
    responses=answers({**STOCK, "amount": 3, "reserved": 0}, 404, acts=True, status=201),
)
async def move_stock(
    store: Reach,
    now: Now,
    caller: CallerOf,
    store_id: Annotated[Identifier, InPath()],
    item: Annotated[ItemName, InPath()],
    given: NewMovement,
) -> Stock:
    async with store.writing() as connection:
        if given.incident_id is not None:
            await check_incident(connection, given.incident_id)
        await supplies.book(
            connection,
            store_id,
            item,
            given.what,
            given.amount,
            caller.actor,
            now,
            incident_id=given.incident_id,
            note=given.note,
        )
        return (await show_stock(connection, store_id, item))[0]


@router.post(
    "/incidents/{incident_id}/materials",
    summary="Reserve a material for an incident",
    description="Promises it from the nearest stores that have it free; what was promised or issued before counts. What"
    " is missing is said, not refused. Closing the incident releases it.",
    responses=answers({"item": "blower", "wanted": 2, "missing": 1}, 404, acts=True),
)
async def reserve_material(store: Reach, now: Now, caller: CallerOf, incident_id: RowId, wanted: Wanted) -> Promised:
    async with store.writing() as connection:
        await check_incident(connection, incident_id)
        if not await connection.fetchval(_SQL.is_planned, incident_id):
            raise Conflict(
                zh=f"事件 {incident_id} 尚未启动预案，请几秒后重试。",
                en=f"No plan has been applied to incident {incident_id} yet: try again in a few seconds.",
            )
        missing = await supplies.reserve(connection, incident_id, {wanted.item: wanted.amount}, now, caller.actor)
    return Promised(item=wanted.item, wanted=wanted.amount, missing=missing.get(wanted.item, 0))
