"""Where water stands on the roads: the latest depths against the limits in force, and their map."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, radians
from pathlib import Path
from typing import Any

from alerts.grades import SEVERITY
from alerts.rulebook import in_force
from alerts.rules import Rule
from database.pool import Connection
from database.queries import load_queries
from dispatch.squads import LOCAL
from dispatch.words import Words
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURRENT = timedelta(hours=1)  # an older depth says nothing of the road as it is
_WIDTH, _EDGE = 720, 16
_MOST_SYMBOLS = 300
_USUAL_SPAN = (112.0, 23.4, 112.8, 24.0)


@dataclass(frozen=True, slots=True)
class Place:
    """A place where water is measured; ``depth_m`` is None without a current reading, ``grade`` 1 (red) to 4, or 0."""

    name: Words
    longitude: float
    latitude: float
    depth_m: float | None
    at: datetime | None
    grade: int

    @property
    def depth_cm(self) -> int:
        """The depth in whole centimetres."""
        return round(100 * (self.depth_m or 0))


@dataclass(frozen=True, slots=True)
class Symbol:
    """A flooded place on the map, in the map's units."""

    x: int
    y: int
    place: Place


@dataclass(frozen=True, slots=True)
class RoadMap:
    """The map as paths and symbols, and the flooded places, the gravest first."""

    width: int
    height: int
    outlines: str
    calm: str
    unknown: str
    symbols: tuple[Symbol, ...]
    flooded: tuple[Place, ...]


async def road_map(connection: Connection, now: datetime) -> RoadMap:
    """The roads as they are at ``now``."""
    found = (await in_force(connection, now)).of("waterlogging").get("ponding")
    rule = found[1] if found else None
    query = _SQL.depths.replace("depth_table", KINDS["waterlogging"].table)
    rows = await connection.fetch(query, now - _CURRENT, now)
    outlines = [row["outline"] for row in await connection.fetch(_SQL.outlines)]
    return draw([_place(row, rule, now) for row in rows], outlines)


def grade_at(rule: Rule | None, attributes: Mapping[str, Any], depth_m: float, now: datetime) -> int:
    """The grade that a depth has by the limits for a place of these attributes; 0 below all of them."""
    hour = now.astimezone(LOCAL).hour
    cases = rule.cases if rule is not None else ()
    case = next((case for case in cases if case.applies(attributes) and case.holds_at(hour)), None)
    limits = case.limits if case is not None else {}
    strict = rule is not None and rule.strict
    reached = [
        SEVERITY[colour] for colour, limit in limits.items() if depth_m > limit or (depth_m == limit and not strict)
    ]
    return 5 - max(reached) if reached else 0


def _place(row: Any, rule: Rule | None, now: datetime) -> Place:
    depth = row["depth_m"]
    name = Words(row["name_zh"] or row["town_zh"] or "路段", row["name_en"] or row["town_en"] or "a road")
    grade = 0 if depth is None else grade_at(rule, row["attributes"], round(depth, 3), now)
    return Place(name, row["longitude"], row["latitude"], depth, row["time"], grade)


def draw(places: Sequence[Place], outlines: Sequence[Mapping[str, Any]]) -> RoadMap:
    """The map of ``places`` (degrees) over the county's cells, GeoJSON polygons; far smaller than a point for each."""
    rings = [ring for outline in outlines for ring in outline["coordinates"]]
    corners = [tuple(corner[:2]) for ring in rings for corner in ring] or [(p.longitude, p.latitude) for p in places]
    west, south, east, north = _span(corners)
    scale = (_WIDTH - 2 * _EDGE) / max(east - west, 1e-6) / cos(radians((south + north) / 2))
    scale_x = scale * cos(radians((south + north) / 2))

    def at(longitude: float, latitude: float) -> tuple[int, int]:
        return round(_EDGE + (longitude - west) * scale_x), round(_EDGE + (north - latitude) * scale)

    flooded = sorted((place for place in places if place.grade), key=lambda place: (place.grade, -(place.depth_m or 0)))
    return RoadMap(
        _WIDTH,
        at(west, south)[1] + _EDGE,
        "".join("M" + "L".join(f"{x} {y}" for x, y in (at(*corner[:2]) for corner in ring)) + "Z" for ring in rings),
        _dots(at(p.longitude, p.latitude) for p in places if p.depth_m is not None and not p.grade),
        _dots(at(p.longitude, p.latitude) for p in places if p.depth_m is None),
        tuple(Symbol(*at(p.longitude, p.latitude), p) for p in reversed(flooded[:_MOST_SYMBOLS])),
        tuple(flooded),
    )


def _span(corners: Sequence[tuple[Any, ...]]) -> tuple[float, float, float, float]:
    if not corners:
        return _USUAL_SPAN
    longitudes, latitudes = [corner[0] for corner in corners], [corner[1] for corner in corners]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _dots(points: Iterable[tuple[int, int]]) -> str:
    """One path for all dots; those closer than they are wide become one."""
    return "".join(f"M{x} {y}h0" for x, y in sorted({(x // 4 * 4, y // 4 * 4) for x, y in points}))
