"""A noise meter that sends the statistics of its last window."""

from collections.abc import Mapping
from datetime import datetime
from math import log10

import numpy as np

from ingest.kinds import KINDS
from simulators.physics.noise import add_levels, level_at, second_levels, traffic_share, window_of
from simulators.physics.sensing import quantised
from simulators.roster import VirtualSensor
from simulators.sensors.battery import Battery
from simulators.sensors.behaviour import Behaviour, Cause, Point, Values

_CAUSES = {
    # Level of a work site at 10 m, 0 for none, and how far off it is.
    "construction_db": Cause(usual=0.0, minimum=0.0, maximum=120.0),
    "construction_m": Cause(usual=60.0, minimum=1.0, maximum=2000.0),
}
_QUANTITIES = {quantity.name: quantity for quantity in KINDS["noise"].quantities}
# Leq of the rush hour, dB(A): within GB 3096-2008 by day, and by night, when there is a tenth of the traffic.
_RUSH_HOUR_DB = {"0": 42.0, "1": 47.0, "2": 52.0, "3": 57.0, "4a": 57.0, "4b": 60.0}
_NIGHT_FLOOR_DB = 32.0
_TRAFFIC_SPREAD_DB = 3.0
_CONSTRUCTION_SPREAD_DB = 1.5


class NoisePoint:
    """Traffic by the hour over a floor of wind and insects; a work site adds by energy, second by second."""

    def __init__(self, sensor: VirtualSensor, generator: np.random.Generator) -> None:
        self._generator = generator
        self._rush_hour_db = _RUSH_HOUR_DB[sensor.attributes.get("noise_class", "2")]
        self._rush_hour_db += float(generator.uniform(-1, 0.5))
        self._window_s = sensor.interval_s
        self._battery = Battery(generator)

    def sample(self, at: datetime, elapsed_s: float, causes: Mapping[str, float]) -> Values:
        """1 s levels of the window that ends now, and their statistics."""
        traffic_db = self._rush_hour_db + 10 * log10(traffic_share(at.hour + at.minute / 60))
        levels_db = second_levels(
            self._generator,
            add_levels([traffic_db, _NIGHT_FLOOR_DB]),
            seconds=self._window_s,
            spread_db=_TRAFFIC_SPREAD_DB,
        )
        if causes["construction_db"] > 0:
            site_db = second_levels(
                self._generator,
                level_at(causes["construction_db"], from_m=10, to_m=causes["construction_m"]),
                seconds=self._window_s,
                spread_db=_CONSTRUCTION_SPREAD_DB,
            )
            levels_db = 10 * np.log10(10 ** (levels_db / 10) + 10 ** (site_db / 10))
        window = window_of(levels_db)
        numbers = {
            "laeq_db": window.laeq_db,
            "lmax_db": window.lmax_db,
            "l10_db": window.l10_db,
            "l50_db": window.l50_db,
            "l90_db": window.l90_db,
            "window_s": float(self._window_s),
        }
        values: Values = {name: quantised(value, _QUANTITIES[name]) for name, value in numbers.items()}
        values["battery_pct"] = self._battery.drain(elapsed_s)
        return values

    def is_alarmed(self, values: Values) -> bool:
        """Limits apply to whole windows: a meter has nothing to wake up for."""
        return False


def _make(sensor: VirtualSensor, generator: np.random.Generator) -> Point:
    return NoisePoint(sensor, generator)


NOISE = Behaviour(_make, _CAUSES, sample_s=None, alarm_interval_s=600, alert_s=600)
