"""What happened in a drill, held against what was wanted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from simulators.drill import Drill, Event, Text, Wanted


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that happened, at drill second ``at_s``; fields that do not apply stay None."""

    what: Event
    at_s: float
    sensor: str | None = None
    hazard_type: str | None = None
    grade: int | None = None
    squad: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A wanted outcome and whether it was ``met``; ``observation`` is the first that fits, None when none does."""

    wanted: Wanted
    met: bool
    observation: Observation | None
    reason: Text


@dataclass(frozen=True, slots=True)
class Report:
    """What a drill showed."""

    drill: str
    outcomes: tuple[Outcome, ...]
    counts: dict[str, int]

    @property
    def passed(self) -> bool:
        """Whether everything wanted happened, and nothing that was not."""
        return all(outcome.met for outcome in self.outcomes)


def judge(drill: Drill, observed: Sequence[Observation]) -> Report:
    """Hold what happened against what was wanted; each outcome says why."""
    in_order = sorted(observed, key=lambda observation: observation.at_s)
    outcomes = tuple(_outcome(wanted, in_order) for wanted in drill.wanted)
    return Report(drill.name, outcomes, dict(Counter(observation.what for observation in observed)))


def _outcome(wanted: Wanted, observed: Sequence[Observation]) -> Outcome:
    alike = [one for one in observed if _is_like(one, wanted)]
    in_time = [one for one in alike if wanted.after_s <= one.at_s <= wanted.before_s]
    first = in_time[0] if in_time else None
    if wanted.at_most is not None and len(in_time) > wanted.at_most:
        return Outcome(wanted, False, first, _too_often(wanted, in_time))
    if len(in_time) >= wanted.at_least:
        return Outcome(wanted, True, first, _as_wanted(in_time))
    return Outcome(wanted, False, None, _missed(wanted, alike, in_time, observed))


def _as_wanted(in_time: Sequence[Observation]) -> Text:
    if not in_time:
        return Text("没有发生，符合要求", "did not happen, as wanted")
    at_s = in_time[0].at_s
    if len(in_time) == 1:
        return Text(f"第 {at_s:.0f} 秒发生", f"happened at {at_s:.0f} s")
    return Text(f"第 {at_s:.0f} 秒起发生 {len(in_time)} 次", f"happened {len(in_time)} times from {at_s:.0f} s on")


def _too_often(wanted: Wanted, in_time: Sequence[Observation]) -> Text:
    at_s = in_time[0].at_s
    if wanted.at_most == 0:
        return Text(f"不应发生，却在第 {at_s:.0f} 秒发生", f"must not happen, but did at {at_s:.0f} s")
    return Text(
        f"发生 {len(in_time)} 次，最多 {wanted.at_most} 次", f"happened {len(in_time)} times, at most {wanted.at_most}"
    )


def _missed(
    wanted: Wanted, alike: Sequence[Observation], in_time: Sequence[Observation], observed: Sequence[Observation]
) -> Text:
    if in_time:
        return Text(
            f"发生 {len(in_time)} 次，至少 {wanted.at_least} 次",
            f"happened {len(in_time)} times, at least {wanted.at_least} wanted",
        )
    window = f"{wanted.after_s}–{wanted.before_s} s"
    if alike:
        times = ", ".join(f"{one.at_s:.0f}" for one in alike[:3])
        return Text(f"发生在第 {times} 秒，应在 {window} 内", f"happened at {times} s, wanted within {window}")
    grades = [one.grade for one in observed if _is_like(one, wanted, any_grade=True) and one.grade is not None]
    if grades:
        return Text(
            f"最高只到 {min(grades)} 级，应达 {wanted.grade} 级", f"reached grade {min(grades)}, wanted {wanted.grade}"
        )
    return Text("没有发生", "did not happen")


def _is_like(observation: Observation, wanted: Wanted, *, any_grade: bool = False) -> bool:
    if observation.what != wanted.what:
        return False
    pairs = (
        (wanted.sensor, observation.sensor),
        (wanted.hazard_type, observation.hazard_type),
        (wanted.squad, observation.squad),
    )
    if any(asked is not None and asked != seen for asked, seen in pairs):
        return False
    if any_grade or wanted.grade is None:
        return True
    return observation.grade is not None and observation.grade <= wanted.grade
