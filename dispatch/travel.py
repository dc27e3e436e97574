"""How long a squad takes to a place."""

from collections.abc import Sequence
from math import asin, cos, radians, sin, sqrt

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
DETOUR = 1.35  # road over straight line; a county proposal, usual values lie between 1.2 and 1.5
Point = tuple[float, float]
"""Longitude and latitude in degrees, WGS 84."""
Table = npt.NDArray[np.float64]


def distance_m(longitude_a: float, latitude_a: float, longitude_b: float, latitude_b: float) -> float:
    """Great-circle distance in metres between two positions in degrees.

    From the chord between the points on the unit sphere, which is the haversine formula (R. W. Sinnott, 1984) and as
    exact for near points; the Earth taken as a sphere, so up to 0.5 % off.
    """
    a, b = _unit(longitude_a, latitude_a), _unit(longitude_b, latitude_b)
    chord = sqrt(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)))
    return 2 * EARTH_RADIUS_M * asin(min(1.0, chord / 2))


def _unit(longitude: float, latitude: float) -> tuple[float, float, float]:
    lon, lat = radians(longitude), radians(latitude)
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)


def distances_m(places: Sequence[Point], squads: Sequence[Point]) -> Table:
    """Great-circle distances in metres, a row for each place and a column for each squad."""
    a = np.array([_unit(*point) for point in places], dtype=np.float64).reshape(-1, 1, 3)
    b = np.array([_unit(*point) for point in squads], dtype=np.float64).reshape(1, -1, 3)
    chords: Table = np.sqrt(np.square(a - b).sum(axis=2))
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, chords / 2)))


def arrival_s(distance_m: float, speed_km_h: float, turnout_s: float) -> float:
    """Expected seconds from the order to the arrival, by road."""
    return turnout_s + distance_m * DETOUR / (speed_km_h / 3.6)
