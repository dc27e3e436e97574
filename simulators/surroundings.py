"""What the sensors of a fleet stand in together: weather, and gas that goes from place to place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulators.physics.gas import LITRES_PER_MIN, Chamber, exchange, plume_fraction
from simulators.physics.weather import Weather
from simulators.roster import VirtualSensor

WELL = Chamber(volume_m3=1.5)
_DUCT_M3_S = 20 * LITRES_PER_MIN  # the draught in a duct between two wells
_POST_DISTANCE_M = 3.0
_GRID_S = 10  # chains are stepped on a fixed grid, so that nothing depends on who asks when


@dataclass(frozen=True, slots=True)
class Source:
    """From ``at_s`` on so much methane comes in, and the well is aired so often."""

    at_s: int
    leak_l_min: float
    air_changes_per_h: float


@dataclass(slots=True)
class _Chain:
    """Wells in a row along a duct, and the gas in each beyond what is always there."""

    codes: tuple[str, ...]
    sources: Mapping[str, Sequence[Source]]
    usual: Source
    at_s: int = 0
    fractions: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.fractions = [0.0] * len(self.codes)

    def at(self, code: str, now_s: int) -> float:
        while self.at_s + _GRID_S <= now_s:
            self._step()
        return self.fractions[self.codes.index(code)]

    def _step(self) -> None:
        in_force = [_in_force(self.sources.get(code, ()), self.at_s, self.usual) for code in self.codes]
        if any(self.fractions) or any(source.leak_l_min for source in in_force):
            filled = [
                WELL.concentration(
                    fraction,
                    leak_m3_s=source.leak_l_min * LITRES_PER_MIN,
                    air_changes_per_h=source.air_changes_per_h,
                    elapsed_s=_GRID_S,
                )
                for fraction, source in zip(self.fractions, in_force, strict=True)
            ]
            self.fractions = exchange(filled, WELL.volume_m3, _DUCT_M3_S, _GRID_S)
        self.at_s += _GRID_S


def _in_force(sources: Sequence[Source], now_s: int, usual: Source) -> Source:
    return next((source for source in reversed(sources) if source.at_s <= now_s), usual)


class Surroundings:
    """Asked by the sensors of one fleet, each with its own time; times of one sensor must not go back.

    ``sources`` are the leaks by the sensor beside them, each list in order of time; ``usual`` holds elsewhere.
    """

    def __init__(
        self,
        sensors: Sequence[VirtualSensor],
        weather: Weather,
        sources: Mapping[str, Sequence[Source]],
        usual: Source,
    ) -> None:
        self.weather = weather
        self._sources = sources
        self._usual = usual
        self._sensors = {sensor.code: sensor for sensor in sensors}
        rows: dict[str, list[str]] = {}
        for sensor in sensors:
            if sensor.attributes.get("placement") == "chamber":
                rows.setdefault(sensor.attributes.get("chamber", sensor.code), []).append(sensor.code)
        chains = [_Chain(tuple(codes), sources, usual) for codes in rows.values()]
        self._chain_of = {code: chain for chain in chains for code in chain.codes}

    def rain_mm_h(self, from_s: float, to_s: float) -> float:
        """Mean rain between two moments."""
        return self.weather.rain_mm_h(from_s, to_s)

    def gas_in_well(self, code: str, now_s: int) -> float:
        """Methane in the well of a sensor, as a fraction beyond its background: leaked there or come along the duct."""
        return self._chain_of[code].at(code, now_s)

    def gas_in_open(self, code: str, now_s: int) -> float:
        """Methane at a post: of a leak a few metres upwind, and what the wind brings from leaks at other posts."""
        wind = self.weather.wind
        total = 0.0
        for leaking, sources in self._sources.items():
            source = _in_force(sources, now_s, self._usual)
            place = self._sensors[leaking]
            if source.leak_l_min == 0 or place.attributes.get("placement") == "chamber":
                continue
            away = (0.0, 0.0) if leaking == code else place.metres_to(self._sensors[code])
            if away is None:
                continue
            along_m, aside_m = wind.downwind(*away)
            total += plume_fraction(
                source.leak_l_min * LITRES_PER_MIN,
                distance_m=along_m + _POST_DISTANCE_M,
                wind_m_s=wind.speed_m_s,
                aside_m=aside_m,
            )
        return min(1.0, total)
