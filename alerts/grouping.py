"""Which hazards are one incident, decided purely: same family near in place and time, or the same chamber.

An incident's place is that of its first hazard and doesn't move, so incidents can't creep along a street until one
covers the town; its time is that of its latest hazard. Hazards that call for different skills are never put together:
an incident is an order to one squad, and the other skill would be sent by nobody.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from math import cos, degrees, dist, floor, radians, sin
from types import MappingProxyType
from typing import NamedTuple

from alerts.families import Grouping

_EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
_POLAR = 89.0  # degrees; from there on every longitude is near
_AROUND = tuple(product((-1, 0, 1), repeat=3))

Point = tuple[float, float, float]


Crowd = tuple[int, str]
"""Exercise, 0 for none, and family: only what shares both comes together for being near."""


class Subject(NamedTuple):
    """A hazard that needs an incident; position in degrees, None when unknown; ``grade`` 1 (red) to 4 (blue).

    Only what belongs to the same exercise, or to none (0), comes together.
    """

    hazard_id: int
    hazard_type: str
    skill: str
    grade: int
    at: datetime
    longitude: float | None = None
    latitude: float | None = None
    chamber: str | None = None
    exercise_id: int = 0


class Anchor(NamedTuple):
    """An open incident that hazards may join; ``at`` is the time of its latest hazard."""

    incident_id: int
    family: str
    skill: str
    at: datetime
    longitude: float | None = None
    latitude: float | None = None
    chamber: str | None = None
    exercise_id: int = 0


class Reach(NamedTuple):
    """Where and when incidents may be that hazards of one crowd join in the worst storm; degrees."""

    exercise_id: int
    family: str
    since: datetime
    until: datetime
    west: float
    east: float
    south: float
    north: float
    incidents: int
    """So many elsewhere are worth counting."""


@dataclass(slots=True)
class Group:
    """Hazards of one incident, the first one first; ``incident_id`` None when it is to be opened."""

    incident_id: int | None
    family: str
    skill: str
    at: datetime
    chamber: str | None
    point: Point | None
    exercise_id: int = 0
    hazard_ids: list[int] = field(default_factory=list)

    @property
    def crowd(self) -> Crowd:
        """What it is counted with in a storm."""
        return self.exercise_id, self.family


def reaches(subjects: Iterable[Subject], grouping: Grouping) -> list[Reach]:
    """What has to be looked through for incidents that ``subjects`` may join for being near, by crowd."""
    crowds: dict[Crowd, list[Subject]] = {}
    for subject in subjects:
        family = grouping.family_of(subject.hazard_type)
        if family in grouping.families and subject.longitude is not None and subject.latitude is not None:
            crowds.setdefault((subject.exercise_id, family), []).append(subject)
    return [_reach(crowd, members, grouping) for crowd, members in crowds.items()]


def _reach(crowd: Crowd, members: Sequence[Subject], grouping: Grouping) -> Reach:
    storm, within = grouping.families[crowd[1]].storm, grouping.within(crowd[1])
    times = [one.at for one in members]
    longitudes = [one.longitude for one in members if one.longitude is not None]
    latitudes = [one.latitude for one in members if one.latitude is not None]
    high = degrees(storm.radius_m / _EARTH_RADIUS_M)
    west, east = _span(min(longitudes), max(longitudes), high, furthest=max(map(abs, latitudes)) + high)
    return Reach(
        *crowd,
        min(times) - within,
        max(times) + within,
        west,
        east,
        min(latitudes) - high,
        max(latitudes) + high,
        storm.incidents + 1,
    )


def _span(west: float, east: float, high: float, furthest: float) -> tuple[float, float]:
    """Longitudes within ``high`` degrees of arc of [west, east], up to the latitude ``furthest`` from the equator."""
    if furthest >= _POLAR:
        return -180.0, 180.0
    wide = high / cos(radians(furthest))  # meridians draw together
    if west - wide < -180 or east + wide > 180:  # what lies across the antimeridian is near too
        return -180.0, 180.0
    return west - wide, east + wide


def group(
    subjects: Iterable[Subject],
    anchors: Iterable[Anchor],
    grouping: Grouping,
    elsewhere: Mapping[Crowd, int] = MappingProxyType({}),
) -> list[Group]:
    """Put every hazard into one group; only groups that got hazards are returned.

    In order of time, and of gravity among equal times, each joins the nearest incident that it may join, or opens one;
    so the result doesn't depend on the order of the inputs. ``elsewhere`` counts open incidents that are too far away
    to be joined in any storm, and so are not among ``anchors``. A crowd that comes to have too many incidents is placed
    anew with twice the radius as soon as it has, so that a storm's thousands are gone through once or twice.
    """
    ordered = [
        _Placed(subject, grouping.family_of(subject.hazard_type), _point(subject.longitude, subject.latitude))
        for subject in sorted(subjects, key=lambda subject: (subject.at, subject.grade, subject.hazard_id))
    ]
    known = sorted(anchors)
    radii: dict[Crowd, float] = {}
    while True:
        board = _Board(grouping, radii, elsewhere)
        crowded = _place(board, ordered, known)
        if crowded is None:
            return [one for one in board.groups if one.hazard_ids]
        family = grouping.families[crowded[1]]
        radii[crowded] = min(2 * radii.get(crowded, family.radius_m), family.storm.radius_m)


class _Placed(NamedTuple):
    subject: Subject
    family: str
    point: Point | None


def _place(board: "_Board", subjects: Sequence[_Placed], anchors: Sequence[Anchor]) -> Crowd | None:
    """Put all on the board; the crowd whose radius must grow first, None when all have their place."""
    for anchor in anchors:
        point = _point(anchor.longitude, anchor.latitude)
        board.add(
            Group(anchor.incident_id, anchor.family, anchor.skill, anchor.at, anchor.chamber, point, anchor.exercise_id)
        )
    for subject, family, point in subjects:
        found = board.find(subject, family, point)
        if found is None:
            found = Group(None, family, subject.skill, subject.at, subject.chamber, point, subject.exercise_id)
            board.add(found)
            if point is not None and board.is_crowded(found.crowd):
                return found.crowd
        found.at = max(found.at, subject.at)
        found.hazard_ids.append(subject.hazard_id)
    return None


class _Board:
    """Groups by chamber, and by cubes as wide as the family's radius, so that only near ones are compared."""

    def __init__(self, grouping: Grouping, radii: Mapping[Crowd, float], elsewhere: Mapping[Crowd, int]) -> None:
        self.groups: list[Group] = []
        self._grouping = grouping
        self._radii = radii
        self._counts = Counter(elsewhere)
        self._chambers: dict[tuple[int, str, str], Group] = {}
        self._cubes: dict[tuple[int, str, str], dict[tuple[int, int, int], list[Group]]] = {}

    def add(self, one: Group) -> None:
        self.groups.append(one)
        if one.chamber is not None:
            self._chambers.setdefault((one.exercise_id, one.skill, one.chamber), one)
        radius_m = self._radius(one.crowd)
        if one.point is not None and radius_m is not None:
            self._counts[one.crowd] += 1
            cubes = self._cubes.setdefault((one.exercise_id, one.skill, one.family), {})
            cubes.setdefault(_cube(one.point, radius_m), []).append(one)

    def is_crowded(self, crowd: Crowd) -> bool:
        """Whether a crowd has more incidents than it should, and its radius can still grow."""
        radius_m = self._radius(crowd)
        if radius_m is None:
            return False
        storm = self._grouping.families[crowd[1]].storm
        return self._counts[crowd] > storm.incidents and radius_m < storm.radius_m

    def find(self, subject: Subject, family: str, point: Point | None) -> Group | None:
        """The group of the same chamber, else the nearest one of the family within radius and time."""
        if subject.chamber is not None:
            same = self._chambers.get((subject.exercise_id, subject.skill, subject.chamber))
            if same is not None:
                return same
        radius_m = self._radius((subject.exercise_id, family))
        cubes = self._cubes.get((subject.exercise_id, subject.skill, family))
        if point is None or radius_m is None or cubes is None:
            return None
        within = self._grouping.within(family)
        nearest, nearest_m = None, radius_m
        x, y, z = _cube(point, radius_m)
        for dx, dy, dz in _AROUND:
            for one in cubes.get((x + dx, y + dy, z + dz), ()):
                assert one.point is not None  # only placed groups are in cubes
                away_m = dist(point, one.point)
                closer = away_m < nearest_m or (nearest is None and away_m == nearest_m)
                if closer and abs(subject.at - one.at) <= within:
                    nearest, nearest_m = one, away_m
        return nearest

    def _radius(self, crowd: Crowd) -> float | None:
        """Metres; None for hazard types that stand alone."""
        family = self._grouping.families.get(crowd[1])
        return self._radii.get(crowd, family.radius_m) if family is not None else None


def _cube(point: Point, radius_m: float) -> tuple[int, int, int]:
    return floor(point[0] / radius_m), floor(point[1] / radius_m), floor(point[2] / radius_m)


def _point(longitude: float | None, latitude: float | None) -> Point | None:
    """The place on a spherical Earth, metres; chords stand for arcs, over 10 km shorter by a millimetre."""
    if longitude is None or latitude is None:
        return None
    lon, lat = radians(longitude), radians(latitude)
    return (
        _EARTH_RADIUS_M * cos(lat) * cos(lon),
        _EARTH_RADIUS_M * cos(lat) * sin(lon),
        _EARTH_RADIUS_M * sin(lat),
    )
