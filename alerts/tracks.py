"""A rule as it applies to one sensor: its numbers looked up once, so that judging a value only compares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from alerts.grades import SEVERITY
from alerts.rules import Case, Rule
from ingest.kinds import Kind, Quantity, State
from ingest.payload import Row

ZONE = ZoneInfo("Asia/Shanghai")  # the local hours of rules
MISSED_INTERVALS = 2  # a value is taken to hold for so many of the sensor's reporting intervals

_NO_CASE = Case()
_HOUR = timedelta(hours=1)
_ALWAYS = datetime.max.replace(tzinfo=UTC)

Calm = tuple[float, float] | frozenset[str]
"""Between which numbers, or at which words, nothing changes."""


@dataclass(frozen=True, slots=True)
class Track:
    """A rule applied to sensors with certain attributes and interval.

    ``column`` and ``position`` (that of the value in a row) are None and -1 for silence and faults. ``depth``: how
    many samples count for the longest N of M. ``calm``: the open interval of numbers, or the words, that matter to no
    grade at any hour. ``hold``: how long a value is taken to hold without a new one.
    """

    hazard_type: str
    rule_id: int
    rule: Rule
    column: Quantity | State | None
    position: int
    cases: tuple[Case, ...]
    calm: Calm
    on_delay: tuple[timedelta, ...]
    on_samples: tuple[int, ...]
    of_samples: tuple[int, ...]
    depth: int
    off_delay: timedelta
    realarm: timedelta
    latch: frozenset[int]
    hold: timedelta
    interval: timedelta
    within: timedelta  # of a rise
    void: tuple[tuple[int, float | frozenset[str]], ...]

    @property
    def watches_silence(self) -> bool:
        """Whether it is moved by the clock alone."""
        return bool(self.rule.missed)

    @property
    def delay(self) -> timedelta:
        """How long its timers run at most."""
        return max(*self.on_delay, self.off_delay)

    @property
    def lookback(self) -> timedelta:
        """How far before a reading others matter to what it says."""
        fault = self.rule.fault
        stuck = fault.stuck.for_s if fault and fault.stuck else 0.0
        spike = fault.spike.within_s if fault and fault.spike else 0.0
        return max(self.within, timedelta(seconds=stuck), timedelta(seconds=spike))

    def case_at(self, time: datetime) -> Case:
        """The case in force at ``time``; one without limits when the rule says nothing at that hour."""
        if len(self.cases) == 1 and self.cases[0].hours is None:
            return self.cases[0]
        hour = time.astimezone(ZONE).hour
        return next((case for case in self.cases if case.holds_at(hour)), _NO_CASE)

    def calm_at(self, time: datetime) -> tuple[float, float]:
        """The open interval of numbers that matter to no grade at ``time``, clear of it by the deadband."""
        sign = 1 if self.rule.direction == "above" else -1
        edges = [limit - sign * self.rule.margin(colour) for colour, limit in self.case_at(time).limits.items()]
        if not edges:
            return -inf, inf
        return (-inf, min(edges)) if sign > 0 else (max(edges), inf)

    def same_until(self, time: datetime) -> datetime:
        """Until when the case of ``time`` is in force at least: hours of rules are whole ones, local or not."""
        if len(self.cases) == 1 and self.cases[0].hours is None:
            return _ALWAYS
        return time.replace(minute=0, second=0, microsecond=0) + _HOUR

    def graded(self, time: datetime) -> frozenset[int]:
        """The severities that can be given at ``time``."""
        if self.rule.missed:
            return frozenset(SEVERITY[colour] for colour in self.rule.missed)
        if self.rule.fault:
            return frozenset((SEVERITY[self.rule.fault.grade],))
        case = self.case_at(time)
        found = {SEVERITY[colour] for colour in (case.limits or case.words.values())}
        if self.rule.neighbours and found:
            found.add(SEVERITY[self.rule.neighbours.to])
        return frozenset(found)

    def is_over(self, value: Any) -> bool:
        """Whether the sensor may read low from ``value`` on."""
        over = self.rule.over_range
        return over is not None and value >= over

    def is_void(self, row: Row) -> bool:
        """Whether the row itself says that the value is worthless."""
        for position, worthless in self.void:
            value = row[position]
            if value is not None and (value in worthless if isinstance(worthless, frozenset) else value >= worthless):
                return True
        return False


def build_track(
    kind: Kind,
    hazard_type: str,
    rule_id: int,
    rule: Rule,
    attributes: Mapping[str, Any],
    interval_s: int | None = None,
) -> Track | None:
    """``rule`` as it applies to a sensor with these attributes; None when none of its cases does."""
    cases = tuple(case for case in rule.cases if case.applies(attributes))
    if rule.quantity is not None and not cases:
        return None
    position = kind.column_names.index(rule.quantity) if rule.quantity is not None else None
    interval = timedelta(seconds=interval_s or kind.interval_s)
    delays = {colour: timedelta(seconds=delay) for colour, delay in rule.on_delay_s.items()}
    delays |= {colour: count * interval for colour, count in rule.missed.items()}
    on_samples = tuple(max(1, rule.on_samples.get(colour, 1)) for colour in SEVERITY)
    of_samples = tuple(max(n, rule.of_samples.get(c, n)) for c, n in zip(SEVERITY, on_samples, strict=True))
    return Track(
        hazard_type=hazard_type,
        rule_id=rule_id,
        rule=rule,
        column=kind.columns[position] if position is not None else None,
        position=position + 2 if position is not None else -1,  # after sensor_id and time
        cases=cases,
        calm=_calm(rule, cases, kind.columns[position] if position is not None else None),
        on_delay=tuple(delays.get(colour, timedelta()) for colour in SEVERITY),
        on_samples=on_samples,
        of_samples=of_samples,
        depth=max(of_samples),
        off_delay=timedelta(seconds=rule.off_delay_s),
        realarm=timedelta(seconds=rule.realarm_s),
        latch=frozenset(SEVERITY[colour] for colour in rule.latch),
        hold=MISSED_INTERVALS * interval,
        interval=interval,
        within=timedelta(seconds=rule.rise.within_s if rule.rise else 0),
        void=tuple((kind.column_names.index(name) + 2, _worthless(value)) for name, value in rule.void.items()),
    )


def _worthless(value: float | tuple[str, ...]) -> float | frozenset[str]:
    return frozenset(value) if isinstance(value, tuple) else value


def _calm(rule: Rule, cases: Sequence[Case], column: Quantity | State | None) -> Calm:
    if isinstance(column, State):
        return frozenset(column.words) - {word for case in cases for word in case.words}
    limits = [limit for case in cases for limit in case.limits.values()]
    if not limits:
        return -inf, inf
    if rule.direction == "below":
        return max(limits), inf
    return -inf, min(limits) - (rule.rise.by if rule.rise else 0)
