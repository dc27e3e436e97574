"""The squads, where they are and what they are busy with."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from api.access.guard import CallerOf, GuardedRoute
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, Name
from api.errors import NotFound
from api.fields import Bilingual, Maybe, Page, Paging, Position, SquadId, position
from database.queries import load_queries
from dispatch.sightings import Sighting, see

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
    seen: Position | None = Field(description="Where its device said that it was; null when it never did")
    seen_at: datetime | None
    open_tasks: list[int] = Field(description="Numbers of its tasks that aren't done, refused or cancelled")


class Whereabouts(Position):
    """Where a squad is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"longitude": 112.4411, "latitude": 23.635}]}
    )


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
    "seen": {"longitude": 112.4411, "latitude": 23.635},
    "seen_at": "2026-05-01T07:59:30Z",
    "open_tasks": [7],
}


def _squad(row: asyncpg.Record) -> Squad:
    fields: dict[str, Any] = dict(row)
    return Squad(
        name=Bilingual(zh=fields.pop("name_zh"), en=fields.pop("name_en")),
        position=Position(longitude=fields.pop("longitude"), latitude=fields.pop("latitude")),
        seen=position(fields.pop("seen_longitude"), fields.pop("seen_latitude")),
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


@router.post(
    "/squads/{squad_id}/position",
    summary="Where a squad is",
    description="A squad's device tells its own position, or an officer puts down what was told by telephone. It counts"
    " for 10 minutes when squads are chosen; after that the squad is taken to be at home.",
    responses=answers({**_EXAMPLE, "seen_at": "2026-05-01T08:00:00Z"}, 404, body=True),
)
async def report_position(
    store: Reach, now: Now, caller: CallerOf, squad_id: Annotated[SquadId, InPath()], here: Whereabouts
) -> Squad:
    if caller.role == "squad":  # what a device tells every minute isn't a change to keep for years
        store = replace(store, trace=None)
    async with store.writing() as connection:
        row = None
        if caller.role != "squad" or squad_id == caller.squad_id:
            await see(connection, [Sighting(squad_id, here.longitude, here.latitude, now)])
            row = await connection.fetchrow(_SQL.one, squad_id)
        if row is None:  # to a squad's member other squads aren't there
            raise NotFound(
                zh=f"没有编号为 {squad_id} 的队伍；全部见 /api/v1/squads。",
                en=f"There is no squad {squad_id}; /api/v1/squads lists them.",
            )
    return _squad(row)
