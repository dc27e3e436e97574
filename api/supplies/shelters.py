"""Shelters: places for people who have to leave their homes."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, match_or_make, tag
from api.context import Now, Reach
from api.cursors import Cursor, Name
from api.errors import Conflict, NotFound
from api.fields import Bilingual, Maybe, Page, Paging, Position, Strict, Text, Titles, YesNo, shown
from api.fields import Place as Identifier
from database.pool import Connection
from database.queries import load_queries
from dispatch import supplies

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("shelters", Name)
router = APIRouter(prefix=f"{PREFIX}/shelters", tags=["shelters"], route_class=GuardedRoute)


class ShelterEntry(Strict):
    """A shelter as a person describes it."""

    name: Titles
    position: Position
    capacity: int = Field(ge=1, le=10**6, description="Persons")
    contact: Text = ""
    phone: Text = ""


class Shelter(BaseModel):
    """A place for people who have to leave their homes."""

    shelter_id: str
    name: Bilingual
    position: Position
    capacity: int = Field(description="Persons")
    occupancy: int = Field(description="Persons in it")
    is_open: bool
    contact: str
    phone: str
    updated_at: datetime


class ShelterState(Strict):
    """Whether it is open, and how many are in it."""

    is_open: bool
    occupancy: int = Field(ge=0, le=10**6, description="Persons")


class ShelterFilter(Paging):
    """Which shelters."""

    open: Maybe[YesNo] = Field(None, description="Only open ones, or only closed ones")


_EXAMPLE: dict[str, Any] = {
    "shelter_id": "no-1-school",
    "name": {"zh": "第一中学体育馆", "en": "gymnasium of No. 1 school"},
    "position": {"longitude": 112.443, "latitude": 23.631},
    "capacity": 600,
    "occupancy": 0,
    "is_open": False,
    "contact": "陈校长",
    "phone": "0758-0000002",
    "updated_at": "2026-05-01T08:00:00Z",
}


def _shelter(row: asyncpg.Record) -> Shelter:
    return Shelter(
        **shown(Shelter, row),
        name=Bilingual(zh=row["name_zh"], en=row["name_en"]),
        position=Position(longitude=row["longitude"], latitude=row["latitude"]),
    )


async def _show(connection: Connection, shelter_id: str, response: Response) -> Shelter:
    row = await connection.fetchrow(_SQL.one, shelter_id)
    if row is None:
        raise NotFound(
            zh=f"没有编号为 {shelter_id} 的避难场所；全部见 /api/v1/shelters。",
            en=f"There is no shelter {shelter_id}; /api/v1/shelters lists them.",
        )
    tag(response, row["changed_in"])
    return _shelter(row)


@router.get(
    "",
    summary="Shelters",
    description="Shelters in the order of their identifiers, with who is in them.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_shelters(store: Reach, _caller: CallerOf, which: Annotated[ShelterFilter, Query()]) -> Page[Shelter]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, after, which.open, which.limit + 1)
    return _CURSOR.page([_shelter(row) for row in rows], which.limit, key=lambda shelter: shelter.shelter_id)


@router.get(
    "/{shelter_id}",
    summary="One shelter",
    description="The shelter of this identifier, with its ETag.",
    responses=answers(_EXAMPLE, 404, tagged=True),
)
async def show_shelter(
    store: Reach, _caller: CallerOf, shelter_id: Annotated[Identifier, InPath()], response: Response
) -> Shelter:
    async with store.reading() as connection:
        return await _show(connection, shelter_id, response)


@router.put(
    "/{shelter_id}",
    summary="Enter or change a shelter",
    description="Makes it (201), closed and empty, or replaces what was said of it (200, with the ETag as If-Match).",
    responses={
        **answers(_EXAMPLE, acts=True, tagged=True, matched=True),
        201: {"description": "Made", "content": {"application/json": {}}},
    },
)
async def put_shelter(
    store: Reach,
    now: Now,
    _caller: CallerOf,
    shelter_id: Annotated[Identifier, InPath()],
    entry: ShelterEntry,
    response: Response,
    if_match: IfMatch = None,
) -> Shelter:
    place = entry.position
    async with store.writing() as connection:
        there = await connection.fetchrow(_SQL.lock, shelter_id)
        match_or_make(if_match, None if there is None else there["changed_in"], response)
        if there is not None and there["occupancy"] > entry.capacity:
            raise Conflict(
                zh=f"已有 {there['occupancy']} 人入住，容量不能更少。",
                en=f"{there['occupancy']} people are in it: it can't take fewer.",
            )
        named = (shelter_id, entry.name.zh, entry.name.en, place.longitude, place.latitude)
        await connection.execute(_SQL.put, *named, entry.capacity, entry.contact, entry.phone, now)
        return await _show(connection, shelter_id, response)


@router.post(
    "/{shelter_id}/state",
    summary="Open or close a shelter",
    description="And say how many people are in it, at most its capacity (409).",
    responses=answers({**_EXAMPLE, "is_open": True, "occupancy": 42}, 404, acts=True),
)
async def set_shelter_state(
    store: Reach,
    now: Now,
    _caller: CallerOf,
    shelter_id: Annotated[Identifier, InPath()],
    state: ShelterState,
    response: Response,
) -> Shelter:
    async with store.writing() as connection:
        await supplies.set_shelter(connection, shelter_id, state.is_open, state.occupancy, now)
        return await _show(connection, shelter_id, response)
