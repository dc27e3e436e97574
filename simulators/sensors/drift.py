"""A value that wanders around its mean."""

from math import exp, sqrt

import numpy as np


class Drift:
    """Ornstein-Uhlenbeck process: mean 0, standard deviation ``spread``, forgetting its past over ``memory_s``.

    Its exact update is used, so the sampling step does not change its statistics.
    """

    def __init__(self, generator: np.random.Generator, *, spread: float, memory_s: float) -> None:
        self._generator, self._spread, self._memory_s = generator, spread, memory_s
        self._value = float(generator.normal(0, spread))

    def step(self, elapsed_s: float) -> float:
        """The value after ``elapsed_s`` more."""
        kept = exp(-elapsed_s / self._memory_s)
        self._value = self._value * kept + self._spread * sqrt(1 - kept * kept) * float(self._generator.normal())
        return self._value
