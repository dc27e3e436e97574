"""Where a running drill is."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class DrillClock:
    """Where a running drill is: its first second is ``sensor_start`` for readings, ``wall_start`` for people."""

    sensor_start: datetime
    wall_start: datetime
    speed: float

    def of_reading(self, time: datetime) -> float:
        """Drill seconds of a reading's time (hazard.raised_at, hazard.cleared_at, incident.opened_at)."""
        return (time - self.sensor_start).total_seconds()

    def of_wall(self, time: datetime) -> float:
        """Drill seconds of a moment by the wall clock (orders, receipts, recorded_at)."""
        return (time - self.wall_start).total_seconds() * self.speed

    def wall(self, at_s: float) -> datetime:
        """When drill second ``at_s`` comes by the wall clock."""
        return self.wall_start + timedelta(seconds=at_s / self.speed)
