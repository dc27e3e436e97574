"""Which hazards are one incident, decided purely: same family near in place and time, or the same chamber.

An incident's place is that of its first hazard and doesn't move, so incidents can't creep along a street until one
covers the town; its time is that of its latest hazard. Hazards that call for different skills are never put together:
an incident is an order to one squad, and the other skill would be sent by nobody.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from math import cos, dist, floor, radians, sin
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from alerts.rules import RuleError, Skill, Words
from ingest.kinds import KINDS

_FILE = Path(__file__).with_name("grouping.yaml")
_EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
_AROUND = tuple(product((-1, 0, 1), repeat=3))

Point = tuple[float, float, float]


class Storm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For more incidents of a family than this, the radius doubles until they are fewer, at most to ``radius_m``."""

    incidents: int
    radius_m: float


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hazard types that one cause brings about, and how near in place and time they must be."""

    hazards: tuple[str, ...]
    radius_m: float
    within_s: float
    storm: Storm
    source: str


class ReportedType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A hazard type that people report and no sensor finds."""

    kind: str
    skill: Skill
    title: Words


class Grouping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The families, and what is only reported."""

    families: dict[str, Family]
    reported: dict[str, ReportedType] = {}

    def family_of(self, hazard_type: str) -> str:
        """The family of a hazard type; its own name when it stands alone."""
        return next((name for name, family in self.families.items() if hazard_type in family.hazards), hazard_type)

    def within(self, family: str) -> timedelta:
        """How far apart in time hazards of a family may be; zero for one that stands alone."""
        known = self.families.get(family)
        return timedelta(seconds=known.within_s) if known else timedelta(0)


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


@cache
def default_grouping() -> Grouping:
    """The grouping that comes with the program."""
    return read_grouping(_FILE)


def read_grouping(path: Path) -> Grouping:
    """Read and check a grouping file; RuleError says what to change."""
    try:
        grouping = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Grouping)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise RuleError(f"{path.name}: {error}") from error
    counts = Counter(name for family in grouping.families.values() for name in family.hazards)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise RuleError(f"{path.name}: {', '.join(twice)} is in more than one family")
    for name, family in grouping.families.items():
        if not (0 < family.radius_m <= family.storm.radius_m and family.within_s > 0 and family.storm.incidents > 0):
            raise RuleError(
                f"{path.name}: {name}: radius_m, within_s and storm.incidents must be above 0,"
                " and storm.radius_m no smaller than radius_m"
            )
    for name, reported in grouping.reported.items():
        if reported.kind not in KINDS:
            raise RuleError(f"{path.name}: {name}: unknown kind {reported.kind!r}: expected {', '.join(KINDS)}")
    return grouping


def group(subjects: Iterable[Subject], anchors: Iterable[Anchor], grouping: Grouping) -> list[Group]:
    """Put every hazard into one group; only groups that got hazards are returned.

    In order of time, and of gravity among equal times, each joins the nearest incident that it may join, or opens one;
    so the result doesn't depend on the order of the inputs.
    """
    ordered = sorted(subjects, key=lambda subject: (subject.at, subject.grade, subject.hazard_id))
    known = sorted(anchors)
    radii = {name: family.radius_m for name, family in grouping.families.items()}
    groups = _place(ordered, known, grouping, radii)
    while wider := _wider(groups, grouping, radii):
        radii |= wider
        groups = _place(ordered, known, grouping, radii)
    return [one for one in groups if one.hazard_ids]


def _wider(groups: Sequence[Group], grouping: Grouping, radii: Mapping[str, float]) -> Mapping[str, float]:
    """Doubled radii of the families that would have too many incidents, and new ones among them."""
    counts = Counter(one.family for one in groups if one.point is not None)
    fresh = {one.family for one in groups if one.point is not None and one.incident_id is None}
    return {
        name: min(2 * radii[name], family.storm.radius_m)
        for name, family in grouping.families.items()
        if name in fresh and counts[name] > family.storm.incidents and radii[name] < family.storm.radius_m
    }


def _place(
    subjects: Sequence[Subject], anchors: Sequence[Anchor], grouping: Grouping, radii: Mapping[str, float]
) -> list[Group]:
    board = _Board(grouping, radii)
    for anchor in anchors:
        point = _point(anchor.longitude, anchor.latitude)
        board.add(
            Group(anchor.incident_id, anchor.family, anchor.skill, anchor.at, anchor.chamber, point, anchor.exercise_id)
        )
    for subject in subjects:
        family = grouping.family_of(subject.hazard_type)
        point = _point(subject.longitude, subject.latitude)
        found = board.find(subject, family, point)
        if found is None:
            found = Group(None, family, subject.skill, subject.at, subject.chamber, point, subject.exercise_id)
            board.add(found)
        found.at = max(found.at, subject.at)
        found.hazard_ids.append(subject.hazard_id)
    return board.groups


class _Board:
    """Groups by chamber, and by cubes as wide as the family's radius, so that only near ones are compared."""

    def __init__(self, grouping: Grouping, radii: Mapping[str, float]) -> None:
        self.groups: list[Group] = []
        self._grouping = grouping
        self._radii = radii
        self._chambers: dict[tuple[int, str, str], Group] = {}
        self._cubes: dict[tuple[int, str, str, int, int, int], list[Group]] = {}

    def add(self, one: Group) -> None:
        self.groups.append(one)
        if one.chamber is not None:
            self._chambers.setdefault((one.exercise_id, one.skill, one.chamber), one)
        radius_m = self._radii.get(one.family)
        if one.point is not None and radius_m is not None:
            x, y, z = _cube(one.point, radius_m)
            self._cubes.setdefault((one.exercise_id, one.skill, one.family, x, y, z), []).append(one)

    def find(self, subject: Subject, family: str, point: Point | None) -> Group | None:
        """The group of the same chamber, else the nearest one of the family within radius and time."""
        if subject.chamber is not None:
            same = self._chambers.get((subject.exercise_id, subject.skill, subject.chamber))
            if same is not None:
                return same
        radius_m = self._radii.get(family)
        if point is None or radius_m is None:
            return None
        within = self._grouping.within(family)
        near = [
            (away_m, one)
            for one, away_m in self._around(subject, family, point, radius_m)
            if away_m <= radius_m and abs(subject.at - one.at) <= within
        ]
        return min(near, key=itemgetter(0))[1] if near else None

    def _around(self, subject: Subject, family: str, point: Point, radius_m: float) -> Iterator[tuple[Group, float]]:
        x, y, z = _cube(point, radius_m)
        for dx, dy, dz in _AROUND:
            for one in self._cubes.get((subject.exercise_id, subject.skill, family, x + dx, y + dy, z + dz), ()):
                assert one.point is not None  # only placed groups are in cubes
                yield one, dist(point, one.point)


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
