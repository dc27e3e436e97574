"""Design storms: intensity formula of a place, and the Chicago hyetograph made from it."""

from dataclasses import dataclass
from math import log10, pow


@dataclass(frozen=True, slots=True)
class IntensityFormula:
    """Rain intensity i = A(1 + C lg P)/(t + b)^n in mm/min, with P in years and t in minutes."""

    a: float
    c: float
    b: float
    n: float

    def depth_mm(self, period_years: float, duration_min: float) -> float:
        """Depth of the storm of ``duration_min`` that returns every ``period_years``."""
        intensity = self.a * (1 + self.c * log10(period_years)) / pow(duration_min + self.b, self.n)
        return intensity * duration_min


# Maoming, 2016. No table of Zhaoqing was found; Maoming is the nearest one known.
MAOMING_2016 = IntensityFormula(a=11.146, c=0.360, b=5.590, n=0.567)


@dataclass(frozen=True, slots=True)
class Storm:
    """A Chicago storm of ``formula``, ``duration_min`` long, with its peak at ``peak_ratio`` of that."""

    period_years: float
    duration_min: float
    formula: IntensityFormula = MAOMING_2016
    peak_ratio: float = 0.4

    def intensity_mm_h(self, at_min: float) -> float:
        """Rain ``at_min`` minutes after its start, i = a[(1-n)x+b]/(x+b)^(n+1); zero outside the storm."""
        if not 0 <= at_min <= self.duration_min:
            return 0.0
        before, after = self._scaled(at_min)
        x = before if before > 0 else after
        formula = self.formula
        return 60 * self._a * ((1 - formula.n) * x + formula.b) / pow(x + formula.b, formula.n + 1)

    def depth_mm(self, until_min: float) -> float:
        """Rain fallen ``until_min`` minutes after its start: the exact integral of the intensity."""
        at_min = min(max(until_min, 0.0), self.duration_min)
        before, after = self._scaled(at_min)
        whole, ratio = self._partial(self.duration_min), self.peak_ratio
        if before > 0:
            return ratio * (whole - self._partial(before))
        return ratio * whole + (1 - ratio) * self._partial(after)

    @property
    def _a(self) -> float:
        return self.formula.a * (1 + self.formula.c * log10(self.period_years))

    def _scaled(self, at_min: float) -> tuple[float, float]:
        """Minutes before and after the peak, stretched to the whole duration as the hyetograph wants them."""
        peak_min = self.peak_ratio * self.duration_min
        return (peak_min - at_min) / self.peak_ratio, (at_min - peak_min) / (1 - self.peak_ratio)

    def _partial(self, x: float) -> float:
        return self._a * x / pow(x + self.formula.b, self.formula.n)
