"""Publishing of both fleets, and when each reading left."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from simulators.fleet import SensorReading
from simulators.publisher import Published, Publisher

_REMEMBERED = 20_000  # readings: far more than leave between a reading and the order that it causes


class Station:
    """Hands readings to the publisher in a thread, a batch at a time; ``now`` is the wall clock."""

    def __init__(self, publisher: Publisher, *, now: Callable[[], datetime]) -> None:
        self._publisher = publisher
        self._now = now
        self._turn = threading.Lock()
        self._left: dict[tuple[str, datetime], datetime] = {}

    async def publish(self, readings: Sequence[SensorReading]) -> None:
        """Publish ``readings`` in order. A batch that has begun is finished even when the caller is cancelled."""
        await asyncio.to_thread(self._publish, readings)

    def _publish(self, readings: Sequence[SensorReading]) -> None:
        with self._turn:
            for reading in readings:
                self._left[reading.code, reading.time] = self._now()
                self._publisher.publish(reading)
            while len(self._left) > _REMEMBERED:
                del self._left[next(iter(self._left))]

    def left_at(self, code: str, time: datetime) -> datetime | None:
        """When the reading that sensor ``code`` stood at by ``time`` was published; None when that is forgotten.

        A hazard bears the time at which its delay was over, which need not be that of a reading.
        """
        known = list(self._left.items())  # the thread that publishes goes on
        return max(((at, left) for (name, at), left in known if name == code and at <= time), default=(time, None))[1]

    def counts(self) -> Published:
        """What the broker said so far."""
        return self._publisher.counts()

    async def settle(self, timeout_s: float) -> Published:
        """Wait for batches that have begun and for the broker's answers, or until ``timeout_s`` is over."""

        def settle() -> Published:
            with self._turn:
                return self._publisher.settle(timeout_s)

        return await asyncio.to_thread(settle)
