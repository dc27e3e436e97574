"""The county at one look: grids, sensors by kind and state, squads where they are."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.fields import Bilingual, Position
from database.pool import Connection
from database.queries import load_queries
from dispatch.squads import Standing, load_roster, standing, whereabouts

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
MOST_SENSORS = 200_000
State = Literal["ok", "red", "orange", "yellow", "blue", "ill"]
_STATES: dict[int | None, State] = {None: "ok", 1: "red", 2: "orange", 3: "yellow", 4: "blue"}
router = APIRouter(prefix=PREFIX, tags=["sensors"], route_class=GuardedRoute)


class MapGrid(BaseModel):
    """A grid cell; the outline of a town is what its cells don't share."""

    grid_id: str
    name: Bilingual
    town: Bilingual
    outline: dict[str, Any] = Field(description="GeoJSON Polygon, WGS 84")


class MapSensor(BaseModel):
    """A sensor that has a place."""

    code: str
    kind: str
    longitude: float
    latitude: float
    state: State = Field(description="Of its gravest open hazard; ill: silent or not to be believed; ok: neither")


class MapSquad(BaseModel):
    """A squad where it was seen last, or else at home."""

    squad_id: str
    name: Bilingual
    position: Position
    standing: Standing
    exercise: bool = Field(
        description="Whether all that it is busy with belongs to exercises; with `Lifeline-Exercises: show` only, else"
        " standing leaves those out"
    )


class Map(BaseModel):
    """What there is to draw; incidents are on the board."""

    grids: list[MapGrid]
    sensors: list[MapSensor]
    squads: list[MapSquad]


_EXAMPLE: dict[str, Any] = {
    "grids": [
        {
            "grid_id": "nanjie-1",
            "name": {"zh": "南街街道西北网格", "en": "Nanjie Subdistrict north-west grid"},
            "town": {"zh": "南街街道", "en": "Nanjie Subdistrict"},
            "outline": {
                "type": "Polygon",
                "coordinates": [[[112.4, 23.6], [112.5, 23.6], [112.5, 23.7], [112.4, 23.6]]],
            },
        }
    ],
    "sensors": [{"code": "GAS-0001", "kind": "gas", "longitude": 112.4406, "latitude": 23.6346, "state": "orange"}],
    "squads": [
        {
            "squad_id": "gas-1",
            "name": {"zh": "燃气抢修一队", "en": "Gas repair squad 1"},
            "position": {"longitude": 112.4406, "latitude": 23.6346},
            "standing": "available",
            "exercise": False,
        }
    ],
}


async def grids(connection: Connection) -> list[MapGrid]:
    """All grid cells."""
    return [
        MapGrid(
            grid_id=row["grid_id"],
            name=Bilingual(zh=row["name_zh"], en=row["name_en"]),
            town=Bilingual(zh=row["town_zh"], en=row["town_en"]),
            outline=row["outline"],
        )
        for row in await connection.fetch(_SQL.grids)
    ]


async def sensors(connection: Connection, codes: Sequence[str] | None = None) -> list[MapSensor]:
    """Sensors that have a place, only those of ``codes`` when given."""
    return [
        MapSensor(
            code=row["code"],
            kind=row["kind"],
            longitude=row["longitude"],
            latitude=row["latitude"],
            state="ill" if row["ill"] and row["grade"] is None else _STATES[row["grade"]],
        )
        for row in await connection.fetch(_SQL.sensors, codes, MOST_SENSORS)
    ]


async def squads(connection: Connection, now: datetime) -> list[MapSquad]:
    """All squads."""
    roster = await load_roster(connection, now)
    found = []
    for squad in roster.squads:
        longitude, latitude = whereabouts(squad, now)[0]
        tasks = roster.engaged.get(squad.squad_id, ())
        found.append(
            MapSquad(
                squad_id=squad.squad_id,
                name=Bilingual(zh=squad.name_zh, en=squad.name_en),
                position=Position(longitude=longitude, latitude=latitude),
                standing=standing(squad, tasks, now),
                exercise=bool(tasks) and all(task.exercise_id for task in tasks),
            )
        )
    return found


@router.get(
    "/map",
    summary="The map",
    description="Grid cells, sensors with a place and their state, and squads where they are. Of the real"
    " world only, but for what squads are busy with where exercises are asked for.",
    responses=answers(_EXAMPLE),
)
async def show_map(store: Reach, now: Now, _caller: CallerOf) -> Map:
    async with store.reading() as connection, connection.transaction(isolation="repeatable_read"):
        return Map(
            grids=await grids(connection), sensors=await sensors(connection), squads=await squads(connection, now)
        )
