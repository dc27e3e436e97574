"""Playing a fleet's readings against the clock."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from simulators.clock import DrillClock
from simulators.drill import Drill
from simulators.fleet import Fleet, SensorReading

_TICK_S = 0.05  # of wall time: fine enough that an order's latency is not hidden by the playing

Publish = Callable[[Sequence[SensorReading]], Awaitable[None]]


async def play(
    fleet: Fleet,
    publish: Publish,
    clock: DrillClock,
    *,
    until: datetime,
    now: Callable[[], datetime],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> int:
    """Publish the fleet's readings up to ``until`` as they fall due at the clock's speed; how many there were.

    ``now`` is the wall clock, ``pause`` waits that many seconds of it.
    """
    count = 0
    played_to = clock.sensor_start
    while played_to < until:
        reached = clock.sensor_start + timedelta(seconds=clock.of_wall(now()))
        played_to = min(reached, until)
        due = list(fleet.readings(played_to))
        if due:
            await publish(due)
            count += len(due)
        if played_to < until:
            await pause(_TICK_S)
    return count


def drill_clock(drill: Drill, *, now: datetime) -> DrillClock:
    """A clock that starts the drill now, on an interval of sensor time that ends when the drill does.

    Sensor time never runs ahead of the wall clock, whatever the speed from 1 up; at 1 it is the same.
    """
    ahead_s = drill.duration_s * (1 - 1 / drill.speed)
    start = (now - timedelta(seconds=ahead_s)).replace(microsecond=0)
    return DrillClock(sensor_start=start, wall_start=now, speed=drill.speed)
