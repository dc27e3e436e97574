"""What a simulated kind consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from simulators.roster import VirtualSensor

Values = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Cause:
    """What a drill may do to a sensor's surroundings: a number, named with its unit, and its range.

    ``usual`` is its value while nobody injects another.
    """

    usual: float
    minimum: float
    maximum: float


class Point(Protocol):
    """One sensor's surroundings and device, stepped forward in time."""

    def sample(self, at: datetime, elapsed_s: float, causes: Mapping[str, float]) -> Values | None:
        """Values at local time ``at``, ``elapsed_s`` after the sample before; None when the device is dead."""

    def is_alarmed(self, values: Values) -> bool:
        """Whether the device itself wakes up on such values."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A simulated kind.

    The device samples every ``sample_s`` (None: once per report) and reports at its sensor's interval; from the
    moment of an alarm until ``alert_s`` after the last one it reports every ``alarm_interval_s``.
    """

    make: Callable[[VirtualSensor, np.random.Generator], Point]
    causes: Mapping[str, Cause]
    sample_s: int | None
    alarm_interval_s: int
    alert_s: int
