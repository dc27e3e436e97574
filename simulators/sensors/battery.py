"""A battery that runs down slowly and evenly."""

import numpy as np

from ingest.kinds import KINDS
from simulators.physics.sensing import quantised

_LIFE_S = 3 * 365 * 86_400  # GB/T 41401-2022 asks for three years
_PERCENT = KINDS["gas"].quantity("battery_pct")


class Battery:
    """Starts somewhere between 45 and 100 %, so that a fleet is not all of one age."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._level_pct = float(generator.uniform(45, 100))

    def drain(self, elapsed_s: float) -> float:
        """Charge in whole percent after ``elapsed_s`` more."""
        self._level_pct = max(0.0, self._level_pct - 100 * elapsed_s / _LIFE_S)
        return quantised(self._level_pct, _PERCENT)
