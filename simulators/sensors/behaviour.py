"""What a simulated kind consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from simulators.roster import VirtualSensor
from simulators.surroundings import Surroundings

Values = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Cause:
    """What a drill may set: a number, named with its unit, and its range. ``usual`` holds until it is set."""

    usual: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Moment:
    """When a sample is taken: seconds since the start and since the sample before, and the local time."""

    now_s: int
    elapsed_s: float
    local: datetime

    @property
    def hour(self) -> float:
        """Hour of the local day, 0 to 24."""
        return self.local.hour + self.local.minute / 60


class Point(Protocol):
    """One sensor's surroundings and device, stepped forward in time."""

    def sample(self, moment: Moment, causes: Mapping[str, float]) -> Values | None:
        """Values at ``moment``; None when the device is dead."""

    def is_alarmed(self, values: Values) -> bool:
        """Whether the device itself wakes up on such values."""


Make = Callable[[VirtualSensor, np.random.Generator, Surroundings], Point]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A simulated kind.

    The device samples every ``sample_s`` (None: once per report) and reports at its sensor's interval; from the
    moment of an alarm until ``alert_s`` after the last one it reports every ``alarm_interval_s``. ``primary`` is the
    quantity that its sensing element measures: the one that drifts, sticks and spikes.
    """

    make: Make
    causes: Mapping[str, Cause]
    primary: str
    sample_s: int | None
    alarm_interval_s: int
    alert_s: int
