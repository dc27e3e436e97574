"""Drills as data: what is done to which sensors when, and what the hub is wanted to make of it.

A drill plays an interval of sensor time, faster than it would pass: rules work by the readings' times. All seconds
of a drill count from its start.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from simulators.crew import Pace
from simulators.errors import DrillError, SimulatorError
from simulators.fleet import Injection, check_injections
from simulators.roster import VirtualSensor

Event = Literal["hazard_graded", "hazard_cleared", "incident_opened", "order_received", "task_done", "incident_closed"]
Grade = Annotated[int, msgspec.Meta(ge=1, le=4)]
Seconds = Annotated[int, msgspec.Meta(ge=0)]


@dataclass(frozen=True, slots=True)
class Text:
    """A text for people, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One wanted outcome, between ``after_s`` and ``before_s``.

    A field that is given must match; ``grade`` asks for that grade or a graver one. ``sensor`` is the one that the
    hazard is on, or whose hazard opened the incident.
    """

    what: Event
    after_s: Seconds
    before_s: Seconds
    sensor: str | None = None
    hazard_type: str | None = None
    grade: Grade | None = None
    squad: str | None = None


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill: ``duration_s`` of sensor time, played ``speed`` times as fast as it would pass."""

    name: str
    title: Text
    duration_s: Annotated[int, msgspec.Meta(gt=0)]
    speed: Annotated[float, msgspec.Meta(gt=0)]
    seed: Annotated[int, msgspec.Meta(ge=0)]
    injections: tuple[Injection, ...]
    crew: Pace
    wanted: tuple[Wanted, ...]

    @property
    def last_s(self) -> int:
        """When the last window closes: waiting longer changes nothing."""
        return max(one.before_s for one in self.wanted)


def load_drill(path: Path, sensors: Sequence[VirtualSensor]) -> Drill:
    """Read and check a drill for the county whose sensors are given.

    Raises DrillError with a sentence that names the file, the place and what is wrong.
    """
    try:
        drill = msgspec.yaml.decode(path.read_bytes(), type=Drill)
    except msgspec.MsgspecError as error:
        raise DrillError(f"{path.name}: {error}") from error
    try:
        check_injections(drill.injections, {sensor.code: sensor for sensor in sensors})
    except SimulatorError as error:
        raise DrillError(f"{path.name}: {error}") from error
    fault = _fault(drill, path.stem, {sensor.code for sensor in sensors})
    if fault:
        raise DrillError(f"{path.name}: {fault}")
    return drill


def _fault(drill: Drill, stem: str, codes: set[str]) -> str | None:
    if drill.name != stem:
        return f"the file is called {stem}, the drill {drill.name}"
    if not drill.wanted:
        return "nothing is wanted, so nothing can be judged"
    for injection in drill.injections:
        if injection.at_s >= drill.duration_s:
            return f"the injection at {injection.at_s} s comes after the end at {drill.duration_s} s"
    if min(drill.crew.accept_s, drill.crew.en_route_s, drill.crew.on_scene_s, drill.crew.done_s) < 0:
        return "the crew can't answer before it was asked: a pause is negative"
    for number, wanted in enumerate(drill.wanted, 1):
        if wanted.after_s >= wanted.before_s:
            return f"wanted {number} ({wanted.what}) must come after {wanted.after_s} s and before {wanted.before_s} s"
        if wanted.sensor is not None and wanted.sensor not in codes:
            return f"wanted {number} ({wanted.what}) names {wanted.sensor}, which is not in the county"
    return None


@dataclass(frozen=True, slots=True)
class DrillClock:
    """Where a running drill is: its first second is ``sensor_start`` for readings, ``wall_start`` for people."""

    sensor_start: datetime
    wall_start: datetime
    speed: float

    def of_reading(self, time: datetime) -> float:
        """Drill seconds of a reading's time (hazard.raised_at, hazard.cleared_at, incident.opened_at)."""
        return (time - self.sensor_start).total_seconds()

    def of_wall(self, time: datetime) -> float:
        """Drill seconds of a moment by the wall clock (orders, receipts, recorded_at)."""
        return (time - self.wall_start).total_seconds() * self.speed

    def wall(self, at_s: float) -> datetime:
        """When drill second ``at_s`` comes by the wall clock."""
        return self.wall_start + timedelta(seconds=at_s / self.speed)


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
    """A wanted outcome and what became of it; ``observation`` is the first that fits, None when it was missed."""

    wanted: Wanted
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
        """Whether everything wanted happened."""
        return all(outcome.observation is not None for outcome in self.outcomes)


def judge(drill: Drill, observed: Sequence[Observation]) -> Report:
    """Hold what happened against what was wanted; each outcome says why."""
    in_order = sorted(observed, key=lambda observation: observation.at_s)
    outcomes = tuple(_outcome(wanted, in_order) for wanted in drill.wanted)
    return Report(drill.name, outcomes, dict(Counter(observation.what for observation in observed)))


def _outcome(wanted: Wanted, observed: Sequence[Observation]) -> Outcome:
    alike = [one for one in observed if _is_like(one, wanted)]
    in_time = [one for one in alike if wanted.after_s <= one.at_s <= wanted.before_s]
    if in_time:
        at_s = in_time[0].at_s
        return Outcome(wanted, in_time[0], Text(f"第 {at_s:.0f} 秒发生", f"happened at {at_s:.0f} s"))
    window = f"{wanted.after_s}–{wanted.before_s} s"
    if alike:
        times = ", ".join(f"{one.at_s:.0f}" for one in alike[:3])
        return Outcome(
            wanted,
            None,
            Text(f"发生在第 {times} 秒，应在 {window} 内", f"happened at {times} s, wanted within {window}"),
        )
    grades = [one.grade for one in observed if _is_like(one, wanted, any_grade=True) and one.grade is not None]
    if grades:
        return Outcome(
            wanted,
            None,
            Text(
                f"最高只到 {min(grades)} 级，应达 {wanted.grade} 级",
                f"reached grade {min(grades)}, wanted {wanted.grade}",
            ),
        )
    return Outcome(wanted, None, Text("没有发生", "did not happen"))


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
