"""A noise meter that sends the statistics of its last window."""

from collections.abc import Mapping
from math import log10

import numpy as np
from numpy.typing import NDArray

from ingest.kinds import KINDS
from simulators.physics.noise import (
    add_levels,
    add_seconds,
    level_at,
    rain_level_db,
    second_levels,
    traffic_share,
    window_of,
)
from simulators.physics.sensing import quantised
from simulators.roster import VirtualSensor
from simulators.sensors.battery import Battery
from simulators.sensors.behaviour import Behaviour, Cause, Moment, Values
from simulators.surroundings import Surroundings

_CAUSES = {
    # Level of a work site at 10 m, 0 for none, and how far off it is.
    "construction_db": Cause(usual=0.0, minimum=0.0, maximum=120.0),
    "construction_m": Cause(usual=60.0, minimum=1.0, maximum=2000.0),
    # An event such as a loudspeaker or a horn: level at 10 m, distance, and the share of the time that it sounds.
    "event_db": Cause(usual=0.0, minimum=0.0, maximum=140.0),
    "event_m": Cause(usual=30.0, minimum=1.0, maximum=2000.0),
    "event_share": Cause(usual=1.0, minimum=0.0, maximum=1.0),
    # Rain on this place alone, beside that of the storms.
    "rain_mm_h": Cause(usual=0.0, minimum=0.0, maximum=300.0),
}
_QUANTITIES = {quantity.name: quantity for quantity in KINDS["noise"].quantities}
# Leq of the rush hour, dB(A): within GB 3096-2008 by day, and by night, when there is a tenth of the traffic.
_RUSH_HOUR_DB = {"0": 42.0, "1": 47.0, "2": 52.0, "3": 57.0, "4a": 57.0, "4b": 60.0}
_NIGHT_FLOOR_DB = 32.0
_TRAFFIC_SPREAD_DB = 3.0
_SPREAD_DB = {"construction": 1.5, "event": 2.0}
_RAIN_SPREAD_DB = 1.0
_SILENT_DB = -100.0


class NoisePoint:
    """Traffic by the hour over a floor of wind and insects; work sites, events and rain add by energy."""

    def __init__(self, sensor: VirtualSensor, generator: np.random.Generator, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._generator = generator
        self._rush_hour_db = _RUSH_HOUR_DB[sensor.attributes.get("noise_class", "2")]
        self._rush_hour_db += float(generator.uniform(-1, 0.5))
        self._window_s = sensor.interval_s
        self._battery = Battery(generator)

    def sample(self, moment: Moment, causes: Mapping[str, float]) -> Values:
        """1 s levels of the window that ends now, and their statistics."""
        traffic_db = self._rush_hour_db + 10 * log10(traffic_share(moment.hour))
        sources = [self._seconds(add_levels([traffic_db, _NIGHT_FLOOR_DB]), _TRAFFIC_SPREAD_DB)]
        for name, spread_db in _SPREAD_DB.items():
            if causes[f"{name}_db"] > 0:
                level_db = level_at(causes[f"{name}_db"], from_m=10, to_m=causes[f"{name}_m"])
                sources.append(self._seconds(level_db, spread_db))
                if name == "event":
                    quiet = self._generator.random(self._window_s) >= causes["event_share"]
                    sources[-1][quiet] = _SILENT_DB
        rain_mm_h = causes["rain_mm_h"] + self._surroundings.rain_mm_h(moment.now_s - self._window_s, moment.now_s)
        if rain_mm_h > 0:
            sources.append(self._seconds(rain_level_db(rain_mm_h), _RAIN_SPREAD_DB))
        levels_db = add_seconds(*sources)
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
        values["battery_pct"] = self._battery.drain(moment.elapsed_s)
        return values

    def _seconds(self, leq_db: float, spread_db: float) -> NDArray[np.float64]:
        return second_levels(self._generator, leq_db, seconds=self._window_s, spread_db=spread_db)

    def is_alarmed(self, values: Values) -> bool:
        """Limits apply to whole windows: a meter has nothing to wake up for."""
        return False


NOISE = Behaviour(NoisePoint, _CAUSES, "laeq_db", sample_s=None, alarm_interval_s=600, alert_s=600)
