"""A well on a sewer: how high the water stands in it while it rains, and when its cover lifts."""

from dataclasses import dataclass
from math import ceil, pi, pow, sqrt

from simulators.physics.cover import lift_head_m
from simulators.physics.ponding import GRAVITY_M_S2, Catchment

_LONGEST_STEP_S = 5.0
_WEIR = 1.66  # as for inlets


@dataclass(frozen=True, slots=True)
class Well:
    """A well that gathers the runoff of ``catchment`` and drains through a pipe.

    ``rest_m`` is the dry-weather level against the cover's underside (negative below it), ``storage_m2`` the plan area
    of the well and the pipes that back up with it, ``pick_holes_m2`` the openings of a closed cover.
    """

    catchment: Catchment
    pipe_m3_s: float
    rest_m: float
    storage_m2: float = 30.0
    pick_holes_m2: float = 0.002
    cover_kg: float = 60.0
    cover_diameter_m: float = 0.7

    @property
    def lift_head_m(self) -> float:
        """Head above the underside that lifts the cover."""
        return lift_head_m(self.cover_kg, self.cover_diameter_m)

    def level_after(
        self, level_m: float, *, rain_mm_h: float, elapsed_s: float, outfall: float, lifted: bool
    ) -> tuple[float, bool]:
        """Level after ``elapsed_s`` of constant rain, and whether the cover has been lifted off its seat.

        dV/dt = Q - Q_pipe - Q_spill: the pipe runs as a full pipe does, with the root of the head over its rest
        level; a closed cover lets water out through its pick holes, a lifted one all round its edge. A lifted cover
        stays off its seat when the water falls.
        """
        steps = max(1, ceil(elapsed_s / _LONGEST_STEP_S))
        step_s = elapsed_s / steps
        inflow_m3_s = self.catchment.runoff_m3_s(rain_mm_h)
        if inflow_m3_s == 0 and level_m == self.rest_m < 0:
            return level_m, lifted  # as it would come out below: nothing comes in, nothing leaves
        for _ in range(steps):
            share = sqrt(max(0.0, level_m - self.rest_m) / -self.rest_m) if self.rest_m < 0 else 1.0
            outflow_m3_s = min(share, 1.5) * self.pipe_m3_s * outfall + self._spill_m3_s(level_m, lifted)
            level_m = max(self.rest_m, level_m + (inflow_m3_s - outflow_m3_s) / self.storage_m2 * step_s)
            lifted = lifted or level_m > self.lift_head_m
        return level_m, lifted

    def _spill_m3_s(self, level_m: float, lifted: bool) -> float:
        if level_m <= 0:
            return 0.0
        if lifted:
            return _WEIR * pi * self.cover_diameter_m * pow(level_m, 1.5)
        return 0.67 * self.pick_holes_m2 * sqrt(2 * GRAVITY_M_S2 * level_m)
