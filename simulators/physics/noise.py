"""Sound levels in dB(A): how sources add, spread and fluctuate, and the statistics of a window."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import NDArray

TRAFFIC_AT_1000_VEH_H_DB = 70.0

# Share of the rush hour's traffic at each full hour; straight lines between them.
_TRAFFIC_SHARE = (
    *(0.20, 0.14, 0.11, 0.10, 0.11, 0.18, 0.35, 0.75, 1.00, 0.90, 0.80, 0.80),
    *(0.75, 0.70, 0.75, 0.80, 0.90, 1.00, 1.00, 0.80, 0.60, 0.42, 0.28, 0.24),
)


def add_levels(levels_db: Iterable[float]) -> float:
    """Levels add by energy, L = 10 lg Σ 10^(Li/10). ValueError when there is none to add."""
    energy = sum(10 ** (level / 10) for level in levels_db)
    if energy == 0:
        raise ValueError("no levels to add")
    return 10 * log10(energy)


def traffic_share(hour: float) -> float:
    """Traffic at ``hour`` of the day (0 to 24) as a share of the rush hour's: 0.1 at 03:00."""
    whole = int(hour) % 24
    ahead = hour - int(hour)
    return _TRAFFIC_SHARE[whole] * (1 - ahead) + _TRAFFIC_SHARE[(whole + 1) % 24] * ahead


def traffic_level_db(vehicles_per_h: float) -> float:
    """Roadside level L0 + 10 lg(q/q0), 70 dB at 1000 vehicles per hour."""
    return TRAFFIC_AT_1000_VEH_H_DB + 10 * log10(vehicles_per_h / 1000)


def level_at(level_db: float, *, from_m: float, to_m: float) -> float:
    """Level of a point source at ``to_m``, known at ``from_m``: L - 20 lg(r/r0)."""
    return level_db - 20 * log10(to_m / from_m)


def rain_level_db(rain_mm_h: float) -> float:
    """Drops on a microphone's cover, 40 + 12 lg(i) for i in mm/h: our own estimate, between drizzle and downpour."""
    return 40 + 12 * log10(max(rain_mm_h, 0.1))


def second_levels(
    generator: np.random.Generator, leq_db: float, *, seconds: int, spread_db: float
) -> NDArray[np.float64]:
    """Levels of each second of a fluctuating sound whose energy mean is ``leq_db``.

    Normal in dB with ``spread_db``; such a sound's Leq lies ln(10)/20·spread² above its mean level.
    """
    mean_db = leq_db - np.log(10) / 20 * spread_db**2
    return generator.normal(mean_db, spread_db, seconds)


def add_seconds(*sources: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels of each second when several sources sound at once: added by energy, second by second."""
    energy = np.sum([10 ** (levels / 10) for levels in sources], axis=0)
    levels: NDArray[np.float64] = 10 * np.log10(energy)
    return levels


@dataclass(frozen=True, slots=True)
class NoiseWindow:
    """Statistics of a window: energy mean, maximum, and the levels exceeded 10, 50 and 90 % of the time."""

    laeq_db: float
    lmax_db: float
    l10_db: float
    l50_db: float
    l90_db: float


def window_of(levels_db: NDArray[np.float64]) -> NoiseWindow:
    """Statistics of 1 s levels."""
    l10, l50, l90 = np.percentile(levels_db, (90, 50, 10))
    return NoiseWindow(
        laeq_db=float(10 * np.log10(np.mean(10 ** (levels_db / 10)))),
        lmax_db=float(levels_db.max()),
        l10_db=float(l10),
        l50_db=float(l50),
        l90_db=float(l90),
    )
