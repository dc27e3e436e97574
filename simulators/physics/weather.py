"""Rain and wind over the whole county, as functions of the seconds since the start."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Annotated

import msgspec

from simulators.physics.storm import Storm


@dataclass(frozen=True, slots=True)
class StormAt:
    """A design storm that begins at ``at_s``: the one that returns every ``period_years``."""

    at_s: Annotated[int, msgspec.Meta(ge=0)]
    period_years: Annotated[float, msgspec.Meta(ge=1, le=200)]
    duration_min: Annotated[float, msgspec.Meta(gt=0, le=1440)]
    peak_ratio: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.4

    @property
    def storm(self) -> Storm:
        """Its hyetograph."""
        return Storm(self.period_years, self.duration_min, peak_ratio=self.peak_ratio)


@dataclass(frozen=True, slots=True)
class Wind:
    """Wind speed in m/s, at least a breath of air, and the direction that it comes from, degrees clockwise of north."""

    speed_m_s: Annotated[float, msgspec.Meta(ge=0.1, le=60)] = 1.5
    from_deg: Annotated[float, msgspec.Meta(ge=0, le=360)] = 90.0

    def downwind(self, east_m: float, north_m: float) -> tuple[float, float]:
        """Metres along and across the wind of a place so far east and north of the source."""
        to_east, to_north = -sin(radians(self.from_deg)), -cos(radians(self.from_deg))
        return east_m * to_east + north_m * to_north, east_m * to_north - north_m * to_east


@dataclass(frozen=True, slots=True)
class Weather:
    """What falls and blows."""

    storms: Sequence[StormAt] = ()
    wind: Wind = Wind()

    def rain_mm_h(self, from_s: float, to_s: float) -> float:
        """Mean intensity between two moments; the exact integral of the hyetographs, so no peak is stepped over."""
        if to_s <= from_s:
            return sum(one.storm.intensity_mm_h((to_s - one.at_s) / 60) for one in self.storms)
        fallen_mm = sum(
            one.storm.depth_mm((to_s - one.at_s) / 60) - one.storm.depth_mm((from_s - one.at_s) / 60)
            for one in self.storms
        )
        return fallen_mm * 3600 / (to_s - from_s)


CALM = Weather()
