"""Rain that runs off a catchment, what the inlets swallow, and the depth of what stays."""

from dataclasses import dataclass
from math import ceil, pow, sqrt

GRAVITY_M_S2 = 9.81
_LONGEST_STEP_S = 10.0


@dataclass(frozen=True, slots=True)
class Catchment:
    """Ground that drains to one low point. Runoff coefficients: asphalt 0.85-0.95, green 0.15-0.3."""

    area_m2: float
    runoff_coefficient: float

    def runoff_m3_s(self, rain_mm_h: float) -> float:
        """Rational method Q = ψ q F, good up to about 2 km²."""
        return self.runoff_coefficient * rain_mm_h / 3_600_000 * self.area_m2


@dataclass(frozen=True, slots=True)
class Inlet:
    """Grates of a low point, ``perimeter_m`` of edge and ``area_m2`` of opening, and the pipe behind them."""

    perimeter_m: float
    area_m2: float
    pipe_m3_s: float

    def outflow_m3_s(self, depth_m: float, *, clogging: float = 0.5, outfall: float = 1.0) -> float:
        """What leaves at ``depth_m``: weir 1.66 P d^1.5 or orifice 0.67 A sqrt(2 g d), whichever is less.

        ``clogging`` is the blocked share of the grates; ``outfall`` the share of the pipe's capacity that a
        backed-up outfall leaves.
        """
        if depth_m <= 0:
            return 0.0
        weir_m3_s = 1.66 * self.perimeter_m * pow(depth_m, 1.5)
        orifice_m3_s = 0.67 * self.area_m2 * sqrt(2 * GRAVITY_M_S2 * depth_m)
        return min(min(weir_m3_s, orifice_m3_s) * (1 - clogging), self.pipe_m3_s * outfall)


@dataclass(frozen=True, slots=True)
class Basin:
    """A low point whose water volume is V = k d^m, m between 2 and 3."""

    catchment: Catchment
    inlet: Inlet
    k: float
    m: float = 2.5

    def depth_m(self, volume_m3: float) -> float:
        """Depth at the deepest place."""
        return pow(volume_m3 / self.k, 1 / self.m)

    def volume_m3(self, depth_m: float) -> float:
        """Water that stands ``depth_m`` deep."""
        return self.k * pow(depth_m, self.m)

    def depth_after(
        self, depth_m: float, *, rain_mm_h: float, elapsed_s: float, clogging: float, outfall: float
    ) -> float:
        """Depth after ``elapsed_s`` of constant rain: dV/dt = Q - min(Q_inlet, Q_pipe), in short steps."""
        steps = max(1, ceil(elapsed_s / _LONGEST_STEP_S))
        step_s = elapsed_s / steps
        inflow_m3_s = self.catchment.runoff_m3_s(rain_mm_h)
        if inflow_m3_s == depth_m == 0:
            return 0.0  # as it would come out below
        volume_m3 = self.volume_m3(depth_m)
        for _ in range(steps):
            outflow_m3_s = self.inlet.outflow_m3_s(self.depth_m(volume_m3), clogging=clogging, outfall=outfall)
            volume_m3 = max(0.0, volume_m3 + (inflow_m3_s - outflow_m3_s) * step_s)
        return self.depth_m(volume_m3)
