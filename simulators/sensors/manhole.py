"""A smart manhole cover: contact switch, tilt, shocks, and the water in its well."""

from collections.abc import Mapping

import numpy as np

from ingest.kinds import KINDS
from simulators.physics.cover import Theft
from simulators.physics.noise import traffic_share
from simulators.physics.ponding import Catchment
from simulators.physics.sensing import quantised
from simulators.physics.sewer import Well
from simulators.roster import VirtualSensor
from simulators.sensors.battery import Battery
from simulators.sensors.behaviour import Behaviour, Cause, Moment, Values
from simulators.sensors.drift import Drift
from simulators.surroundings import Surroundings

_CAUSES = {
    "taken": Cause(usual=0.0, minimum=0.0, maximum=1.0),
    # Dry-weather level against the cover's underside: negative below it.
    "well_level_m": Cause(usual=-1.8, minimum=-10.0, maximum=1.0),
    "outfall": Cause(usual=1.0, minimum=0.0, maximum=1.0),
    # While it is 1 somebody holds the cover on its seat.
    "reseated": Cause(usual=0.0, minimum=0.0, maximum=1.0),
    # A cover that a wheel or a tool has turned on its seat without taking it.
    "shifted_deg": Cause(usual=0.0, minimum=0.0, maximum=90.0),
}
_QUANTITIES = {quantity.name: quantity for quantity in KINDS["manhole"].quantities}
_CATCHMENT = Catchment(area_m2=2_500, runoff_coefficient=0.85)
_PIPE_M3_S = 0.07  # runs full at about 120 mm/h
_OFF_SEAT_DEG = 10.0
_LIFTED_DEG = 12.0
_KNOCKS_PER_S_AT_RUSH_HOUR = {"carriageway": 0.01, "pavement": 0.0005}


class CoverPoint:
    """Traffic knocks on it, a flood lifts it, a thief takes it."""

    def __init__(self, sensor: VirtualSensor, generator: np.random.Generator, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._generator = generator
        self._knocks_per_s = _KNOCKS_PER_S_AT_RUSH_HOUR[sensor.attributes.get("road", "pavement")]
        self._rest_tilt_deg = float(generator.uniform(0.1, 1.5))
        self._level_offset_m = float(generator.uniform(-0.4, 0.4))
        self._level_now_m = -10.0
        self._lifted = False
        self._level = Drift(generator, spread=0.05, memory_s=6 * 3600)
        self._rssi_dbm = float(generator.uniform(-98, -72))
        self._shocks = 0
        self._theft = Theft(
            final_tilt_deg=float(generator.uniform(60, 120)),
            tip_s=float(generator.uniform(2, 5)),
            silent_after_s=120,
            shocks=int(generator.integers(4, 12)),
        )
        self._taken_for_s = 0.0
        self._battery = Battery(generator)

    def sample(self, moment: Moment, causes: Mapping[str, float]) -> Values | None:
        """State, tilt and level; None once a stolen cover is out of reach."""
        elapsed_s = moment.elapsed_s
        knocks = self._knocks_per_s * traffic_share(moment.hour) * elapsed_s
        self._shocks += int(self._generator.poisson(knocks))
        level_m = self._level_m(moment, causes) + self._level.step(elapsed_s)
        rssi_dbm = self._rssi_dbm + float(self._generator.normal(0, 2))
        state, tilt_deg = "closed", self._rest_tilt_deg + causes["shifted_deg"]
        if self._lifted or causes["shifted_deg"] >= _OFF_SEAT_DEG:
            state, tilt_deg = "displaced", max(_LIFTED_DEG, tilt_deg)
        if causes["taken"] >= 0.5:
            self._shocks += self._theft.shocks if self._taken_for_s == 0 else 0
            self._taken_for_s += elapsed_s
            if self._taken_for_s > self._theft.silent_after_s:
                return None
            rssi_dbm -= self._theft.signal_loss_db
            state, tilt_deg = "missing", self._theft.tilt_deg(self._taken_for_s)
        elif self._taken_for_s > 0:  # a new cover lies where the old one was
            self._taken_for_s, self._lifted = 0.0, False
        numbers = {
            "tilt_deg": tilt_deg,
            "water_below_cover_m": -level_m,
            "shock_count": float(self._shocks),
            "rssi_dbm": rssi_dbm,
        }
        values: Values = {name: quantised(value, _QUANTITIES[name]) for name, value in numbers.items()}
        values["cover_state"] = state
        values["battery_pct"] = self._battery.drain(elapsed_s)
        return values

    def _level_m(self, moment: Moment, causes: Mapping[str, float]) -> float:
        """Level against the cover's underside: rest, and what the storm backs up in the well."""
        usual = causes["well_level_m"] == _CAUSES["well_level_m"].usual
        rest_m = causes["well_level_m"] + (self._level_offset_m if usual else 0.0)
        well = Well(_CATCHMENT, _PIPE_M3_S, rest_m)
        rain_mm_h = self._surroundings.rain_mm_h(moment.now_s - moment.elapsed_s, moment.now_s)
        self._level_now_m, self._lifted = well.level_after(
            max(rest_m, self._level_now_m),
            rain_mm_h=rain_mm_h,
            elapsed_s=moment.elapsed_s,
            outfall=causes["outfall"],
            lifted=self._lifted and causes["reseated"] < 0.5,
        )
        return self._level_now_m

    def is_alarmed(self, values: Values) -> bool:
        """The switch, the tilt or the water wakes the device, within 30 s by GB/T 41401-2022."""
        return (
            values["cover_state"] != "closed"
            or float(values["tilt_deg"]) >= 5
            or float(values["water_below_cover_m"]) <= 0.3
        )


MANHOLE = Behaviour(CoverPoint, _CAUSES, "tilt_deg", sample_s=30, alarm_interval_s=60, alert_s=1800)
