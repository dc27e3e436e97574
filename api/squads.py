"""The squads and what they are busy with."""

from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.answers import answers
from api.context import Reach
from api.cursors import Cursor, Name
from api.fields import Bilingual, Maybe, Page, Paging, Position
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("squads", Name)
router = APIRouter(tags=["squads"], route_class=GuardedRoute)


class Squad(BaseModel):
    """A squad: what it can do, where it stands, when it is on duty."""

    squad_id: str
    name: Bilingual
    skills: list[str]
    position: Position
    duty_start: str = Field(description="Local time, HH:MM; duty from a later to an earlier time spans midnight")
    duty_end: str = Field(description="Local time, HH:MM; the same as duty_start means round the clock")
    phone: str
    open_tasks: list[int] = Field(description="Numbers of its tasks that aren't done, refused or cancelled")


class SquadFilter(Paging):
    """Which squads."""

    skill: Maybe[str] = Field(
        None, pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Only those that can do this", examples=["gas"]
    )


_EXAMPLE = {
    "squad_id": "gas-1",
    "name": {"zh": "燃气抢修一队", "en": "Gas repair squad 1"},
    "skills": ["gas"],
    "position": {"longitude": 112.4406, "latitude": 23.6346},
    "duty_start": "08:00",
    "duty_end": "20:00",
    "phone": "0758-0000000",
    "open_tasks": [7],
}


def _squad(row: asyncpg.Record) -> Squad:
    fields: dict[str, Any] = dict(row)
    return Squad(
        name=Bilingual(zh=fields.pop("name_zh"), en=fields.pop("name_en")),
        position=Position(longitude=fields.pop("longitude"), latitude=fields.pop("latitude")),
        duty_start=fields.pop("duty_start").isoformat("minutes"),
        duty_end=fields.pop("duty_end").isoformat("minutes"),
        **fields,
    )


@router.get(
    "/squads",
    summary="Squads",
    description="Squads in the order of their identifiers, with the tasks that they are busy with.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_squads(store: Reach, _caller: CallerOf, which: Annotated[SquadFilter, Query()]) -> Page[Squad]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, after, which.skill, which.limit + 1)
    return _CURSOR.page([_squad(row) for row in rows], which.limit, key=lambda squad: squad.squad_id)
