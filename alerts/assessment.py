"""The pure heart of the alert engine: a state, one more value, the next state and what changed.

The rule is the one of OPC UA Part 9 alarms with four limits: a grade is reached when its limit has been exceeded for
its on-delay, in time and in samples; a grade is left, one at a time, when the value has been past limit − deadband
for the off-delay. Nothing here knows a database, a clock or a sensor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from alerts.grades import SEVERITY, grade_of
from alerts.rules import Case, Rule
from ingest.kinds import Kind, Quantity, State

ZONE = ZoneInfo("Asia/Shanghai")  # the local hours of rules


class Standing(NamedTuple):
    """What is remembered of one hazard type at one sensor.

    ``severity`` 0 (none) to 4 (red); ``since[s - 1]`` and ``samples[s - 1]``: since when and for how many samples the
    limit of severity s has been exceeded without a break; ``falling_since``: since when the value has been low enough
    to step down; ``latched``: must not step down before a check on site.
    """

    severity: int = 0
    since: tuple[datetime | None, ...] = (None, None, None, None)
    samples: tuple[int, ...] = (0, 0, 0, 0)
    falling_since: datetime | None = None
    latched: bool = False


REST = Standing()


@dataclass(frozen=True, slots=True)
class Change:
    """A grade that changed, at the time of the reading, and why."""

    before: int
    after: int
    at: datetime
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Track:
    """A rule applied to sensors with certain attributes. ``position`` is that of the value in a row."""

    hazard_type: str
    rule_id: int
    rule: Rule
    column: Quantity | State
    position: int
    cases: tuple[Case, ...]
    on_delay: tuple[timedelta, ...]
    on_samples: tuple[int, ...]
    off_delay: timedelta
    latch: frozenset[int]

    def case_at(self, time: datetime) -> Case | None:
        """The case in force at ``time``, None when the rule says nothing at that hour."""
        if len(self.cases) == 1 and self.cases[0].hours is None:
            return self.cases[0]
        hour = time.astimezone(ZONE).hour
        return next((case for case in self.cases if case.holds_at(hour)), None)


def build_track(kind: Kind, hazard_type: str, rule_id: int, rule: Rule, attributes: Mapping[str, Any]) -> Track | None:
    """``rule`` as it applies to a sensor with these attributes; None when none of its cases does."""
    cases = tuple(case for case in rule.cases if case.applies(attributes))
    if not cases:
        return None
    position = kind.column_names.index(rule.quantity)
    return Track(
        hazard_type=hazard_type,
        rule_id=rule_id,
        rule=rule,
        column=kind.columns[position],
        position=position + 2,  # after sensor_id and time
        cases=cases,
        on_delay=tuple(timedelta(seconds=rule.on_delay_s.get(c, 0)) for c in SEVERITY),
        on_samples=tuple(max(1, rule.on_samples.get(c, 1)) for c in SEVERITY),
        off_delay=timedelta(seconds=rule.off_delay_s),
        latch=frozenset(SEVERITY[colour] for colour in rule.latch),
    )


def measure(track: Track, case: Case, value: Any) -> tuple[int, int]:
    """Severity that ``value`` reaches, and severity that it is not yet clear of by the deadband."""
    if case.words:
        colour = case.words.get(value)
        severity = SEVERITY[colour] if colour else 0
        return severity, severity
    sign = 1 if track.rule.direction == "above" else -1
    strict = track.rule.strict
    reached = held = 0
    for colour, limit in case.limits.items():
        over = (value - limit) * sign
        severity = SEVERITY[colour]
        if over > 0 or (over == 0 and not strict):
            reached = max(reached, severity)
        if over > -track.rule.deadband or (over == 0 and not strict):
            held = max(held, severity)
    return reached, held


def assess(track: Track, standing: Standing, time: datetime, value: Any) -> tuple[Standing, Change | None]:
    """Fold one value into ``standing``. Times must not go back."""
    case = track.case_at(time)
    reached, held = measure(track, case, value) if case else (0, 0)
    graded = _graded(case)
    since, samples = _exceeded(standing, reached, graded, time, max(track.on_samples))
    ripe = _ripe(track, since, samples, time)
    if ripe > standing.severity:
        after = Standing(ripe, since, samples, None, ripe in track.latch)
        return after, _change(track, case, standing.severity, after, time, value)
    if standing.severity == 0 or held >= standing.severity or standing.latched:
        return standing._replace(since=since, samples=samples, falling_since=None), None
    falling_since = standing.falling_since or time
    if time - falling_since < track.off_delay:
        return standing._replace(since=since, samples=samples, falling_since=falling_since), None
    lower = _next_lower(case, standing.severity)
    after = Standing(lower, since, samples, time if lower else None, False)
    return after, _change(track, case, standing.severity, after, time, value)


def _graded(case: Case | None) -> frozenset[int]:
    """The severities that the case has a limit or a word for."""
    return frozenset(SEVERITY[colour] for colour in (case.limits or case.words.values())) if case else frozenset()


def _exceeded(
    standing: Standing, reached: int, graded: frozenset[int], time: datetime, enough: int
) -> tuple[tuple[datetime | None, ...], tuple[int, ...]]:
    if reached == 0:
        return REST.since, REST.samples
    over = tuple(severity <= reached and severity in graded for severity in (1, 2, 3, 4))
    since = tuple((began or time) if met else None for met, began in zip(over, standing.since, strict=True))
    # Counting stops where it no longer matters, so that a steady hazard leaves its standing as it is.
    samples = tuple(min(n + 1, enough) if met else 0 for met, n in zip(over, standing.samples, strict=True))
    return since, samples


def _ripe(track: Track, since: tuple[datetime | None, ...], samples: tuple[int, ...], time: datetime) -> int:
    for index in (3, 2, 1, 0):
        began = since[index]
        if began is not None and samples[index] >= track.on_samples[index] and time - began >= track.on_delay[index]:
            return index + 1
    return 0


def _next_lower(case: Case | None, severity: int) -> int:
    if case is None:
        return severity - 1
    return max((lower for lower in _graded(case) if lower < severity), default=0)


def release(standing: Standing) -> Standing:
    """The standing after a check on site has freed the latch."""
    return standing._replace(latched=False)


def _change(track: Track, case: Case | None, before: int, standing: Standing, time: datetime, value: Any) -> Change:
    after = standing.severity
    zh, en = _reason(track, case, before, after, value)
    return Change(before, after, time, zh, en)


def _reason(track: Track, case: Case | None, before: int, after: int, value: Any) -> tuple[str, str]:
    column, title = track.column, track.rule.title
    if isinstance(column, State):
        shown, limit_zh, limit_en = str(value), "", ""
    else:
        shown = f"{_number(value, column)} {column.unit}"
        limit_zh, limit_en = _limit_words(track, case, max(before, after), column)
    what_zh, what_en = f"{title.zh}：{column.zh} {shown}", f"{title.en}: {column.en} {shown}"
    if after > before:
        grade = grade_of(after)
        return (
            f"{what_zh}{limit_zh}，{grade.zh}（{grade.numeral}级）",
            f"{what_en}{limit_en}, {grade.colour} (grade {grade.numeral})",
        )
    minutes = track.off_delay.total_seconds() / 60
    left = grade_of(before)
    if after:
        grade = grade_of(after)
        return (
            f"{what_zh}，已低于{left.zh}级 {minutes:g} 分钟，降为{grade.zh}（{grade.numeral}级）",
            f"{what_en}, clear of {left.colour} for {minutes:g} min, lowered to {grade.colour} (grade {grade.numeral})",
        )
    return (
        f"{what_zh}，已恢复正常 {minutes:g} 分钟，解除",
        f"{what_en}, back to normal for {minutes:g} min, cleared",
    )


def _limit_words(track: Track, case: Case | None, severity: int, column: Quantity) -> tuple[str, str]:
    limit = case.limits.get(grade_of(severity).colour) if case else None
    if limit is None:
        return "", ""
    relation = {(True, True): ">", (True, False): "≥", (False, True): "<", (False, False): "≤"}[
        (track.rule.direction == "above", track.rule.strict)
    ]
    words = f"{relation} {limit:g} {column.unit}"
    return f"（限值 {words}）", f" ({words})"


def _number(value: float, column: Quantity) -> str:
    decimals = max(0, len(f"{column.resolution:.6f}".rstrip("0").partition(".")[2]))
    return f"{value:.{decimals}f}"


def quiet(track: Track, value: Any) -> bool:
    """Whether ``value`` reaches no limit of the track at any hour, so that a sensor at rest stays there."""
    return all(measure(track, case, value)[0] == 0 for case in track.cases)
