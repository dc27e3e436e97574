"""Which hazard types may be one incident, and how near: families of hazards as data."""

from collections import Counter
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from alerts.misreadings import what_is_wrong
from alerts.rules import RuleError, Skill, Words
from alerts.yamlfile import read_yaml
from ingest.kinds import KINDS

HUB = "hub"
"""Kind, family, skill and actor of what the hub finds wrong with itself: no squad is sent for it."""

_FILE = Path(__file__).with_name("grouping.yaml")


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
    skill: Skill | Literal["hub"]
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


@cache
def default_grouping() -> Grouping:
    """The grouping that comes with the program."""
    return read_grouping(_FILE)


def read_grouping(path: Path) -> Grouping:
    """Read and check a grouping file; RuleError says what to change."""
    try:
        grouping = msgspec.convert(read_yaml(path), Grouping)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise RuleError.at(path.name, zh=what_is_wrong(error), en=str(error)) from error
    counts = Counter(name for family in grouping.families.values() for name in family.hazards)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise RuleError.at(
            path.name,
            zh=f"{'、'.join(twice)} 属于不止一个 families",
            en=f"{', '.join(twice)} is in more than one family",
        )
    for name, family in grouping.families.items():
        if not (0 < family.radius_m <= family.storm.radius_m and family.within_s > 0 and family.storm.incidents > 0):
            raise RuleError.at(
                f"{path.name}: {name}",
                zh="radius_m、within_s、storm.incidents 须大于 0，storm.radius_m 不小于 radius_m",
                en="radius_m, within_s and storm.incidents must be above 0,"
                " and storm.radius_m no smaller than radius_m",
            )
    for name, reported in grouping.reported.items():
        if reported.kind not in (*KINDS, HUB):
            raise RuleError.at(
                f"{path.name}: {name}",
                zh=f"没有类型 {reported.kind!r}；应为 {'、'.join((*KINDS, HUB))} 之一",
                en=f"unknown kind {reported.kind!r}: expected {', '.join((*KINDS, HUB))}",
            )
    return grouping
