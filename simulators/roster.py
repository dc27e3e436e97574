"""The sensors that a fleet plays, as the county's data lists them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import cos, radians
from pathlib import Path

from ingest.kinds import KINDS
from simulators.errors import SimulatorError

_METRES_PER_DEGREE = 111_195.0  # of latitude, on the mean sphere


@dataclass(frozen=True, slots=True)
class VirtualSensor:
    """One sensor to play: ``interval_s`` is its reporting interval, ``attributes`` where it stands.

    Position in degrees (WGS 84), None when unknown.
    """

    code: str
    kind: str
    interval_s: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    grid_id: str | None = None
    longitude: float | None = None
    latitude: float | None = None

    def metres_to(self, other: "VirtualSensor") -> tuple[float, float] | None:
        """Metres east and north from here to ``other``, good within a county; None when a position is unknown."""
        if self.longitude is None or self.latitude is None or other.longitude is None or other.latitude is None:
            return None
        east = (other.longitude - self.longitude) * _METRES_PER_DEGREE * cos(radians(self.latitude))
        return east, (other.latitude - self.latitude) * _METRES_PER_DEGREE


def select(patterns: Sequence[str], sensors: Sequence[VirtualSensor]) -> tuple[str, ...]:
    """Codes of the sensors that ``patterns`` name, in the roster's order.

    A pattern is a code or @GRID for all sensors of a grid cell, with * and ? as usual; one may narrow another: ``@GRID
    wl-*``. SimulatorError when a pattern names none.
    """
    chosen: set[str] = set()
    for pattern in patterns:
        parts = pattern.split()
        found = {sensor.code for sensor in sensors if all(_is_named(part, sensor) for part in parts)}
        if not found:
            raise SimulatorError(f"no sensor of the county is called {pattern}")
        chosen |= found
    return tuple(sensor.code for sensor in sensors if sensor.code in chosen)


def _is_named(part: str, sensor: VirtualSensor) -> bool:
    name = sensor.grid_id or "" if part.startswith("@") else sensor.code
    return fnmatchcase(name, part.removeprefix("@"))


def read_roster(path: Path) -> tuple[VirtualSensor, ...]:
    """Read a county's sensors.csv (code, kind, interval_s, attributes as ``k=v;k=v``, grid_id, longitude, latitude).

    Raises SimulatorError naming the line that is not usable.
    """
    sensors = []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        for row in rows:
            try:
                sensors.append(_sensor(row))
            except (KeyError, ValueError) as error:
                raise SimulatorError(f"{path.name} line {rows.line_num} is not a sensor: {error}") from error
    return tuple(sensors)


def _sensor(row: Mapping[str, str]) -> VirtualSensor:
    kind = KINDS[row["kind"]]
    pairs = (pair.split("=", 1) for pair in row["attributes"].split(";") if pair)
    return VirtualSensor(
        code=row["code"],
        kind=kind.name,
        interval_s=int(row["interval_s"] or kind.interval_s),
        attributes={key: value for key, value in pairs},
        grid_id=row.get("grid_id") or None,
        longitude=_degrees(row.get("longitude")),
        latitude=_degrees(row.get("latitude")),
    )


def _degrees(text: str | None) -> float | None:
    return float(text) if text else None
