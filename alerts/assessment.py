"""The pure heart of the alert engine: a standing, one more value or some more time, the next standing and what changed.

The rule is the one of OPC UA Part 9 alarms with four limits: a grade is reached when its limit has been exceeded for
its on-delay, in time and in samples; a grade is left, one at a time, when the value has been past limit − deadband
for the off-delay. A value holds until the next one, for two reporting intervals at most, so delays end by the clock:
``next_step`` says when, ``step`` does it, and a change bears the time at which it was due. So what comes of readings
does not depend on when anybody looked. Nothing here knows a database, a clock or a sensor.
"""

from datetime import datetime
from math import inf
from typing import Any

from alerts.grades import SEVERITY
from alerts.reasons import explain, out_of_range
from alerts.rules import Case
from alerts.standing import REST, Change, Standing, Step
from alerts.tracks import Calm, Track
from ingest.kinds import State
from ingest.payload import Row

_TINY = 1e-9  # so close to a limit rounding decides, as it does in ``measure``


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
        if over > -track.rule.margin(colour) or (over == 0 and not strict):
            held = max(held, severity)
    return reached, held


def weigh(track: Track, standing: Standing, time: datetime, value: Any) -> tuple[int, int]:
    """As ``measure``, with what a fast rise and the neighbours add to it."""
    reached, held = measure(track, track.case_at(time), value)
    rise = track.rule.rise
    if rise is not None and reached:
        rising = any(value - low > rise.by and time - at <= track.within for at, low in standing.samples)
        if rising:
            reached = min((s for s in track.graded(time) if s > reached), default=reached)
    near = track.rule.neighbours
    if near is not None and standing.corroborated:
        least, most = SEVERITY[near.at], SEVERITY[near.to]
        reached = max(reached, most) if reached >= least else reached
        held = max(held, most) if held >= least else held
    return reached, max(reached, held)


def take_value(track: Track, standing: Standing, time: datetime, value: Any, *, trusted: bool = True) -> Standing:
    """Fold one value in, without yet drawing conclusions from it; times must not go back.

    An untrusted value, one of a faulty sensor, counts for raising but not for lowering.
    """
    reached, held = weigh(track, standing, time, value)
    weighed = _weighed(track, standing, time, reached, held, trusted)
    if track.rule.rise is None:
        return weighed._replace(value=value)
    return weighed._replace(value=value, samples=(*_samples(track, standing, time), (time, value)))


def _samples(track: Track, standing: Standing, time: datetime) -> list[tuple[datetime, float]]:
    return [sample for sample in standing.samples if time - sample[0] <= track.within]


def around(track: Track, standing: Standing) -> Calm:
    """The numbers, or words, that count as the latest value does, so that they leave a standing that goes on as it is.

    An empty interval when it lies on a limit, or counts for more because of a rise.
    """
    time, value = standing.judged_at, standing.value
    assert time is not None
    case = track.case_at(time)
    if isinstance(track.column, State):
        return frozenset(word for word in track.column.words if case.words.get(word) == case.words.get(value))
    if weigh(track, standing._replace(samples=()), time, value) != (standing.reached, standing.held):
        return value, value
    sign = 1 if track.rule.direction == "above" else -1
    edges = [limit - sign * off for colour, limit in case.limits.items() for off in (0, track.rule.margin(colour))]
    edges += [track.rule.over_range] if track.rule.over_range is not None else []
    low = max((edge for edge in edges if edge <= value), default=-inf)
    high = min((edge for edge in edges if edge >= value), default=inf)
    return low + _TINY, high - _TINY


def carry_on(track: Track, standing: Standing, row: Row) -> Standing | None:
    """Add the value of one more row ``around`` the latest to those that a rise is looked for in.

    None when it has risen so fast that it may count for more.
    """
    assert track.rule.rise is not None
    time, value = row[1], row[track.position]
    samples = _samples(track, standing, time)
    if any(value - low > track.rule.rise.by for _, low in samples):
        return None
    return standing._replace(samples=(*samples, (time, value)))


def take_sign(track: Track, standing: Standing, time: datetime, sign: str | None) -> Standing:
    """Fold in what a reading says of a fault (a word of ``alerts.faults``) or of silence: nothing, since it came."""
    severity = max(track.graded(time)) if sign else 0
    weighed = _weighed(track, standing, time, severity, severity, True)
    return weighed._replace(value=sign or standing.value)


def _is_steady(track: Track, standing: Standing, reached: int, held: int) -> bool:
    """Whether one more such value leaves all but its time as it is; most readings of an open hazard are like that."""
    return (
        reached == standing.reached
        and held == standing.held >= standing.severity
        and standing.barred_until is None
        and len(standing.recent) == track.depth
        and standing.recent.count(reached) == track.depth
    )


def goes_on(track: Track, before: Standing, after: Standing) -> bool:
    """Whether a value left a hazard as it was: nothing is due, and nothing will be while such values come."""
    return (
        after.since is before.since
        and after.recent is before.recent
        and after.severity >= max(1, after.reached)
        and (after.latched or not track.is_over(after.value))
    )


def _weighed(track: Track, standing: Standing, time: datetime, reached: int, held: int, trusted: bool) -> Standing:
    unbroken = standing.judged_at is not None and time - standing.judged_at <= track.hold
    if unbroken and _is_steady(track, standing, reached, held):
        return standing._replace(judged_at=time)
    graded = track.graded(time) if reached else ()
    began = standing.since if unbroken else REST.since
    since = tuple(
        (start or time) if severity <= reached and severity in graded else None
        for severity, start in zip((1, 2, 3, 4), began, strict=True)
    )
    recent = (*standing.recent, reached)[-track.depth :]
    falling = None
    if standing.severity > held and trusted:
        falling = standing.falling_since if unbroken and standing.falling_since else time
    return standing._replace(
        since=since,
        recent=recent if any(recent) else (),
        falling_since=falling,
        reached=reached,
        held=held,
        judged_at=time,
        barred_until=standing.barred_until if standing.barred_until and standing.barred_until > time else None,
    )


def next_step(track: Track, standing: Standing, *, muted: int = 0, unmuted_at: datetime | None = None) -> Step | None:
    """What is due next, None when nothing is until a new value comes.

    Nothing up to severity ``muted`` is raised; ``unmuted_at`` is when that became so low.
    """
    judged_at = standing.judged_at
    if judged_at is None:
        return None
    floor = max(time for time in (judged_at, standing.barred_until, unmuted_at) if time is not None)
    up = _next_rise(track, standing, max(standing.severity, muted), floor)
    down = _next_fall(track, standing)
    latch = _next_latch(track, standing)
    step = min(
        (found for found in (up, down, latch) if found), key=lambda found: (found.at, -found.severity), default=None
    )
    return step if step is not None and step.at <= judged_at + track.hold else None


def _next_rise(track: Track, standing: Standing, above: int, floor: datetime) -> Step | None:
    found = None
    for severity in range(4, above, -1):
        began = standing.since[severity - 1]
        if began is None:
            continue
        counted = sum(reached >= severity for reached in standing.recent[-track.of_samples[severity - 1] :])
        if counted < track.on_samples[severity - 1]:
            continue
        at = max(began + track.on_delay[severity - 1], floor)
        if found is None or at < found.at:
            found = Step(at, severity)
    return found


def _next_fall(track: Track, standing: Standing) -> Step | None:
    if standing.falling_since is None or standing.latched or standing.held >= standing.severity:
        return None
    graded = track.graded(standing.judged_at or standing.falling_since)
    lower = max((severity for severity in graded if severity < standing.severity), default=0)
    return Step(standing.falling_since + track.off_delay, lower)


def _next_latch(track: Track, standing: Standing) -> Step | None:
    """A step to the same severity: a value out of range latches an open hazard, once for each check on site."""
    if standing.latched or standing.severity == 0 or not track.is_over(standing.value) or standing.judged_at is None:
        return None
    if standing.checked_at is not None and standing.checked_at >= standing.judged_at:
        return None
    return Step(max(standing.judged_at, standing.graded_at or standing.judged_at), standing.severity)


def next_silence(track: Track, standing: Standing, last: datetime) -> Step | None:
    """When a sensor last heard of at ``last`` will have been silent for the next grade."""
    for severity in sorted(track.graded(last)):
        if severity > standing.severity:
            return Step(last + track.on_delay[severity - 1], severity)
    return None


def step(track: Track, standing: Standing, due: Step) -> tuple[Standing, Change]:
    """Do what is due."""
    before, after = standing.severity, due.severity
    if before == after:
        return standing._replace(latched=True), Change(before, after, due.at, *out_of_range(track, standing.value))
    value, judged_at = standing.value, standing.judged_at or due.at
    lifted = after > before and track.position >= 0 and measure(track, track.case_at(judged_at), value)[0] < after
    zh, en = explain(track, track.case_at(judged_at), before, after, value, lifted=_lift(track, standing, lifted))
    stepped = standing._replace(
        severity=after,
        graded_at=due.at,
        latched=after > before and (standing.latched or after in track.latch or track.is_over(value)),
        falling_since=due.at if standing.held < after < before else None,
    )
    return stepped, Change(before, after, due.at, zh, en)


def _lift(track: Track, standing: Standing, lifted: bool) -> str | None:
    """By what a grade is graver than its value's own limits: a word of ``alerts.reasons``, None when it is not."""
    if not lifted:
        return None
    return "neighbours" if standing.corroborated and standing.reached == 4 else "rise"


def corroborate(track: Track, standing: Standing, corroborated: bool, at: datetime) -> Standing:
    """The standing from the moment on at which neighbours confirm it, or no longer do."""
    told = standing._replace(corroborated=corroborated)
    if standing.value is None or standing.judged_at is None:
        return told
    reached, held = weigh(track, told, standing.judged_at, standing.value)
    at = max(at, standing.judged_at)
    graded = track.graded(standing.judged_at)
    since = tuple(
        (began or at) if severity <= reached and severity in graded else None
        for severity, began in zip((1, 2, 3, 4), standing.since, strict=True)
    )
    falling = (standing.falling_since or at) if standing.severity > held else None
    recent = (*standing.recent[:-1], reached)
    return told._replace(since=since, recent=recent, falling_since=falling, reached=reached, held=held)


def release(standing: Standing, at: datetime) -> Standing:
    """The standing after a check on site has freed the latch; the off-delay begins then at the earliest."""
    falling = standing.falling_since
    return standing._replace(latched=False, checked_at=at, falling_since=max(falling, at) if falling else None)


def bar(standing: Standing, until: datetime) -> Standing:
    """The standing of a hazard that isn't raised, nor before ``until``."""
    return standing._replace(severity=0, graded_at=None, latched=False, falling_since=None, barred_until=until)


def shelve(track: Track, standing: Standing, at: datetime) -> Standing:
    """The standing after a person cleared the hazard: it may be raised again when the re-alarm time is over."""
    return bar(standing, at + track.realarm)


def quiet(track: Track, value: Any) -> bool:
    """Whether ``value`` matters to no grade of the track at any hour, so that a sensor at rest stays there."""
    calm = track.calm
    return value in calm if isinstance(calm, frozenset) else bool(calm[0] < value < calm[1])


def rests(track: Track, standing: Standing) -> bool:
    """Whether nothing is left to remember."""
    if standing.severity or standing.recent or standing.barred_until is not None:
        return False
    return track.position < 0 or standing.value is None or quiet(track, standing.value)
