"""A gas probe in a well or on a post."""

from collections.abc import Mapping

import numpy as np

from ingest.kinds import KINDS
from simulators.physics.gas import METHANE_LEL_FRACTION, lel_pct
from simulators.physics.sensing import lagged, quantised
from simulators.roster import VirtualSensor
from simulators.sensors.battery import Battery
from simulators.sensors.behaviour import Behaviour, Cause, Moment, Values
from simulators.sensors.drift import Drift
from simulators.surroundings import Surroundings

_CAUSES = {
    "leak_l_min": Cause(usual=0.0, minimum=0.0, maximum=10_000.0),
    "air_changes_per_h": Cause(usual=0.5, minimum=0.0, maximum=120.0),
    "h2s_source_mg_m3": Cause(usual=0.0, minimum=0.0, maximum=2000.0),
    "co_source_mg_m3": Cause(usual=0.0, minimum=0.0, maximum=5000.0),
}
_QUANTITIES = {quantity.name: quantity for quantity in KINDS["gas"].quantities}
_WAKES_AT = {"ch4_lel_pct": 10.0, "h2s_mg_m3": 5.0, "co_mg_m3": 10.0}


class GasPoint:
    """A well is a mixed box on a duct to its neighbours; a post in the open stands in what the wind brings.

    Sewers always hold a little methane: the background, a few %LEL at most, is no leak.
    """

    def __init__(self, sensor: VirtualSensor, generator: np.random.Generator, surroundings: Surroundings) -> None:
        self._code = sensor.code
        self._surroundings = surroundings
        self._closed = sensor.attributes.get("placement") == "chamber"
        self._background = float(generator.uniform(0.2, 1.6)) / 100 * METHANE_LEL_FRACTION if self._closed else 0.0
        self._shown = {"ch4_lel_pct": lel_pct(self._background), "h2s_mg_m3": 0.0, "co_mg_m3": 0.0}
        self._jitter = {
            "ch4_lel_pct": Drift(generator, spread=0.25, memory_s=1800),
            "h2s_mg_m3": Drift(generator, spread=0.15, memory_s=3600),
            "co_mg_m3": Drift(generator, spread=0.4, memory_s=3600),
            "o2_pct_vol": Drift(generator, spread=0.05, memory_s=3600),
            "temperature_c": Drift(generator, spread=1.0, memory_s=7200),
        }
        self._warmth_c = 24.0 if self._closed else 26.0
        self._battery = Battery(generator)

    def sample(self, moment: Moment, causes: Mapping[str, float]) -> Values:
        """Methane by the box model or the plume, oxygen displaced by it; toxic gases as injected."""
        elapsed_s = moment.elapsed_s
        gas_in = self._surroundings.gas_in_well if self._closed else self._surroundings.gas_in_open
        fraction = min(1.0, self._background + gas_in(self._code, moment.now_s))
        actual = {
            "ch4_lel_pct": lel_pct(fraction),
            "h2s_mg_m3": causes["h2s_source_mg_m3"],
            "co_mg_m3": causes["co_source_mg_m3"],
        }
        for name, value in actual.items():
            self._shown[name] = lagged(self._shown[name], value, elapsed_s=elapsed_s)
        shown = self._shown | {
            "o2_pct_vol": 20.9 * (1 - fraction),
            "temperature_c": self._warmth_c,
        }
        jittered = {name: value + self._jitter[name].step(elapsed_s) for name, value in shown.items()}
        values: Values = {name: quantised(max(0.0, value), _QUANTITIES[name]) for name, value in jittered.items()}
        values["battery_pct"] = self._battery.drain(elapsed_s)
        return values

    def is_alarmed(self, values: Values) -> bool:
        """Probes wake at a lower level than any limit that calls people."""
        return any(float(values[name]) >= level for name, level in _WAKES_AT.items())


GAS = Behaviour(GasPoint, _CAUSES, "ch4_lel_pct", sample_s=60, alarm_interval_s=60, alert_s=3600)
