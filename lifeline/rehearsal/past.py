"""A past event out of the county's own readings, to be played again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain

import msgspec

from database.pool import connect
from ingest.kinds import KINDS, Kind, Quantity
from lifeline.errors import HubError
from simulators.drill import Drill, Text
from simulators.network import Delivery
from simulators.roster import VirtualSensor
from simulators.squads import Pace

_MOST = 1_000_000
# Squads of a replay simply obey, at a usual pace.
_PACE = Pace(accept_s=60, en_route_s=120, on_scene_s=900, done_s=1800)


async def read_past(database_url: str, start: datetime, end: datetime) -> list[Delivery]:
    """Readings of real sensors from ``start`` to ``end``, in order of time, as their devices sent them.

    HubError when there are none, or more than a million.
    """
    connection = await connect(database_url, application="replay")
    try:
        rows = [await connection.fetch(_query(kind), start, end, _MOST + 1) for kind in KINDS.values()]
    finally:
        await connection.close()
    if sum(map(len, rows)) > _MOST:
        raise HubError(f"there are more than {_MOST} readings between those times: choose a shorter interval")
    found = chain.from_iterable(
        ((row["time"], row["code"], kind.name, _payload(kind, dict(row))) for row in of_kind)
        for kind, of_kind in zip(KINDS.values(), rows, strict=True)
    )
    in_order = sorted(found, key=lambda one: (one[0], one[1]))
    if not in_order:
        raise HubError("there are no readings between those times")
    return [Delivery(time, number, code, kind, payload) for number, (time, code, kind, payload) in enumerate(in_order)]


def _query(kind: Kind) -> str:
    columns = ", ".join(kind.column_names)
    return (
        f"SELECT code, time, {columns} FROM {kind.table} JOIN sensor USING (sensor_id)"
        f" WHERE time >= $1 AND time < $2 AND exercise_id = 0 ORDER BY time LIMIT $3"
    )


def _payload(kind: Kind, row: dict[str, object]) -> bytes:
    values: dict[str, object] = {"time": row["time"]}
    for column in kind.columns:
        value = row[column.name]
        if isinstance(column, Quantity) and isinstance(value, float):
            value = float(f"{value:.7g}")  # the tables keep seven digits
        if value is not None:
            values[column.name] = value
    return msgspec.json.encode(values)


def drill_of_past(
    deliveries: Sequence[Delivery], start: datetime, end: datetime, sensors: Sequence[VirtualSensor]
) -> Drill:
    """A drill without wishes in which the sensors of ``deliveries`` take part; times are local ones of ``start``."""
    known = {sensor.code for sensor in sensors}
    strangers = sorted({delivery.code for delivery in deliveries} - known)
    if strangers:
        raise HubError(f"sensor {strangers[0]} has readings but is not in the county's folder: name it with --county")
    span = end - start
    return Drill(
        name="replay",
        title=Text(f"{start:%Y-%m-%d %H:%M} 起的历史重演", f"replay from {start:%Y-%m-%d %H:%M} on"),
        starts=start.replace(tzinfo=None),
        duration_s=max(1, int(span / timedelta(seconds=1))),
        speed=1.0,
        seed=0,
        crew=_PACE,
        wanted=(),
        cast=tuple(sorted({delivery.code for delivery in deliveries})),
    )
