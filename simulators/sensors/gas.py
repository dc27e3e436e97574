"""A gas probe in a well or on a post."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from ingest.kinds import KINDS
from simulators.physics.gas import LITRES_PER_MIN, METHANE_LEL_FRACTION, Chamber, lel_pct, plume_fraction
from simulators.physics.sensing import lagged, quantised
from simulators.roster import VirtualSensor
from simulators.sensors.battery import Battery
from simulators.sensors.behaviour import Behaviour, Cause, Point, Values
from simulators.sensors.drift import Drift

_CAUSES = {
    "leak_l_min": Cause(usual=0.0, minimum=0.0, maximum=10_000.0),
    "air_changes_per_h": Cause(usual=0.5, minimum=0.0, maximum=120.0),
    "h2s_source_mg_m3": Cause(usual=0.0, minimum=0.0, maximum=2000.0),
    "co_source_mg_m3": Cause(usual=0.0, minimum=0.0, maximum=5000.0),
    "wind_m_s": Cause(usual=1.5, minimum=0.1, maximum=30.0),
}
_QUANTITIES = {quantity.name: quantity for quantity in KINDS["gas"].quantities}
_WELL_M3 = 1.5
_POST_DISTANCE_M = 3.0
_WAKES_AT = {"ch4_lel_pct": 10.0, "h2s_mg_m3": 5.0, "co_mg_m3": 10.0}


class GasPoint:
    """A well is a mixed box; a post in the open stands a few metres downwind of a leak.

    Sewers always hold a little methane: the background, a few %LEL at most, is no leak.
    """

    def __init__(self, sensor: VirtualSensor, generator: np.random.Generator) -> None:
        self._closed = sensor.attributes.get("placement") == "chamber"
        background = float(generator.uniform(0.2, 1.6)) / 100 * METHANE_LEL_FRACTION if self._closed else 0.0
        self._chamber = Chamber(_WELL_M3, background)
        self._fraction = background
        self._shown = {"ch4_lel_pct": lel_pct(background), "h2s_mg_m3": 0.0, "co_mg_m3": 0.0}
        self._jitter = {
            "ch4_lel_pct": Drift(generator, spread=0.25, memory_s=1800),
            "h2s_mg_m3": Drift(generator, spread=0.15, memory_s=3600),
            "co_mg_m3": Drift(generator, spread=0.4, memory_s=3600),
            "o2_pct_vol": Drift(generator, spread=0.05, memory_s=3600),
            "temperature_c": Drift(generator, spread=1.0, memory_s=7200),
        }
        self._warmth_c = 24.0 if self._closed else 26.0
        self._battery = Battery(generator)

    def sample(self, at: datetime, elapsed_s: float, causes: Mapping[str, float]) -> Values:
        """Methane by the box model or the plume, oxygen displaced by it; toxic gases as injected."""
        leak_m3_s = causes["leak_l_min"] * LITRES_PER_MIN
        if self._closed:
            self._fraction = self._chamber.concentration(
                self._fraction,
                leak_m3_s=leak_m3_s,
                air_changes_per_h=causes["air_changes_per_h"],
                elapsed_s=elapsed_s,
            )
        else:
            self._fraction = plume_fraction(leak_m3_s, distance_m=_POST_DISTANCE_M, wind_m_s=causes["wind_m_s"])
        actual = {
            "ch4_lel_pct": lel_pct(self._fraction),
            "h2s_mg_m3": causes["h2s_source_mg_m3"],
            "co_mg_m3": causes["co_source_mg_m3"],
        }
        for name, value in actual.items():
            self._shown[name] = lagged(self._shown[name], value, elapsed_s=elapsed_s)
        shown = self._shown | {
            "o2_pct_vol": 20.9 * (1 - self._fraction),
            "temperature_c": self._warmth_c,
        }
        jittered = {name: value + self._jitter[name].step(elapsed_s) for name, value in shown.items()}
        values: Values = {name: quantised(max(0.0, value), _QUANTITIES[name]) for name, value in jittered.items()}
        values["battery_pct"] = self._battery.drain(elapsed_s)
        return values

    def is_alarmed(self, values: Values) -> bool:
        """Probes wake at a lower level than any limit that calls people."""
        return any(float(values[name]) >= level for name, level in _WAKES_AT.items())


def _make(sensor: VirtualSensor, generator: np.random.Generator) -> Point:
    return GasPoint(sensor, generator)


GAS = Behaviour(_make, _CAUSES, sample_s=60, alarm_interval_s=60, alert_s=3600)
