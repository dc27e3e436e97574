"""When to look at which sensor next: the cost grows with what is due, not with the sensors."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from alerts.sensorstate import SensorState


@dataclass(slots=True)
class Timers:
    """A heap of due times. An entry that its sensor's state no longer names is skipped when it comes up.

    A reading that only puts silence off leaves the heap alone: the entry comes up once per sensor and silence limit,
    and is then set anew.
    """

    _heap: list[tuple[datetime, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._heap)

    def set(self, sensor_id: int, state: SensorState, due: datetime | None) -> None:
        """Look at the sensor at ``due`` at the latest."""
        if due is not None and (state.due is None or due < state.due):
            state.due = due
            heappush(self._heap, (due, sensor_id))

    def due(self, now: datetime) -> Iterator[tuple[datetime, int]]:
        """Take out what is due, oldest first."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            yield heappop(heap)

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()
