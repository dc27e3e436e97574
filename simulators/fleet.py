"""A fleet of virtual sensors: readings as pure data, the same for the same seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heapreplace
from zlib import crc32
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from ingest.kinds import KINDS
from simulators.errors import SimulatorError
from simulators.roster import VirtualSensor
from simulators.sensors import BEHAVIOURS
from simulators.sensors.behaviour import Behaviour, Point, Values


@dataclass(frozen=True, slots=True)
class Injection:
    """From ``at_s`` seconds after the fleet's start, ``causes`` hold at the sensors listed, until set anew."""

    at_s: int
    sensors: tuple[str, ...]
    causes: dict[str, float]


@dataclass(frozen=True, slots=True)
class SensorReading:
    """What one sensor says: values by column name of its kind, in the kind's units."""

    code: str
    kind: str
    time: datetime
    values: Values

    def topic(self, prefix: str) -> str:
        """The native topic below ``prefix``."""
        return f"{prefix}/{self.kind}/{self.code}/reading"

    def payload(self) -> bytes:
        """The native payload: a JSON object with the time in RFC 3339."""
        return msgspec.json.encode({"time": self.time, **self.values})


class _Unit:
    """One sensor of the fleet: its point, what is done to it, and when it speaks next."""

    def __init__(self, sensor: VirtualSensor, behaviour: Behaviour, injections: list[Injection], seed: int) -> None:
        # Seeded by code: a sensor's readings do not depend on which others are in the fleet.
        generator = np.random.default_rng((seed, crc32(sensor.code.encode())))
        self.sensor = sensor
        self.sample_s = behaviour.sample_s or sensor.interval_s
        self.first_s = int(generator.integers(0, self.sample_s))
        self._behaviour = behaviour
        self._point: Point = behaviour.make(sensor, generator)
        self._causes = {name: cause.usual for name, cause in behaviour.causes.items()}
        self._injections = injections
        self._sampled_s = 0
        self._reports_s = int(generator.integers(0, sensor.interval_s))
        self._alert_until_s = 0

    def sample(self, now_s: int, local: datetime) -> Values | None:
        """Step to ``now_s`` after the start; the values when the device reports them, else None."""
        while self._injections and self._injections[0].at_s <= now_s:
            self._causes |= self._injections.pop(0).causes
        values = self._point.sample(local, now_s - self._sampled_s, self._causes)
        self._sampled_s = now_s
        if values is None:
            return None
        behaviour = self._behaviour
        if self._point.is_alarmed(values):
            if now_s >= self._alert_until_s:
                self._reports_s = now_s
            self._alert_until_s = now_s + behaviour.alert_s
        if now_s < self._reports_s:
            return None
        alert = now_s < self._alert_until_s
        pause_s = min(behaviour.alarm_interval_s, self.sensor.interval_s) if alert else self.sensor.interval_s
        self._reports_s += pause_s * (1 + (now_s - self._reports_s) // pause_s)
        return values


class Fleet:
    """Virtual sensors that start at ``start`` and are stepped forward by reading from them.

    ``time_zone`` is the county's, for what goes by the hour of the day. Every value is drawn from ``seed`` and the
    sensor's code. Raises SimulatorError when a code comes twice, a kind is not simulated, ``start`` has no offset,
    or an injection names a sensor or cause that is not there.
    """

    def __init__(
        self,
        sensors: Sequence[VirtualSensor],
        *,
        seed: int,
        start: datetime,
        time_zone: ZoneInfo,
        injections: Sequence[Injection] = (),
    ) -> None:
        if start.tzinfo is None:
            raise SimulatorError("the fleet's start needs an offset from UTC")
        self.start = start
        self._time_zone = time_zone
        by_code = {sensor.code: sensor for sensor in sensors}
        if len(by_code) != len(sensors):
            raise SimulatorError("two sensors of the fleet have the same code")
        check_injections(injections, by_code)
        self._units = [_Unit(sensor, BEHAVIOURS[sensor.kind], _of(sensor, injections), seed) for sensor in sensors]
        self._due = [(unit.first_s, index) for index, unit in enumerate(self._units)]
        heapify(self._due)

    def readings(self, until: datetime) -> Iterator[SensorReading]:
        """The readings before ``until``, in order of time; the next call goes on from there."""
        end_s = (until - self.start).total_seconds()
        while self._due and self._due[0][0] < end_s:
            now_s, index = self._due[0]
            unit = self._units[index]
            heapreplace(self._due, (now_s + unit.sample_s, index))
            time = self.start + timedelta(seconds=now_s)
            values = unit.sample(now_s, time.astimezone(self._time_zone))
            if values is not None:
                yield SensorReading(unit.sensor.code, unit.sensor.kind, time, values)


def check_injections(injections: Sequence[Injection], sensors: dict[str, VirtualSensor]) -> None:
    """Hold injections against the sensors they name; SimulatorError with a sentence about the first bad one."""
    for sensor in sensors.values():
        if sensor.kind not in BEHAVIOURS:
            raise SimulatorError(f"sensor {sensor.code} is of kind {sensor.kind!r}, which is not simulated")
    for injection in injections:
        for code in injection.sensors:
            if code not in sensors:
                raise SimulatorError(f"the injection at {injection.at_s} s names {code}, which is not in the fleet")
            _check_causes(injection, sensors[code])


def _check_causes(injection: Injection, sensor: VirtualSensor) -> None:
    known = BEHAVIOURS[sensor.kind].causes
    place = f"the injection at {injection.at_s} s on {sensor.code}"
    for name, value in injection.causes.items():
        if name not in known:
            raise SimulatorError(f"{place} sets {name}, but a {KINDS[sensor.kind].en} sensor knows {', '.join(known)}")
        cause = known[name]
        if not cause.minimum <= value <= cause.maximum:
            raise SimulatorError(f"{place} sets {name} to {value:g}, outside {cause.minimum:g} to {cause.maximum:g}")


def _of(sensor: VirtualSensor, injections: Sequence[Injection]) -> list[Injection]:
    return sorted((one for one in injections if sensor.code in one.sensors), key=lambda one: one.at_s)
