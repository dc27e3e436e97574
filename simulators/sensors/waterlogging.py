"""A water gauge at a low point of a road, or in an underpass."""

from collections.abc import Mapping

import numpy as np

from ingest.kinds import KINDS
from simulators.physics.ponding import Basin, Catchment, Inlet
from simulators.physics.sensing import quantised
from simulators.roster import VirtualSensor
from simulators.sensors.battery import Battery
from simulators.sensors.behaviour import Behaviour, Cause, Moment, Values
from simulators.sensors.drift import Drift
from simulators.surroundings import Surroundings

_CAUSES = {
    # Rain on this place alone, beside that of the storms.
    "rain_mm_h": Cause(usual=0.0, minimum=0.0, maximum=300.0),
    "clogging": Cause(usual=0.5, minimum=0.0, maximum=1.0),
    "outfall": Cause(usual=1.0, minimum=0.0, maximum=1.0),
}
_QUANTITIES = {quantity.name: quantity for quantity in KINDS["waterlogging"].quantities}
# An underpass gathers more water in less room, and its pump is a small pipe.
_BASINS = {
    "road": Basin(Catchment(8_000, 0.85), Inlet(4.0, 0.40, pipe_m3_s=0.12), k=1500.0),
    "underpass": Basin(Catchment(12_000, 0.9), Inlet(6.0, 0.60, pipe_m3_s=0.15), k=600.0),
}


class WaterPoint:
    """Rain runs to the low point, inlets swallow what they can, the gauge shows what stays."""

    def __init__(self, sensor: VirtualSensor, generator: np.random.Generator, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._basin = _BASINS[sensor.attributes.get("place", "road")]
        self._depth_m = 0.0
        self._ripple = Drift(generator, spread=0.002, memory_s=300)
        self._battery = Battery(generator)

    def sample(self, moment: Moment, causes: Mapping[str, float]) -> Values:
        """Depth and rain; the gauge is good to about a centimetre."""
        elapsed_s = moment.elapsed_s
        rain_mm_h = causes["rain_mm_h"] + self._surroundings.rain_mm_h(moment.now_s - elapsed_s, moment.now_s)
        self._depth_m = self._basin.depth_after(
            self._depth_m,
            rain_mm_h=rain_mm_h,
            elapsed_s=elapsed_s,
            clogging=causes["clogging"],
            outfall=causes["outfall"],
        )
        shown_m = max(0.0, self._depth_m + self._ripple.step(elapsed_s))
        return {
            "depth_m": quantised(shown_m, _QUANTITIES["depth_m"]),
            "rain_mm_h": quantised(rain_mm_h, _QUANTITIES["rain_mm_h"]),
            "battery_pct": self._battery.drain(elapsed_s),
        }

    def is_alarmed(self, values: Values) -> bool:
        """The gauge speeds up when there is water to watch."""
        return float(values["depth_m"]) >= 0.04


WATERLOGGING = Behaviour(WaterPoint, _CAUSES, "depth_m", sample_s=60, alarm_interval_s=60, alert_s=1800)
