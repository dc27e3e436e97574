"""Stores and what they keep."""

from pathlib import Path
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, match_or_make, tag
from api.context import Reach
from api.cursors import Cursor, Name
from api.errors import NotFound
from api.fields import Bilingual, Maybe, Page, Paging, Position, Strict, Text, Titles, Word, YesNo, position, shown
from api.fields import Place as Identifier
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_Key = Annotated[str, msgspec.Meta(max_length=64)]
_STORES: Cursor[str] = Cursor("stores", Name)
_STOCK: Cursor[tuple[str, str]] = Cursor("stock", tuple[_Key, _Key])
router = APIRouter(prefix=PREFIX, tags=["materials"], route_class=GuardedRoute)
ItemName = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="The material, as plans name it", examples=["blower"])
]


class StoreEntry(Strict):
    """A place with materials, as a person describes it."""

    name: Titles
    position: Position
    contact: Text = ""


class Depot(BaseModel):
    """A place with materials."""

    store_id: str
    name: Bilingual
    position: Position | None
    contact: str = Field(description="Who opens it, and how to call them")


class StockEntry(Strict):
    """A material that a store keeps; how much there is, is counted apart."""

    name: Titles
    unit: Word = Field(examples=["台"])
    minimum: int = Field(0, ge=0, le=10**6, description="What is to be kept")


class Stock(BaseModel):
    """A material in a store; amounts in its unit."""

    store_id: str
    item: str
    name: Bilingual
    unit: str
    amount: int = Field(description="In the store")
    reserved: int = Field(description="Of it, promised to incidents")
    minimum: int = Field(description="What is to be kept")
    short: bool = Field(description="Less than the minimum is there")


class StockFilter(Paging):
    """Which materials."""

    store: Maybe[Identifier] = Field(None, description="Only in this store")
    item: Maybe[ItemName] = Field(None, description="Only this material, wherever it is kept")
    short: Maybe[YesNo] = Field(None, description="Only those below their minimum, or only the others")


STORE: dict[str, Any] = {
    "store_id": "county-seat",
    "name": {"zh": "县城应急物资库", "en": "county-seat store"},
    "position": {"longitude": 112.44, "latitude": 23.63},
    "contact": "陈仓管 0758-0000001",
}
STOCK: dict[str, Any] = {
    "store_id": "county-seat",
    "item": "blower",
    "name": {"zh": "防爆风机", "en": "explosion-proof blower"},
    "unit": "台",
    "amount": 4,
    "reserved": 1,
    "minimum": 2,
    "short": False,
}


def _depot(row: asyncpg.Record) -> Depot:
    return Depot(
        store_id=row["store_id"],
        name=Bilingual(zh=row["name_zh"], en=row["name_en"]),
        position=position(row["longitude"], row["latitude"]),
        contact=row["contact"],
    )


def _stock(row: asyncpg.Record) -> Stock:
    fields = shown(Stock, row)
    name = Bilingual(zh=row["name_zh"], en=row["name_en"])
    return Stock(**fields, name=name, short=row["amount"] < row["minimum"])


async def show_stock(connection: Connection, store_id: str, item: str) -> tuple[Stock, int]:
    """A material in a store with what its ETag names; NotFound."""
    row = await connection.fetchrow(_SQL.one_stock, store_id, item)
    if row is None:
        raise NotFound(
            zh=f"仓库 {store_id} 没有物资 {item}；全部见 /api/v1/stock。",
            en=f"Store {store_id} keeps no {item}; /api/v1/stock lists what there is.",
        )
    return _stock(row), row["changed_in"]


def _unknown_store(store_id: str) -> NotFound:
    return NotFound(
        zh=f"没有编号为 {store_id} 的仓库；全部见 /api/v1/stores。",
        en=f"There is no store {store_id}; /api/v1/stores lists them.",
    )


class StoreFilter(Paging):
    """Which stores."""


@router.get(
    "/stores",
    summary="Stores",
    description="Places with materials, in the order of their identifiers.",
    responses=answers({"items": [STORE], "next_cursor": None}),
)
async def list_stores(store: Reach, _caller: CallerOf, which: Annotated[StoreFilter, Query()]) -> Page[Depot]:
    after = _STORES.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.stores, after, which.limit + 1)
    return _STORES.page([_depot(row) for row in rows], which.limit, key=lambda depot: depot.store_id)


@router.get(
    "/stores/{store_id}",
    summary="One store",
    description="The store of this identifier, with its ETag.",
    responses=answers(STORE, 404, tagged=True),
)
async def show_store(
    store: Reach, _caller: CallerOf, store_id: Annotated[Identifier, InPath()], response: Response
) -> Depot:
    async with store.reading() as connection:
        return await _show(connection, store_id, response)


async def _show(connection: Connection, store_id: str, response: Response) -> Depot:
    row = await connection.fetchrow(_SQL.one_store, store_id)
    if row is None:
        raise _unknown_store(store_id)
    tag(response, row["changed_in"])
    return _depot(row)


@router.put(
    "/stores/{store_id}",
    summary="Enter or change a store",
    description="Makes it (201), or replaces what was said of it (200, with the ETag as If-Match).",
    responses={
        **answers(STORE, acts=True, tagged=True, matched=True),
        201: {"description": "Made", "content": {"application/json": {}}},
    },
)
async def put_store(
    store: Reach,
    _caller: CallerOf,
    store_id: Annotated[Identifier, InPath()],
    entry: StoreEntry,
    response: Response,
    if_match: IfMatch = None,
) -> Depot:
    place = entry.position
    async with store.writing() as connection:
        there = await connection.fetchval(_SQL.lock_store, store_id)
        match_or_make(if_match, there, response)
        await connection.execute(
            _SQL.put_store, store_id, entry.name.zh, entry.name.en, place.longitude, place.latitude, entry.contact
        )
        return await _show(connection, store_id, response)


@router.get(
    "/stock",
    summary="Materials",
    description="What the stores keep, by store and material; with `item`, where there is one.",
    responses=answers({"items": [STOCK], "next_cursor": None}),
)
async def list_stock(store: Reach, _caller: CallerOf, which: Annotated[StockFilter, Query()]) -> Page[Stock]:
    after = _STOCK.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(
            _SQL.stock, *(after or (None, None)), which.store, which.item, which.short, which.limit + 1
        )
    return _STOCK.page([_stock(row) for row in rows], which.limit, key=lambda stock: (stock.store_id, stock.item))


@router.put(
    "/stores/{store_id}/stock/{item}",
    summary="Enter or change a material of a store",
    description="Makes it (201) with nothing of it in the store, or replaces its name, unit and minimum (200, with the"
    " ETag as If-Match). Counting it is an entry of its own.",
    responses={
        **answers(STOCK, 404, acts=True, tagged=True, matched=True),
        201: {"description": "Made", "content": {"application/json": {}}},
    },
)
async def put_stock(
    store: Reach,
    _caller: CallerOf,
    store_id: Annotated[Identifier, InPath()],
    item: Annotated[ItemName, InPath()],
    entry: StockEntry,
    response: Response,
    if_match: IfMatch = None,
) -> Stock:
    async with store.writing() as connection:
        if await connection.fetchval(_SQL.lock_store, store_id) is None:
            raise _unknown_store(store_id)
        there = await connection.fetchval(_SQL.lock_stock, store_id, item)
        match_or_make(if_match, there, response)
        await connection.execute(
            _SQL.put_stock, store_id, item, entry.name.zh, entry.name.en, entry.unit, entry.minimum
        )
        shown, revision = await show_stock(connection, store_id, item)
        tag(response, revision)
        return shown
