"""What a device makes of what it measures: it ages, lags, sticks, spikes, sleeps and falls silent."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ingest.kinds import Kind
from simulators.physics.sensing import lagged, quantised
from simulators.sensors.behaviour import Cause, Values

DEVICE_SETTINGS: Mapping[str, Cause] = MappingProxyType(
    {
        # Reporting intervals; 0: as registered, and as usual for the kind.
        "interval_s": Cause(0, 0, 86_400),
        "alarm_interval_s": Cause(0, 0, 86_400),
        # 0: it does not wake up on an alarm, and reports at its interval alone.
        "wakes": Cause(1, 0, 1),
        # 1: it says nothing.
        "silent": Cause(0, 0, 1),
        # Charge; -1: what its own age has left of it.
        "battery_pct": Cause(-1, -1, 100),
        # Steps of its converter, in steps of the quantity's resolution.
        "coarseness": Cause(1, 1, 1000),
        # Of the sensing element: first-order lag, drift in the quantity's unit, 1: stuck at its latest value.
        "lag_t90_s": Cause(0, 0, 3600),
        "drift_per_h": Cause(0, -100, 100),
        "stuck": Cause(0, 0, 1),
        # Share of samples with a spike, and its height in the quantity's unit.
        "spike_share": Cause(0, 0, 1),
        "spike": Cause(0, -1000, 1000),
    }
)


class Device:
    """The electronics of one sensor around its sensing element, whose quantity is ``primary``."""

    def __init__(self, kind: Kind, primary: str, generator: np.random.Generator) -> None:
        self._quantity = kind.quantity(primary)
        self._generator = generator
        self._drift = 0.0
        self._shown: float | None = None
        self._stuck_at: float | None = None

    def reads(self, values: Values, elapsed_s: float, settings: Mapping[str, float]) -> Values | None:
        """What the device says when its surroundings are ``values``; None when it says nothing."""
        if settings["silent"] >= 0.5:
            return None
        name = self._quantity.name
        actual = float(values[name])
        if settings["lag_t90_s"] > 0 and self._shown is not None:
            actual = lagged(self._shown, actual, elapsed_s=elapsed_s, t90_s=settings["lag_t90_s"])
        self._shown = actual
        self._drift = self._drift + settings["drift_per_h"] * elapsed_s / 3600 if settings["drift_per_h"] else 0.0
        shown = actual + self._drift
        # Drawn always: a setting of later changes nothing of what came before.
        if self._generator.random() < settings["spike_share"]:
            shown += settings["spike"]
        if settings["stuck"] >= 0.5:
            self._stuck_at = shown if self._stuck_at is None else self._stuck_at
            shown = self._stuck_at
        else:
            self._stuck_at = None
        step = self._quantity.resolution * settings["coarseness"]
        read = {**values, name: quantised(round(shown / step) * step, self._quantity)}
        if settings["battery_pct"] >= 0:
            read["battery_pct"] = float(round(settings["battery_pct"]))
        return read
