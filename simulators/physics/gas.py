"""Gas in a well-mixed chamber, and in the open downwind of a leak, as volume fractions from 0 to 1."""

from dataclasses import dataclass
from math import exp, inf, log, pi, sqrt

METHANE_LEL_FRACTION = 0.05  # 5 %vol, lower explosive limit of methane in air
LITRES_PER_MIN = 1 / 60_000  # m³/s


@dataclass(frozen=True, slots=True)
class Chamber:
    """A well: ``volume_m3``, and the fraction of methane in the air that comes in."""

    volume_m3: float
    background: float = 0.0

    def concentration(self, initial: float, *, leak_m3_s: float, air_changes_per_h: float, elapsed_s: float) -> float:
        """Methane after ``elapsed_s`` of a constant leak and ventilation, starting from ``initial``.

        The box model dC/dt = [q(1-C) - v(C-C0)]/V is linear, so it is solved, not stepped: any step gives the
        same answer.
        """
        ventilation_m3_s = air_changes_per_h * self.volume_m3 / 3600
        flow_m3_s = leak_m3_s + ventilation_m3_s
        if flow_m3_s == 0:
            return initial
        final = (leak_m3_s + ventilation_m3_s * self.background) / flow_m3_s
        return final + (initial - final) * exp(-flow_m3_s / self.volume_m3 * elapsed_s)

    def time_to_reach(self, fraction: float, *, leak_m3_s: float, air_changes_per_h: float) -> float:
        """Seconds from background to ``fraction``; infinite when it levels off below."""
        ventilation_m3_s = air_changes_per_h * self.volume_m3 / 3600
        flow_m3_s = leak_m3_s + ventilation_m3_s
        if flow_m3_s == 0:
            return inf
        final = (leak_m3_s + ventilation_m3_s * self.background) / flow_m3_s
        if final <= fraction:
            return inf
        share = (final - fraction) / (final - self.background)
        return -log(share) * self.volume_m3 / flow_m3_s


def plume_fraction(leak_m3_s: float, *, distance_m: float, wind_m_s: float, aside_m: float = 0.0) -> float:
    """Methane in a ground-level plume, C = Q/(π u σy σz) exp(-y²/2σy²) with Briggs' urban class D spreads.

    ``distance_m`` is along the wind, nothing upwind of the source, ``aside_m`` across it. Good for some metres to some
    kilometres; near the source it is capped at pure gas.
    """
    if distance_m <= 0:
        return 0.0
    sigma_y_m = 0.16 * distance_m / sqrt(1 + 0.0004 * distance_m)
    sigma_z_m = 0.14 * distance_m / sqrt(1 + 0.0003 * distance_m)
    aside = exp(-(aside_m**2) / (2 * sigma_y_m**2))
    return min(1.0, leak_m3_s / (pi * wind_m_s * sigma_y_m * sigma_z_m) * aside)


def exchange(fractions: list[float], volume_m3: float, duct_m3_s: float, elapsed_s: float) -> list[float]:
    """Chambers in a row after their ducts have carried air both ways between neighbours for ``elapsed_s``.

    Each pair goes the exact way of two mixed boxes, so what one loses the other gains; pair after pair, good for steps
    that are short against volume over flow.
    """
    after = list(fractions)
    share = (1 - exp(-2 * duct_m3_s * elapsed_s / volume_m3)) / 2
    for left in range(len(after) - 1):
        passed = share * (after[left] - after[left + 1])
        after[left] -= passed
        after[left + 1] += passed
    return after


def lel_pct(fraction: float) -> float:
    """Methane as percent of its lower explosive limit."""
    return 100 * fraction / METHANE_LEL_FRACTION
