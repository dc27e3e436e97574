"""Whether a sensor's values can be believed: outside the plausible range, stuck, or a spike. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from alerts.rules import Fault
from ingest.payload import Row

_NEVER_STUCK = timedelta.max


@dataclass(frozen=True, slots=True)
class Plausibility:
    """A kind's rule of faults with the positions of its quantities in a row looked up; -1 stands for none."""

    ranges: tuple[tuple[int, float, float], ...] = ()
    stuck: int = -1
    stuck_above: float = 0.0
    stuck_for: timedelta = _NEVER_STUCK
    spike: int = -1
    spike_by: float = 0.0
    spike_within: timedelta = timedelta()

    def implausible(self, row: Row) -> frozenset[int]:
        """The positions whose value lies outside its plausible range."""
        return frozenset(
            position
            for position, low, high in self.ranges
            if row[position] is not None and not low <= row[position] <= high
        )

    def repeats(self, before: Row, row: Row) -> bool:
        """Whether the quantity has the same value in both rows, one that a sound sensor would not keep."""
        value = row[self.stuck]
        return value is not None and value > self.stuck_above and bool(value == before[self.stuck])

    def is_stuck(self, anchor: Row, row: Row) -> bool:
        """Whether the quantity has kept the value of ``anchor`` for too long; ``anchor`` is the first row with it."""
        return self.repeats(anchor, row) and bool(row[1] - anchor[1] >= self.stuck_for)

    def jumps(self, before: Row, row: Row) -> bool:
        """Whether the quantity moved so far between two rows that one of them may be a spike."""
        old, new = before[self.spike], row[self.spike]
        return old is not None and new is not None and abs(new - old) > self.spike_by

    def is_spike(self, before: Row, middle: Row, row: Row) -> bool:
        """Whether ``middle`` is a single value far off both of its neighbours."""
        if not self.jumps(before, middle) or not self.jumps(middle, row):
            return False
        up = middle[self.spike] > before[self.spike]
        back = middle[self.spike] > row[self.spike]
        return up is back and row[1] - before[1] <= self.spike_within


def build_plausibility(fault: Fault, positions: Mapping[str, int]) -> Plausibility:
    """``fault`` for rows whose quantities stand at ``positions``."""
    stuck, spike = fault.stuck, fault.spike
    return Plausibility(
        ranges=tuple((positions[name], low, high) for name, (low, high) in fault.plausible.items()),
        stuck=positions[stuck.quantity] if stuck else -1,
        stuck_above=stuck.above if stuck else 0.0,
        stuck_for=timedelta(seconds=stuck.for_s) if stuck else _NEVER_STUCK,
        spike=positions[spike.quantity] if spike else -1,
        spike_by=spike.by if spike else 0.0,
        spike_within=timedelta(seconds=spike.within_s) if spike else timedelta(),
    )
