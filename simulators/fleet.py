"""A fleet of virtual sensors: readings as pure data, the same for the same seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heapreplace
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

from ingest.kinds import KINDS
from simulators.device import DEVICE_SETTINGS, Device
from simulators.errors import SimulatorError
from simulators.injection import Injection, check_injections
from simulators.network import payload_of
from simulators.physics.weather import CALM, Weather
from simulators.roster import VirtualSensor
from simulators.sensors import BEHAVIOURS
from simulators.sensors.behaviour import Moment, Point, Values
from simulators.surroundings import Source, Surroundings
from simulators.timeline import Timeline


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
        return payload_of(self)


class _Unit:
    """One sensor of the fleet: its point, its device, what is done to them, and when it speaks next."""

    def __init__(
        self, sensor: VirtualSensor, surroundings: Surroundings, injections: Sequence[Injection], seed: int
    ) -> None:
        # Seeded by code: a sensor's readings do not depend on which others are in the fleet.
        generator = np.random.default_rng((seed, crc32(sensor.code.encode())))
        behaviour = BEHAVIOURS[sensor.kind]
        self.sensor = sensor
        self.sample_s = behaviour.sample_s or sensor.interval_s
        self.first_s = int(generator.integers(0, self.sample_s))
        self._behaviour = behaviour
        self._point: Point = behaviour.make(sensor, generator, surroundings)
        # Chance of its own: what befalls a device does not change what it stands in.
        own = np.random.default_rng((seed, crc32(sensor.code.encode()), 1))
        self._device = Device(KINDS[sensor.kind], behaviour.primary, own)
        self._causes = Timeline(behaviour.causes, [(one.at_s, one.causes) for one in injections])
        self._settings = Timeline(DEVICE_SETTINGS, [(one.at_s, one.device) for one in injections])
        self._sampled_s = 0
        self._reports_s = int(generator.integers(0, sensor.interval_s))
        self._alert_until_s = 0

    def sample(self, now_s: int, local: datetime) -> Values | None:
        """Step to ``now_s`` after the start; the values when the device reports them, else None."""
        elapsed_s = now_s - self._sampled_s
        self._sampled_s = now_s
        settings = self._settings.at(now_s)
        values = self._point.sample(Moment(now_s, elapsed_s, local), self._causes.at(now_s))
        read = self._device.reads(values, elapsed_s, settings) if values is not None else None
        if read is None:
            return None
        behaviour = self._behaviour
        if settings["wakes"] >= 0.5 and self._point.is_alarmed(read):
            if now_s >= self._alert_until_s:
                self._reports_s = now_s
            self._alert_until_s = now_s + behaviour.alert_s
        if now_s < self._reports_s:
            return None
        interval_s = int(settings["interval_s"]) or self.sensor.interval_s
        if now_s < self._alert_until_s:
            interval_s = min(int(settings["alarm_interval_s"]) or behaviour.alarm_interval_s, interval_s)
        self._reports_s += interval_s * (1 + (now_s - self._reports_s) // interval_s)
        return read


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
        weather: Weather = CALM,
    ) -> None:
        if start.tzinfo is None:
            raise SimulatorError("the fleet's start needs an offset from UTC")
        self.start = start
        self._time_zone = time_zone
        by_code = {sensor.code: sensor for sensor in sensors}
        if len(by_code) != len(sensors):
            raise SimulatorError("two sensors of the fleet have the same code")
        check_injections(injections, by_code)
        own = {sensor.code: _of(sensor, injections) for sensor in sensors}
        surroundings = Surroundings(sensors, weather, _sources(sensors, own), Source(0, *_usual_source()))
        self._units = [_Unit(sensor, surroundings, own[sensor.code], seed) for sensor in sensors]
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


def _usual_source() -> tuple[float, float]:
    causes = BEHAVIOURS["gas"].causes
    return causes["leak_l_min"].usual, causes["air_changes_per_h"].usual


def _sources(
    sensors: Sequence[VirtualSensor], injections: Mapping[str, Sequence[Injection]]
) -> dict[str, list[Source]]:
    """Leaks beside gas sensors, from what is injected there."""
    found: dict[str, list[Source]] = {}
    for sensor in sensors:
        leak, changes = _usual_source()
        for injection in injections[sensor.code]:
            if sensor.kind == "gas" and injection.causes.keys() & {"leak_l_min", "air_changes_per_h"}:
                leak = injection.causes.get("leak_l_min", leak)
                changes = injection.causes.get("air_changes_per_h", changes)
                found.setdefault(sensor.code, []).append(Source(injection.at_s, leak, changes))
    return found


def _of(sensor: VirtualSensor, injections: Sequence[Injection]) -> list[Injection]:
    return sorted((one for one in injections if sensor.code in one.sensors), key=lambda one: one.at_s)
