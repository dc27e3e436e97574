"""The squads, what they are made of and what they are busy with."""

from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from alerts.rules import Skill
from api.access.caller import Caller
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, match_or_make, require_match, tag
from api.context import Now, Reach
from api.cursors import Cursor, Name
from api.errors import Conflict, NotFound
from api.fields import Bilingual, Maybe, Page, Paging, Position, SquadId, Strict, Text, Titles, Word, position, shown
from database.pool import Connection
from database.queries import load_queries
from dispatch.dispatcher import TURN
from dispatch.squads import Roster, Standing, load_roster, standing

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("squads", Name)
router = APIRouter(prefix=PREFIX, tags=["squads"], route_class=GuardedRoute)
LocalTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Local time, HH:MM")]
SkillName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class Member(Strict):
    """A person of a squad."""

    name: Word
    phone: Text = ""
    skills: list[SkillName] = Field([], max_length=16, description="What they are trained for")


class Vehicle(Strict):
    """A vehicle of a squad."""

    plate: Word
    kind: Text = ""
    equipment: list[Word] = Field([], max_length=64, description="What it carries")


class SquadEntry(Strict):
    """A squad as a person describes it."""

    name: Titles
    skills: Annotated[list[Skill], Field(min_length=1, max_length=16, description="What it can handle")]
    position: Position = Field(description="Where it is at home")
    duty_start: LocalTime = "00:00"
    duty_end: LocalTime = "00:00"
    phone: Text = ""
    capacity: int = Field(1, ge=1, le=9, description="Tasks at the same time")
    rest_s: int = Field(0, ge=0, le=86_400, description="Rest after a task", json_schema_extra={"x-unit": "s"})
    speed_km_h: float = Field(40.0, ge=1, le=200, json_schema_extra={"x-unit": "km/h"})
    turnout_s: int = Field(
        120, ge=0, le=86_400, description="From the order to wheels rolling", json_schema_extra={"x-unit": "s"}
    )
    members: list[Member] = Field([], max_length=100)
    vehicles: list[Vehicle] = Field([], max_length=50)


class Squad(BaseModel):
    """A squad: what it can do, where it stands, when it is on duty."""

    squad_id: str
    name: Bilingual
    skills: list[str]
    position: Position = Field(description="Where it is at home")
    duty_start: str = Field(description="Local time, HH:MM; duty from a later to an earlier time spans midnight")
    duty_end: str = Field(description="Local time, HH:MM; the same as duty_start means round the clock")
    phone: str
    capacity: int = Field(description="Tasks at the same time")
    rest_s: int = Field(description="Rest after a task", json_schema_extra={"x-unit": "s"})
    speed_km_h: float = Field(json_schema_extra={"x-unit": "km/h"})
    turnout_s: int = Field(description="From the order to wheels rolling", json_schema_extra={"x-unit": "s"})
    members: list[Member]
    vehicles: list[Vehicle]
    standing: Standing = Field(description="How far it is with its tasks, or whether it could be sent now")
    seen: Position | None = Field(description="Where it said it was last")
    seen_at: datetime | None = Field(description="After 10 min it is taken to be at home again")
    out_since: datetime | None = Field(description="Out of service since; null while in service")
    out_reason: str
    open_tasks: list[int] = Field(description="Numbers of its tasks that aren't done, refused or cancelled")
    exercise_tasks: list[int] = Field(
        description="Those of open_tasks that belong to exercises; both leave them out without"
        " `Lifeline-Exercises: show`, and standing doesn't know of them then"
    )


class SquadFilter(Paging):
    """Which squads."""

    skill: Maybe[str] = Field(
        None, pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Only those that can do this", examples=["gas"]
    )


EXAMPLE: dict[str, Any] = {
    "squad_id": "gas-1",
    "name": {"zh": "燃气抢修一队", "en": "Gas repair squad 1"},
    "skills": ["gas"],
    "position": {"longitude": 112.4406, "latitude": 23.6346},
    "duty_start": "08:00",
    "duty_end": "20:00",
    "phone": "0758-0000000",
    "capacity": 1,
    "rest_s": 0,
    "speed_km_h": 40.0,
    "turnout_s": 120,
    "members": [{"name": "李强", "phone": "13800000000", "skills": ["confined_space"]}],
    "vehicles": [{"plate": "粤H12345", "kind": "抢修车", "equipment": ["blower"]}],
    "standing": "en_route",
    "seen": {"longitude": 112.4411, "latitude": 23.6339},
    "seen_at": "2026-05-01T08:04:00Z",
    "out_since": None,
    "out_reason": "",
    "open_tasks": [7],
    "exercise_tasks": [],
}


def _squad(row: asyncpg.Record, roster: Roster, now: datetime) -> Squad:
    fields: dict[str, Any] = shown(Squad, row)
    fields |= {name: row[name].isoformat("minutes") for name in ("duty_start", "duty_end")}
    known = next(squad for squad in roster.squads if squad.squad_id == row["squad_id"])
    tasks = roster.engaged.get(known.squad_id, ())
    return Squad(
        **fields,
        name=Bilingual(zh=row["name_zh"], en=row["name_en"]),
        position=Position(longitude=row["longitude"], latitude=row["latitude"]),
        seen=position(row["seen_longitude"], row["seen_latitude"]),
        standing=standing(known, tasks, now),
        open_tasks=[task.task_id for task in tasks],
        exercise_tasks=[task.task_id for task in tasks if task.exercise_id],
    )


async def check_squad(connection: Connection, squad_id: str, caller: Caller) -> asyncpg.Record:
    """The row of a squad; NotFound when there is none, and for a squad's member when it isn't theirs."""
    row = await connection.fetchrow(_SQL.one, squad_id)
    if row is None or (caller.role == "squad" and squad_id != caller.squad_id):
        raise NotFound(
            zh=f"没有编号为 {squad_id} 的队伍；全部见 /api/v1/squads。",
            en=f"There is no squad {squad_id}; /api/v1/squads lists them.",
        )
    return row


async def show(connection: Connection, squad_id: str, caller: Caller, now: datetime, response: Response) -> Squad:
    """A squad as the API shows it, with its ETag; NotFound."""
    row = await check_squad(connection, squad_id, caller)
    tag(response, row["changed_in"])
    return _squad(row, await load_roster(connection, now), now)


@router.get(
    "/squads",
    summary="Squads",
    description="Squads in the order of their identifiers, with how they stand and the tasks that they are busy with.",
    responses=answers({"items": [EXAMPLE], "next_cursor": None}),
)
async def list_squads(store: Reach, now: Now, _caller: CallerOf, which: Annotated[SquadFilter, Query()]) -> Page[Squad]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection, connection.transaction(isolation="repeatable_read"):
        rows = await connection.fetch(_SQL.page, after, which.skill, which.limit + 1)
        roster = await load_roster(connection, now)
    return _CURSOR.page([_squad(row, roster, now) for row in rows], which.limit, key=lambda squad: squad.squad_id)


@router.get(
    "/squads/{squad_id}",
    summary="One squad",
    description="The squad of this identifier. A squad's member sees their own only.",
    responses=answers(EXAMPLE, 404, tagged=True),
)
async def show_squad(store: Reach, now: Now, caller: CallerOf, squad_id: SquadId, response: Response) -> Squad:
    async with store.reading() as connection, connection.transaction(isolation="repeatable_read"):
        return await show(connection, squad_id, caller, now, response)


@router.put(
    "/squads/{squad_id}",
    summary="Enter or change a squad",
    description="Makes the squad (201), or replaces all that was said of it (200, with the ETag as If-Match). Where it"
    " was seen, whether it is in service and its tasks stay as they are.",
    responses={
        **answers(EXAMPLE, acts=True, tagged=True, matched=True),
        201: {"description": "Made", "content": {"application/json": {}}},
    },
)
async def put_squad(
    store: Reach,
    now: Now,
    caller: CallerOf,
    squad_id: SquadId,
    entry: SquadEntry,
    response: Response,
    if_match: IfMatch = None,
) -> Squad:
    async with store.writing() as connection:
        there = await connection.fetchval(_SQL.lock, squad_id)
        match_or_make(if_match, there, response)
        await connection.execute(_SQL.put, squad_id, *_columns(entry), now)
        await connection.execute(_SQL.tell)
        return await show(connection, squad_id, caller, now, response)


def _columns(entry: SquadEntry) -> tuple[Any, ...]:
    return (
        entry.name.zh,
        entry.name.en,
        sorted(set(entry.skills)),
        entry.position.longitude,
        entry.position.latitude,
        time.fromisoformat(entry.duty_start),
        time.fromisoformat(entry.duty_end),
        entry.phone,
        entry.capacity,
        entry.rest_s,
        entry.speed_km_h,
        entry.turnout_s,
        [member.model_dump() for member in entry.members],
        [vehicle.model_dump() for vehicle in entry.vehicles],
    )


@router.delete(
    "/squads/{squad_id}",
    status_code=204,
    summary="Remove a squad",
    description="Only one that has never had a task, a shift or a user: of others the history names it (409); take"
    " those out of service.",
    responses=answers(None, 404, 409, matched=True, status=204),
)
async def remove_squad(store: Reach, caller: CallerOf, squad_id: SquadId, if_match: IfMatch = None) -> None:
    async with store.writing() as connection:
        await connection.execute(_SQL.take_turn, TURN)  # else the dispatcher could be sending it at this moment
        row = await check_squad(connection, squad_id, caller)
        require_match(if_match, row["changed_in"])
        try:
            await connection.execute(_SQL.remove, squad_id)
        except asyncpg.ForeignKeyViolationError as error:
            raise Conflict(
                zh=f"队伍 {squad_id} 已有任务、班次或用户，不能删除；请改为停止出勤。",
                en=f"Squad {squad_id} has tasks, shifts or users and can't be removed: take it out of service.",
            ) from error
