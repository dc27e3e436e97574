"""What moves a manhole cover: water from below, and hands."""

from dataclasses import dataclass
from math import pi

WATER_KG_M3 = 1000.0


def lift_head_m(mass_kg: float, diameter_m: float) -> float:
    """Head of water above the cover's underside that lifts it: m/(ρ π D²/4)."""
    return mass_kg / (WATER_KG_M3 * pi * diameter_m**2 / 4)


@dataclass(frozen=True, slots=True)
class Theft:
    """A cover levered up and carried off: it tips to ``final_tilt_deg`` within ``tip_s``.

    The device sends weaker from under it, by ``signal_loss_db``, and after ``silent_after_s`` no more.
    """

    final_tilt_deg: float
    tip_s: float
    silent_after_s: float
    shocks: int
    signal_loss_db: float = 15.0

    def tilt_deg(self, elapsed_s: float) -> float:
        """Tilt ``elapsed_s`` seconds after the lever went in."""
        share = min(max(elapsed_s / self.tip_s, 0.0), 1.0)
        return self.final_tilt_deg * share * share * (3 - 2 * share)
