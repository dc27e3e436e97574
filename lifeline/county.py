"""A county as data: grids.json, sensors.csv, squads.yaml, clocks.yaml if any, and how it gets into the database.

Every error names the file and, where there is one, the line.
"""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from alerts.clockbook import load_clocks
from alerts.clocks import Clocks, read_clocks
from database.pool import Connection
from database.queries import load_queries
from dispatch.squads import Member, Vehicle
from ingest.kinds import KINDS
from ingest.profile import load_profiles
from ingest.rules import as_number
from lifeline.errors import HubError

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_LINE_KEY = "__line__"
Row = TypeVar("Row", "Grid", "Sensor", "Squad")

Name = Annotated[str, msgspec.Meta(min_length=1)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Outline(msgspec.Struct, frozen=True, tag_field="type", tag="Polygon"):
    """A GeoJSON polygon, WGS 84: rings of at least four positions of longitude and latitude."""

    coordinates: Annotated[
        list[Annotated[list[tuple[Longitude, Latitude]], msgspec.Meta(min_length=4)]], msgspec.Meta(min_length=1)
    ]


class Grid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grid cell and the person responsible for it."""

    grid_id: Name
    name_zh: Name
    name_en: Name
    town_zh: Name
    town_en: Name
    responsible_person: Name
    responsible_phone: Name
    outline: Outline


class Sensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sensor and where it stands; without ``interval_s`` it reports at the usual interval of its kind.

    Of its attributes ``profile`` names the model that it is, ``device`` what its platform calls it, in any case.
    """

    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
    kind: str
    name_zh: str = ""
    name_en: str = ""
    grid_id: str | None = None
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    owner_unit: str = ""
    interval_s: Annotated[int, msgspec.Meta(gt=0, le=2**31 - 1)] | None = None
    attributes: dict[str, str] = {}


class Squad(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A squad: what and who it is, where it stands, its duty hours in local time; see the columns for the numbers."""

    squad_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    name_zh: Name
    name_en: Name
    skills: Annotated[list[Name], msgspec.Meta(min_length=1)]
    longitude: Longitude
    latitude: Latitude
    duty_start: Clock
    duty_end: Clock
    phone: Name
    capacity: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    rest_s: Annotated[int, msgspec.Meta(ge=0)] = 0
    speed_km_h: Annotated[float, msgspec.Meta(gt=0)] = 40
    turnout_s: Annotated[int, msgspec.Meta(ge=0)] = 120
    members: list[Member] = []
    vehicles: list[Vehicle] = []


@dataclass(frozen=True, slots=True)
class County:
    """What the files of a county's folder say."""

    name_zh: str
    name_en: str
    time_zone: ZoneInfo
    grids: tuple[Grid, ...]
    sensors: tuple[Sensor, ...]
    squads: tuple[Squad, ...]
    clocks: Clocks | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, and how many of them the database had not or had otherwise."""

    total: int
    changed: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a county did."""

    grids: Count
    sensors: Count
    squads: Count


def read_county(folder: Path, profile_folders: Sequence[Path] = ()) -> County:
    """Read and check the files of ``folder``; HubError with file and line for the first thing that is wrong.

    Sensors may name device profiles that are built in or in ``profile_folders``; ProfileError when one of those is
    wrong itself, ClockError for clocks.yaml.
    """
    about = _read_yaml(folder / "county.yaml")
    grids = _read_grids(folder / "grids.json")
    known = {grid.grid_id for grid in grids}
    sensors = _read_sensors(folder / "sensors.csv", known, profile_folders)
    return County(
        name_zh=str(about.get("name_zh", folder.name)),
        name_en=str(about.get("name_en", folder.name)),
        time_zone=_time_zone(folder / "county.yaml", about),
        grids=grids,
        sensors=sensors,
        squads=_read_squads(folder / "squads.yaml"),
        clocks=read_clocks(clocks) if (clocks := folder / "clocks.yaml").exists() else None,
    )


def _time_zone(path: Path, about: dict[str, Any]) -> ZoneInfo:
    name = str(about.get("time_zone", "Asia/Shanghai"))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise HubError(f"{path}: there is no time zone {name}") from error


def _read_grids(path: Path) -> tuple[Grid, ...]:
    text = _read(path)
    try:
        collection = msgspec.json.decode(text, type=dict[str, Any])
        features = collection["features"]
        found = [{**feature["properties"], "outline": feature["geometry"]} for feature in features]
    except msgspec.DecodeError as error:
        raise HubError(f"{path}: not JSON: {error}") from error
    except (KeyError, TypeError) as error:
        raise HubError(f"{path}: not a GeoJSON FeatureCollection: {error} is missing or of the wrong kind") from error
    rows = [(line, _convert(path, line, grid, Grid)) for line, grid in ((_line_of(text, grid), grid) for grid in found)]
    return _unique(path, rows, lambda grid: grid.grid_id)


def _line_of(text: str, grid: dict[str, Any]) -> int:
    # JSON keeps no lines, so the grid is looked for by its id.
    match = re.search(rf'"grid_id"\s*:\s*"{re.escape(str(grid.get("grid_id", "")))}"', text)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def _read_sensors(path: Path, grids: set[str], profile_folders: Sequence[Path]) -> tuple[Sensor, ...]:
    reader = csv.DictReader(_read(path).splitlines(), strict=True)
    try:
        found = [(reader.line_num, _sensor(path, reader.line_num, cells, grids)) for cells in reader]
    except csv.Error as error:
        raise HubError(f"{path}:{reader.reader.line_num}: {error}") from error
    sensors = _unique(path, found, lambda sensor: sensor.code)
    _check_devices(path, found, profile_folders)
    return sensors


def _check_devices(path: Path, rows: Sequence[tuple[int, Sensor]], profile_folders: Sequence[Path]) -> None:
    """That platforms' names mean one sensor each, and that profiles are there and fit."""
    names = {sensor.code.lower(): line for line, sensor in rows}
    profiles = None
    for line, sensor in rows:
        device = sensor.attributes.get("device", sensor.code).lower()
        if names.setdefault(device, line) != line:
            raise HubError(f"{path}:{line}: device {device} is there twice, first on line {names[device]}")
        name = sensor.attributes.get("profile")
        if name is None:
            continue
        if profiles is None:
            profiles = {name: profile for name, (profile, _) in load_profiles(*profile_folders).items()}
        profile = profiles.get(name)
        if profile is None:
            raise HubError(f"{path}:{line}: there is no profile {name}: see `lifeline profiles list`")
        if profile.kind != sensor.kind:
            raise HubError(
                f"{path}:{line}: {sensor.code} is of kind {sensor.kind}, its profile {name} of {profile.kind}"
            )
        for attribute, quantity in profile.needs.items():
            if as_number(sensor.attributes.get(attribute)) is None:
                raise HubError(f"{path}:{line}: profile {name} needs {attribute}=NUMBER in attributes for {quantity}")


def _sensor(path: Path, line: int, cells: dict[str | Any, Any], grids: set[str]) -> Sensor:
    if None in cells or None in cells.values():
        raise HubError(f"{path}:{line}: the line has not as many cells as the header")
    filled = {name: value for name, value in cells.items() if value != ""}
    if "attributes" in filled:
        pairs = [pair.partition("=") for pair in filled["attributes"].split(";")]
        if not all(name and is_given for name, is_given, _ in pairs):
            raise HubError(f"{path}:{line}: attributes must look like name=value;name=value")
        filled["attributes"] = {name: value for name, _, value in pairs}
    sensor = _convert(path, line, filled, Sensor)
    if sensor.kind not in KINDS:
        raise HubError(f"{path}:{line}: kind {sensor.kind} is none of {', '.join(KINDS)}")
    if sensor.grid_id is not None and sensor.grid_id not in grids:
        raise HubError(f"{path}:{line}: grid {sensor.grid_id} is not in grids.json")
    return sensor


def _read_squads(path: Path) -> tuple[Squad, ...]:
    squads = _read_yaml(path).get("squads")
    if not isinstance(squads, list) or not all(isinstance(squad, dict) for squad in squads):
        raise HubError(f"{path}: needs a list `squads:`")
    lines = [squad.pop(_LINE_KEY) for squad in squads]
    rows = [(line, _convert(path, line, squad, Squad)) for line, squad in zip(lines, squads, strict=True)]
    return _unique(path, rows, lambda squad: squad.squad_id)


class _LinedLoader(yaml.SafeLoader):
    """Keeps with each mapping the line on which it begins."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        mapping[_LINE_KEY] = node.start_mark.line + 1
        return mapping


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(_read(path), _LinedLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise HubError(f"{path}:{line}: {error.problem or error.context}") from error
    if not isinstance(content, dict):
        raise HubError(f"{path}: needs names with values")
    return content


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # spreadsheets write a byte order mark
    except FileNotFoundError as error:
        raise HubError(f"{path}: there is no such file; a county needs it") from error
    except UnicodeDecodeError as error:
        raise HubError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise HubError(f"{path}: {error.strerror}") from error


def _convert(path: Path, line: int, values: dict[str, Any], kind: type[Row]) -> Row:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise HubError(f"{path}:{line}: {error}") from error


def _unique(path: Path, rows: Sequence[tuple[int, Row]], name_of: Callable[[Row], str]) -> tuple[Row, ...]:
    first: dict[str, int] = {}
    for line, row in rows:
        name = name_of(row)
        if name in first:
            raise HubError(f"{path}:{line}: {name} is there twice, first on line {first[name]}")
        first[name] = line
    return tuple(row for _, row in rows)


async def load_county(connection: Connection, county: County, now: datetime) -> Loaded:
    """Add what the database has not and update what it has otherwise, in one transaction; nothing is removed."""
    async with connection.transaction():
        loaded = Loaded(
            grids=await _upsert(connection, _SQL.upsert_grids, county.grids),
            sensors=await _upsert(connection, _SQL.upsert_sensors, county.sensors, now),
            squads=await _upsert(connection, _SQL.upsert_squads, county.squads, now),
        )
        if county.clocks is not None:
            await load_clocks(connection, county.clocks, now)
        if loaded.sensors.changed:
            await connection.execute(_SQL.tell_sensors)
        return loaded


async def _upsert(
    connection: Connection, query: str, rows: Sequence[Grid | Sensor | Squad], *arguments: datetime
) -> Count:
    changed = await connection.fetch(query, msgspec.to_builtins(rows), *arguments)
    return Count(len(rows), len(changed))
