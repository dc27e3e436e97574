"""Which sensors confirm each other: those near together whose hazards of one type are grave at the same time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import cos, floor, hypot, radians

_METRES_PER_DEGREE = 111_320.0
_WIDEST = 2.0  # 1 / cos of the highest latitude, 60°, at which cells are still wide enough

Place = tuple[float, float]
"""Longitude and latitude in degrees, WGS 84."""


def distance_m(a: Place, b: Place) -> float:
    """Distance in metres, good to a per cent over some kilometres."""
    east = (a[0] - b[0]) * cos(radians((a[1] + b[1]) / 2))
    return hypot(east, a[1] - b[1]) * _METRES_PER_DEGREE


@dataclass(slots=True)
class Grave:
    """The sensors whose hazard of one type is grave enough to confirm others within ``within_m``."""

    within_m: float
    places: dict[int, Place] = field(default_factory=dict)
    _cells: dict[tuple[int, int], set[int]] = field(default_factory=dict)

    def join(self, sensor_id: int, place: Place) -> None:
        """Enter a sensor."""
        self.places[sensor_id] = place
        self._cells.setdefault(self._cell(place), set()).add(sensor_id)

    def leave(self, sensor_id: int) -> None:
        """Take a sensor out, if it is in."""
        place = self.places.pop(sensor_id, None)
        if place is not None:
            self._cells[self._cell(place)].discard(sensor_id)

    def around(self, places: Iterable[Place]) -> set[int]:
        """The sensors that may lie within the distance of any of ``places``."""
        cells = {near for place in places for near in self._near(place)}
        return {sensor_id for cell in cells for sensor_id in self._cells.get(cell, ())}

    def are_near(self, place: Place, count: int) -> bool:
        """Whether at least ``count`` of the sensors lie within the distance of ``place``."""
        found = 0
        for cell in self._near(place):
            for other in self._cells.get(cell, ()):
                if distance_m(place, self.places[other]) <= self.within_m:
                    found += 1
                    if found >= count:
                        return True
        return False

    def _cell(self, place: Place) -> tuple[int, int]:
        size = self.within_m / _METRES_PER_DEGREE * _WIDEST
        return floor(place[0] / size), floor(place[1] / size)

    def _near(self, place: Place) -> Iterator[tuple[int, int]]:
        column, line = self._cell(place)
        return ((x, y) for x in (column - 1, column, column + 1) for y in (line - 1, line, line + 1))
