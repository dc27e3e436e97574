"""What a sensor makes of the truth: it lags, and it counts in steps."""

from math import exp, log

from ingest.kinds import Quantity


def lagged(shown: float, actual: float, *, elapsed_s: float, t90_s: float = 30.0) -> float:
    """What a first-order sensor shows ``elapsed_s`` after it showed ``shown``, the truth being ``actual``.

    After ``t90_s`` it has gone 90 % of the way.
    """
    return actual + (shown - actual) * exp(-log(10) * elapsed_s / t90_s)


def quantised(value: float, quantity: Quantity) -> float:
    """``value`` in whole steps of the quantity's resolution, held at the ends of its range."""
    steps = round(min(max(value, quantity.minimum), quantity.maximum) / quantity.resolution)
    # Steps are decimal: rounding off binary dust keeps payloads short, + 0.0 drops a minus zero.
    return round(steps * quantity.resolution, 6) + 0.0
