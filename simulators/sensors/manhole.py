"""A smart manhole cover: contact switch, tilt, shocks, and the water in its well."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from ingest.kinds import KINDS
from simulators.physics.cover import Theft, lift_head_m
from simulators.physics.noise import traffic_share
from simulators.physics.sensing import quantised
from simulators.roster import VirtualSensor
from simulators.sensors.battery import Battery
from simulators.sensors.behaviour import Behaviour, Cause, Point, Values
from simulators.sensors.drift import Drift

_CAUSES = {
    "taken": Cause(usual=0.0, minimum=0.0, maximum=1.0),
    # Water level against the cover's underside: negative below it.
    "well_level_m": Cause(usual=-1.8, minimum=-10.0, maximum=1.0),
}
_QUANTITIES = {quantity.name: quantity for quantity in KINDS["manhole"].quantities}
_LIFT_HEAD_M = lift_head_m(60, 0.7)
_KNOCKS_PER_S_AT_RUSH_HOUR = {"carriageway": 0.01, "pavement": 0.0005}


class CoverPoint:
    """Traffic knocks on it, a flood lifts it, a thief takes it."""

    def __init__(self, sensor: VirtualSensor, generator: np.random.Generator) -> None:
        self._generator = generator
        self._knocks_per_s = _KNOCKS_PER_S_AT_RUSH_HOUR[sensor.attributes.get("road", "pavement")]
        self._rest_tilt_deg = float(generator.uniform(0.1, 1.5))
        self._level_offset_m = float(generator.uniform(-0.4, 0.4))
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

    def sample(self, at: datetime, elapsed_s: float, causes: Mapping[str, float]) -> Values | None:
        """State, tilt and level; None once a stolen cover is out of reach."""
        self._shocks += int(self._generator.poisson(self._knocks_per_s * traffic_share(_hour(at)) * elapsed_s))
        level_m = causes["well_level_m"] + self._level.step(elapsed_s)
        if causes["well_level_m"] == _CAUSES["well_level_m"].usual:
            level_m += self._level_offset_m
        rssi_dbm = self._rssi_dbm + float(self._generator.normal(0, 2))
        state, tilt_deg = "closed", self._rest_tilt_deg
        if causes["well_level_m"] > _LIFT_HEAD_M:
            state, tilt_deg = "displaced", 12.0
        if causes["taken"] >= 0.5:
            self._shocks += self._theft.shocks if self._taken_for_s == 0 else 0
            self._taken_for_s += elapsed_s
            if self._taken_for_s > self._theft.silent_after_s:
                return None
            rssi_dbm -= self._theft.signal_loss_db
            state, tilt_deg = "missing", self._theft.tilt_deg(self._taken_for_s)
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

    def is_alarmed(self, values: Values) -> bool:
        """The switch, the tilt or the water wakes the device, within 30 s by GB/T 41401-2022."""
        return (
            values["cover_state"] != "closed"
            or float(values["tilt_deg"]) >= 5
            or float(values["water_below_cover_m"]) <= 0.3
        )


def _hour(at: datetime) -> float:
    return at.hour + at.minute / 60


def _make(sensor: VirtualSensor, generator: np.random.Generator) -> Point:
    return CoverPoint(sensor, generator)


MANHOLE = Behaviour(_make, _CAUSES, sample_s=30, alarm_interval_s=60, alert_s=1800)
