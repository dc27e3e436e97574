"""Grid cells (网格): who answers for each, and whose assets stand in it."""

from pathlib import Path
from typing import Annotated, Any

import asyncpg
import orjson
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, match_or_make, tag
from api.context import Reach
from api.cursors import Cursor, Name
from api.errors import InvalidValue, NotFound
from api.fields import Bilingual, GridId, KindName, Maybe, Page, Paging, Strict, Text, Titles, Word, shown
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("grids", Name)
_GEOJSON = "application/geo+json"
router = APIRouter(prefix=PREFIX, tags=["grids"], route_class=GuardedRoute)
GridInPath = Annotated[GridId, InPath()]
Degree = Annotated[float, Field(ge=-180, le=180)]
Corner = Annotated[list[Degree], Field(min_length=2, max_length=2)]
Ring = Annotated[list[Corner], Field(min_length=4, max_length=2000)]


class Outline(Strict):
    """A GeoJSON Polygon, WGS 84: rings of [longitude, latitude], each ending where it begins."""

    type: Annotated[str, Field(pattern="^Polygon$")] = "Polygon"
    coordinates: Annotated[list[Ring], Field(min_length=1, max_length=20)]


class GridEntry(Strict):
    """A grid cell as a person describes it."""

    name: Titles
    town: Titles
    responsible_person: Word
    responsible_phone: Text = ""
    owners: dict[KindName, Word] = Field(
        {}, max_length=32, description="Owner unit (权属单位) by kind of what the sensors watch"
    )
    outline: Outline


class Grid(BaseModel):
    """A grid cell."""

    grid_id: str
    name: Bilingual
    town: Bilingual
    responsible_person: str
    responsible_phone: str
    owners: dict[str, str] = Field(description="Owner unit (权属单位) by kind of what the sensors watch")
    outline: dict[str, Any] = Field(description="GeoJSON Polygon, WGS 84")
    sensors: int = Field(description="In service in it")
    open_incidents: int


class GridFilter(Paging):
    """Which grid cells."""

    town: Maybe[Text] = Field(None, description="Only of this town, by its Chinese or English name")


_CORNERS = [[112.43, 23.62], [112.45, 23.62], [112.45, 23.64], [112.43, 23.64], [112.43, 23.62]]
_EXAMPLE: dict[str, Any] = {
    "grid_id": "gn-nanjie-01",
    "name": {"zh": "南街一网格", "en": "Nanjie cell 1"},
    "town": {"zh": "南街街道", "en": "Nanjie"},
    "responsible_person": "李网格",
    "responsible_phone": "13800000001",
    "owners": {"gas": "广宁燃气"},
    "outline": {"type": "Polygon", "coordinates": [_CORNERS]},
    "sensors": 12,
    "open_incidents": 1,
}


def _grid(row: asyncpg.Record) -> Grid:
    return Grid(
        **shown(Grid, row),
        name=Bilingual(zh=row["name_zh"], en=row["name_en"]),
        town=Bilingual(zh=row["town_zh"], en=row["town_en"]),
    )


async def _show(connection: Connection, grid_id: str, response: Response) -> Grid:
    row = await connection.fetchrow(_SQL.page, None, None, grid_id, 1)
    if row is None:
        raise NotFound(
            zh=f"没有编号为 {grid_id} 的网格；全部见 /api/v1/grids。",
            en=f"There is no grid cell {grid_id}; /api/v1/grids lists them.",
        )
    tag(response, row["changed_in"])
    return _grid(row)


@router.get(
    "/grids",
    summary="Grid cells",
    description="Cells in the order of their identifiers: who answers for each, whose assets stand in it, how many"
    " sensors and open incidents it has.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_grids(store: Reach, _caller: CallerOf, which: Annotated[GridFilter, Query()]) -> Page[Grid]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, after, which.town, None, which.limit + 1)
    return _CURSOR.page([_grid(row) for row in rows], which.limit, key=lambda grid: grid.grid_id)


@router.get(
    "/grids/{grid_id}",
    summary="One grid cell",
    description="The cell of this identifier, with its ETag.",
    responses=answers(_EXAMPLE, 404, tagged=True),
)
async def show_grid(store: Reach, _caller: CallerOf, grid_id: GridInPath, response: Response) -> Grid:
    async with store.reading() as connection:
        return await _show(connection, grid_id, response)


@router.put(
    "/grids/{grid_id}",
    summary="Enter or change a grid cell",
    description="Makes it (201), or replaces all that was said of it, its owner units too (200, with the ETag as"
    " If-Match).",
    responses={
        **answers(_EXAMPLE, acts=True, tagged=True, matched=True),
        201: {"description": "Made", "content": {"application/json": {}}},
    },
)
async def put_grid(
    store: Reach,
    _caller: CallerOf,
    grid_id: GridInPath,
    entry: GridEntry,
    response: Response,
    if_match: IfMatch = None,
) -> Grid:
    if any(ring[0] != ring[-1] for ring in entry.outline.coordinates):
        raise InvalidValue(
            "body.outline", zh="每个环的首尾坐标应相同。", en="Each ring of the outline ends where it begins."
        )
    async with store.writing() as connection:
        there = await connection.fetchval(_SQL.lock, grid_id)
        match_or_make(if_match, there, response)
        names = (entry.name.zh, entry.name.en, entry.town.zh, entry.town.en)
        responsible = (entry.responsible_person, entry.responsible_phone)
        await connection.execute(_SQL.put, grid_id, *names, *responsible, entry.outline.model_dump())
        await connection.execute(_SQL.put_owners, grid_id, list(entry.owners), list(entry.owners.values()))
        return await _show(connection, grid_id, response)


@router.get(
    "/exports/grids",
    summary="Grid cells for a map",
    description="All cells as a GeoJSON FeatureCollection (RFC 7946), with their responsible persons and owner units.",
    response_class=Response,
    responses={
        **answers(None),
        200: {"description": "The map", "content": {_GEOJSON: {"schema": {"type": "object"}}}},
    },
)
async def export_grids(store: Reach, _caller: CallerOf) -> Response:
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, None, None, None, None)
    features = []
    for row in rows:
        cell = _grid(row).model_dump(mode="json")
        outline = cell.pop("outline")
        features.append({"type": "Feature", "id": cell["grid_id"], "geometry": outline, "properties": cell})
    return Response(orjson.dumps({"type": "FeatureCollection", "features": features}), media_type=_GEOJSON)
