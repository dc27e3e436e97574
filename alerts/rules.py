"""Rules as data: what makes a reading a hazard, of which grade, and when it ends.

A file per kind names hazard types. Each watches one quantity against limits, or one state against words. ``cases``
are tried in order; the first whose ``when`` matches the sensor's attributes and whose ``hours`` hold the local hour
gives the limits.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from alerts.errors import AlertError
from alerts.grades import SEVERITY, Colour
from ingest.kinds import KINDS, Kind, Quantity, State

RULES = Path(__file__).parent / "rules"
Skill = Literal["gas", "drainage", "cover", "noise", "traffic", "medical", "maintenance"]


class RuleError(AlertError):
    """A rule that can't be used; the message names the file and what to change."""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phrase for people, in both languages."""

    zh: str
    en: str


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits, or words of a state, that hold for some sensors at some hours.

    ``hours`` [from, to) are local hours of the day; from > to spans midnight.
    """

    limits: dict[Colour, float] = {}
    words: dict[str, Colour] = {}
    when: dict[str, str] = {}
    hours: tuple[int, int] | None = None

    def applies(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the sensor's attributes are those of this case."""
        return all(attributes.get(name) == value for name, value in self.when.items())

    def holds_at(self, hour: int) -> bool:
        """Whether the local hour of the day lies within ``hours``."""
        if self.hours is None:
            return True
        start, end = self.hours
        return start <= hour < end if start < end else hour >= start or hour < end


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one hazard type means for one kind of sensor.

    ``on_delay_s`` and ``on_samples`` (both must be met) keep a grade waiting; ``deadband`` is in the quantity's unit;
    ``off_delay_s`` passes before each step down; a grade in ``latch`` stays until checked on site.
    ``strict`` says that the limit itself is still allowed.
    ``maintenance`` marks hazards that are work on the sensor, never an emergency.
    """

    title: Words
    quantity: str
    cases: tuple[Case, ...]
    skill: Skill
    source: str
    direction: Literal["above", "below"] = "above"
    on_delay_s: dict[Colour, float] = {}
    on_samples: dict[Colour, int] = {}
    deadband: float = 0.0
    off_delay_s: float = 0.0
    latch: tuple[Colour, ...] = ()
    strict: bool = False
    maintenance: bool = False


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All hazard types of one kind."""

    kind: str
    hazards: dict[str, Rule]


def read_rules(path: Path) -> RuleFile:
    """Read and check one rule file; RuleError with file and place when it can't be used."""
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        rules = msgspec.convert(body, RuleFile)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise RuleError(f"{path.name}: {error}") from error
    if rules.kind not in KINDS:
        raise RuleError(f"{path.name}: unknown kind {rules.kind!r}: expected {', '.join(KINDS)}")
    for name, rule in rules.hazards.items():
        check_rule(f"{path.name}: {name}", KINDS[rules.kind], rule)
    return rules


def parse_rule(place: str, kind: str, body: Any) -> Rule:
    """A rule from its stored body, checked; RuleError begins with ``place``."""
    try:
        rule = msgspec.convert(body, Rule)
    except msgspec.ValidationError as error:
        raise RuleError(f"{place}: {error}") from error
    check_rule(place, KINDS[kind], rule)
    return rule


def check_rule(place: str, kind: Kind, rule: Rule) -> None:
    """Hold a rule against the kind; RuleError says what to change."""
    column = {column.name: column for column in kind.columns}.get(rule.quantity)
    if column is None:
        raise RuleError(f"{place}: {kind.name} has no {rule.quantity!r}: expected {', '.join(kind.column_names)}")
    if not rule.cases:
        raise RuleError(f"{place}: give at least one case")
    for number, case in enumerate(rule.cases, 1):
        if isinstance(column, State):
            _check_words(f"{place}, case {number}", column, case)
        else:
            _check_limits(f"{place}, case {number}", column, rule, case)
        if case.hours is not None and not all(0 <= hour <= 24 for hour in case.hours):
            raise RuleError(f"{place}, case {number}: hours lie between 0 and 24")
    if min((rule.deadband, rule.off_delay_s, *rule.on_delay_s.values(), *rule.on_samples.values())) < 0:
        raise RuleError(f"{place}: delays, samples and deadband can't be negative")


def _check_words(place: str, column: State, case: Case) -> None:
    if case.limits or not case.words:
        raise RuleError(f"{place}: {column.name} is a state, so give words, not limits")
    unknown = sorted(set(case.words) - set(column.words))
    if unknown:
        raise RuleError(f"{place}: {column.name} is never {', '.join(unknown)}: expected {', '.join(column.words)}")


def _check_limits(place: str, column: Quantity, rule: Rule, case: Case) -> None:
    if case.words or not case.limits:
        raise RuleError(f"{place}: {column.name} is a number, so give limits, not words")
    for colour, limit in case.limits.items():
        if not column.minimum <= limit <= column.maximum:
            raise RuleError(
                f"{place}: the {colour} limit {limit:g} lies outside what the sensor can report,"
                f" {column.minimum:g} to {column.maximum:g} {column.unit}"
            )
    ordered = [limit for _, limit in sorted((SEVERITY[colour], limit) for colour, limit in case.limits.items())]
    graver = sorted(set(ordered), reverse=rule.direction == "below")
    if ordered != graver:
        raise RuleError(f"{place}: limits must grow graver from blue to red when the danger lies {rule.direction}")
