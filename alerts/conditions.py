"""Values that what is measured around them makes worthless: in the rain a noise meter hears the rain.

Only values that could matter are looked at, and what was measured around is read from the database, so that a restart
judges as before. What comes in the same batch as the value, or later, isn't waited for.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

from alerts.corroboration import Placed
from alerts.neighbours import Grave, distance_m
from alerts.rules import VoidNear
from alerts.watch import Watch
from database.pool import Database
from database.queries import load_queries
from ingest.kinds import KINDS
from ingest.payload import Row

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_AT_ONCE = 1_000  # neighbours in time: a back-test has more, which would be too long in one statement


Void = dict[VoidNear, list[int]]
"""Why values count for nothing, and of which sensors they are, one entry for each."""


@dataclass(slots=True)
class Conditions:
    """Which of ``sensors`` lie around which, found when it is first asked, and what they measured."""

    sensors: Mapping[int, Placed]
    _sources: dict[VoidNear, Grave] = field(default_factory=dict)
    _around: dict[tuple[VoidNear, int], list[int]] = field(default_factory=dict)

    def forget(self) -> None:
        """Sensors came, went or moved."""
        self._sources.clear()
        self._around.clear()

    async def clean(
        self, database: Database, watch_of: Callable[[int], Watch], rows: Sequence[Row]
    ) -> tuple[Sequence[Row], Void]:
        """``rows`` of one kind without the values that are worthless, and which those were."""
        suspects: dict[VoidNear, list[tuple[int, int]]] = {}
        calm: dict[tuple[int, int], tuple[float, float]] = {}  # by track and hour
        for number, row in enumerate(rows):
            for near, track in watch_of(row[0]).conditional:
                value = row[track.position]
                if value is None:
                    continue
                key = (id(track), row[1].hour)
                low, high = calm[key] if key in calm else calm.setdefault(key, track.calm_at(row[1]))
                if not low < value < high:  # what lies within holds in any weather: rain only adds
                    suspects.setdefault(near, []).append((number, track.position))
        if not suspects:
            return rows, {}
        cleaned, void = list(rows), {}
        for near, found in suspects.items():
            spoilt = await self._spoilt(database, near, rows, {number for number, _ in found})
            for number, position in found:
                if number in spoilt:
                    row = cleaned[number]
                    cleaned[number] = (*row[:position], None, *row[position + 1 :])
            if spoilt:
                void[near] = [rows[number][0] for number in spoilt]
        return cleaned, void

    async def _spoilt(
        self, database: Database, near: VoidNear, rows: Sequence[Row], numbers: Collection[int]
    ) -> set[int]:
        statement = _SQL.spoilt.format(table=KINDS[near.kind].table, quantity=near.quantity)
        ordered, back = sorted(numbers, key=lambda number: rows[number][1]), timedelta(seconds=near.for_s)
        spoilt: set[int] = set()
        for first in range(0, len(ordered), _AT_ONCE):
            some = ordered[first : first + _AT_ONCE]
            asked = [(number, source) for number in some for source in self._sources_of(near, rows[number][0])]
            if asked:
                found = await database.fetch(
                    statement,
                    [number for number, _ in asked],
                    [source for _, source in asked],
                    [rows[number][1] for number, _ in asked],
                    back,
                    rows[some[0]][1] - back,
                    rows[some[-1]][1],
                    near.at,
                )
                spoilt |= {row["number"] for row in found}
        return spoilt

    def _sources_of(self, near: VoidNear, sensor_id: int) -> list[int]:
        """The sensors of the kind and exercise within the distance."""
        key, sensor = (near, sensor_id), self.sensors[sensor_id]
        if key not in self._around:
            grid = self._grid(near)
            self._around[key] = [
                other
                for other in (grid.around([sensor.place]) if sensor.place is not None else ())
                if self.sensors[other].exercise_id == sensor.exercise_id
                and distance_m(grid.places[other], sensor.place or grid.places[other]) <= near.within_m
            ]
        return self._around[key]

    def _grid(self, near: VoidNear) -> Grave:
        if near not in self._sources:
            grid = self._sources[near] = Grave(near.within_m)
            for sensor_id, sensor in self.sensors.items():
                if sensor.kind == near.kind and sensor.place is not None:
                    grid.join(sensor_id, sensor.place)
        return self._sources[near]


def log_void(void: Void) -> None:
    """Say how many values count for nothing, and why."""
    for near, ids in void.items():
        reason = {"reason_zh": near.name.zh, "reason_en": near.name.en}
        structlog.get_logger().info("readings_void", readings=len(ids), sensor_ids=sorted(set(ids))[:20], **reason)
