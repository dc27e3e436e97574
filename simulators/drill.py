"""Drills as data: what is done to which sensors when, and what the hub is wanted to make of it.

All seconds of a drill count from its start, in the drill's own time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

import msgspec

from simulators.errors import DrillError, SimulatorError
from simulators.injection import Injection, check_injections
from simulators.physics.weather import CALM, Weather
from simulators.roster import VirtualSensor, select
from simulators.squads import Conduct, Pace

Event = Literal[
    "hazard_graded",
    "hazard_cleared",
    "incident_opened",
    "order_received",
    "order_confirmed",
    "task_unassigned",
    "task_accepted",
    "task_refused",
    "squad_on_scene",
    "permit_granted",
    "permit_refused",
    "permit_revoked",
    "task_done",
    "incident_closed",
    "message_quarantined",
]
Grade = Annotated[int, msgspec.Meta(ge=1, le=4)]
Seconds = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(gt=0)]

_OF_SQUADS: frozenset[Event] = frozenset(
    {
        *("order_received", "order_confirmed", "task_accepted", "task_refused", "squad_on_scene", "task_done"),
        *("permit_granted", "permit_refused", "permit_revoked"),
    }
)
# What an outcome can be asked for by.
_TELLS: Mapping[str, frozenset[Event]] = MappingProxyType(
    {
        "grade": frozenset({"hazard_graded", "incident_opened"}),
        "squad": _OF_SQUADS,
        "sensor": frozenset(get_args(Event)) - {"message_quarantined"},
    }
)
_UNKNOWN = object()

DRILLS = Path(__file__).parent / "drills"
"""The drills that ship."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text for people, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One wanted outcome, between ``after_s`` and ``before_s``: so many times, at least once unless said otherwise.

    A field that is given must match; ``grade`` asks for that grade or a graver one. ``sensor`` is the one that the
    hazard is on, or whose hazard opened the incident; ``hazard_type`` is any type that the hub's rules know.
    ``at_most: 0`` with ``at_least: 0`` says that it must not happen.
    """

    what: Event
    after_s: Seconds
    before_s: Seconds
    sensor: str | None = None
    hazard_type: str | None = None
    grade: Grade | None = None
    squad: str | None = None
    at_least: Seconds = 1
    at_most: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the steps may take that no plan limits, in seconds.

    Detection is from what was done to the sensor to the case that it opens; filing, the first order and the closure are
    from the opening of the case. Confirmation, arrival and work are held against the plan of the case.
    """

    detect_s: Positive = 1800
    file_s: Positive = 120
    order_s: Positive = 120
    close_s: Positive = 21_600


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill: ``duration_s`` of the drill's time from ``starts``, a local time without offset.

    A show plays it ``speed`` times as fast as it would pass. The ``cast`` reports beside the sensors that injections
    and wanted outcomes name, as codes or patterns.
    """

    name: str
    title: Text
    starts: datetime
    duration_s: Positive
    speed: Annotated[float, msgspec.Meta(gt=0)]
    seed: Annotated[int, msgspec.Meta(ge=0)]
    crew: Pace
    wanted: tuple[Wanted, ...]
    cast: tuple[str, ...] = ()
    weather: Weather = CALM
    injections: tuple[Injection, ...] = ()
    conducts: tuple[Conduct, ...] = ()
    limits: Limits = Limits()

    @property
    def last_s(self) -> int:
        """When the last window closes: waiting longer changes nothing."""
        return max((one.before_s for one in self.wanted), default=self.duration_s)

    @property
    def first_s(self) -> int:
        """When the first thing goes wrong."""
        begins = [one.at_s for one in self.injections] + [one.at_s for one in self.weather.storms]
        return min(begins, default=0)

    def players(self, sensors: Sequence[VirtualSensor]) -> tuple[VirtualSensor, ...]:
        """Those of the county's sensors that take part, with the wells on the same duct."""
        named = {code for injection in self.injections for code in injection.sensors} | set(self.cast)
        named |= {wanted.sensor for wanted in self.wanted if wanted.sensor is not None}
        ducts = {sensor.attributes.get("chamber") for sensor in sensors if sensor.code in named} - {None}
        return tuple(one for one in sensors if one.code in named or one.attributes.get("chamber") in ducts)


def load_drill(path: Path, sensors: Sequence[VirtualSensor]) -> Drill:
    """Read and check a drill for the county whose sensors are given; patterns become the codes that they name.

    Raises DrillError with a sentence that names the file, the place and what is wrong.
    """
    try:
        written = msgspec.yaml.decode(path.read_bytes())
        drill = msgspec.convert(written, Drill)
    except OSError as error:
        raise DrillError(f"can't read {path.name}: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DrillError(f"{path.name}: {error}") from error
    stranger = _stranger(written, msgspec.to_builtins(drill))
    if stranger is not None:
        raise DrillError(f"{path.name}: there is no {stranger}; `lifeline drill show` prints drills that are good")
    try:
        drill = replace(
            drill,
            cast=select(drill.cast, sensors),
            injections=tuple(replace(one, sensors=select(one.sensors, sensors)) for one in drill.injections),
        )
        check_injections(drill.injections, {sensor.code: sensor for sensor in sensors})
    except SimulatorError as error:
        raise DrillError(f"{path.name}: {error}") from error
    fault = _fault(drill, path.stem, {sensor.code for sensor in sensors})
    if fault:
        raise DrillError(f"{path.name}: {fault}")
    return drill


def _stranger(written: Any, read: Any, place: str = "") -> str | None:
    """The first name in the file that means nothing; a misspelt one would else be passed over in silence."""
    if isinstance(written, dict):
        pairs = [(f"{place}.{name}".lstrip("."), value, read.get(name, _UNKNOWN)) for name, value in written.items()]
    elif isinstance(written, list):
        pairs = [(f"{place}[{number}]", *pair) for number, pair in enumerate(zip(written, read, strict=True))]
    else:
        return None
    found = (name if known is _UNKNOWN else _stranger(value, known, name) for name, value, known in pairs)
    return next((name for name in found if name is not None), None)


def _fault(drill: Drill, stem: str, codes: set[str]) -> str | None:
    if drill.name != stem:
        return f"the file is called {stem}, the drill {drill.name}"
    if drill.starts.tzinfo is not None:
        return "starts is a local time: leave the offset out"
    if not drill.wanted:
        return "nothing is wanted, so nothing can be judged"
    for injection in drill.injections:
        if not 0 <= injection.at_s < drill.duration_s:
            return f"the injection at {injection.at_s} s comes after the end at {drill.duration_s} s"
    if min(drill.crew.accept_s, drill.crew.en_route_s, drill.crew.on_scene_s, drill.crew.done_s) < 0:
        return "the crew can't answer before it was asked: a pause is negative"
    if drill.crew.permit_s <= 0:
        return "the crew can't ask for its permit all the time: permit_s must be more than 0"
    for conduct in drill.conducts:
        if conduct.to_s is not None and conduct.to_s <= conduct.from_s:
            return f"the conduct of {conduct.squad} must end after it begins"
    faults = (_fault_of(number, wanted, codes) for number, wanted in enumerate(drill.wanted, 1))
    return next((fault for fault in faults if fault), None)


def _fault_of(number: int, wanted: Wanted, codes: set[str]) -> str | None:
    place = f"wanted {number} ({wanted.what})"
    if wanted.after_s >= wanted.before_s:
        return f"{place} must come after {wanted.after_s} s and before {wanted.before_s} s"
    if wanted.sensor is not None and wanted.sensor not in codes:
        return f"{place} names {wanted.sensor}, which is not in the county"
    if wanted.at_most is not None and wanted.at_most < wanted.at_least:
        return f"{place} can't happen at least {wanted.at_least} and at most {wanted.at_most} times"
    if wanted.at_least == 0 and wanted.at_most is None:
        return f"{place} asks for nothing: give at_most too"
    for name, value in (("grade", wanted.grade), ("squad", wanted.squad), ("sensor", wanted.sensor)):
        if value is not None and wanted.what not in _TELLS[name]:
            return f"{place} names a {name}, which it can't have: {', '.join(sorted(_TELLS[name]))} can"
    return None
