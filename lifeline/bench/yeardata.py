"""Readings for a long time: a few simulated sensors of each kind, told again as many by shifting their days.

Eight sensors of each kind are simulated for 15 days with showers among them. Every other sensor is one of these some
days away, at seconds of its own, so what compresses and what is summed up is what sensors send.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ingest.kinds import KINDS, Kind, State
from simulators.fleet import Fleet
from simulators.physics.weather import StormAt, Weather
from simulators.roster import VirtualSensor

SHARES: Mapping[str, float] = {"waterlogging": 0.35, "noise": 0.3, "gas": 0.2, "manhole": 0.15}
_MODELS, _MODEL_DAYS = 8, 15
_STORMS = tuple(StormAt(at_s=day * 86_400 + 54_000, period_years=1 + day % 3, duration_min=90) for day in (2, 5, 6, 11))
_ATTRIBUTES: Mapping[str, tuple[dict[str, str], ...]] = {
    "gas": ({"placement": "chamber"}, {"placement": "open"}),
    "waterlogging": ({"place": "road"}, {"place": "road"}, {"place": "underpass"}),
    "noise": ({"noise_class": "2"}, {"noise_class": "3"}, {"noise_class": "4a"}),
    "manhole": ({"road": "carriageway"}, {"road": "pavement"}),
}
_START = datetime(2026, 1, 1, tzinfo=UTC)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here
_PRIME = 7919

Record = tuple[Any, ...]


def attributes_of(kind: str, number: int) -> dict[str, str]:
    """What the ``number``-th sensor of a kind stands in."""
    known = _ATTRIBUTES[kind]
    return known[number % _MODELS % len(known)]


@dataclass(frozen=True, slots=True)
class Readings:
    """What the simulated sensors of ``kind`` said: (model, day) → seconds of the day, and a row of values for each."""

    kind: Kind
    days: Mapping[tuple[int, int], tuple[NDArray[np.int64], NDArray[Any]]]

    def of_day(self, sensor_ids: list[int], day: datetime, number: int) -> tuple[NDArray[np.int64], ...]:
        """Sensor, microseconds since 2000 and values of all sensors on the ``number``-th day, in order of time."""
        ids, times, values = [], [], []
        for place, sensor_id in enumerate(sensor_ids):
            seconds, rows = self.days[place % _MODELS, (number + place // _MODELS) % _MODEL_DAYS]
            ids.append(np.full(len(seconds), sensor_id))
            times.append(seconds + place * _PRIME % self.kind.interval_s)
            values.append(rows)
        micros = np.concatenate(times) * 1_000_000 + (day - _EPOCH) // timedelta(microseconds=1)
        order = np.argsort(micros, kind="stable")
        return np.concatenate(ids)[order], micros[order], np.concatenate(values)[order]


def simulate(kind: Kind) -> Readings:
    """Let the sensors of ``kind`` report; the same every time."""
    sensors = [
        VirtualSensor(f"model-{kind.name}-{number}", kind.name, kind.interval_s, attributes_of(kind.name, number))
        for number in range(_MODELS)
    ]
    fleet = Fleet(sensors, seed=8, start=_START, time_zone=ZoneInfo("Asia/Shanghai"), weather=Weather(_STORMS))
    names = {sensor.code: number for number, sensor in enumerate(sensors)}
    found: dict[tuple[int, int], list[tuple[int, Record]]] = defaultdict(list)
    for reading in fleet.readings(_START + timedelta(days=_MODEL_DAYS)):
        day, second = divmod(int((reading.time - _START).total_seconds()), 86_400)
        values = tuple(reading.values[name] for name in kind.column_names)
        found[names[reading.code], day].append((second, values))
    worded = any(isinstance(column, State) for column in kind.columns)
    return Readings(
        kind,
        {
            (model, day): (
                np.array([second for second, _ in found[model, day]], dtype=np.int64),
                np.array([row for _, row in found[model, day]], dtype=object if worded else np.float32).reshape(
                    -1, len(kind.columns)
                ),
            )
            for model in range(_MODELS)
            for day in range(_MODEL_DAYS)
        },
    )


def as_records(ids: NDArray[Any], micros: NDArray[Any], values: NDArray[Any]) -> Iterator[Record]:
    """Rows for a kind with words among its columns."""
    for sensor_id, micro, row in zip(ids.tolist(), micros.tolist(), values, strict=True):
        yield (sensor_id, _EPOCH + timedelta(microseconds=micro), *row)


def as_copy(ids: NDArray[Any], micros: NDArray[Any], values: NDArray[Any]) -> BytesIO:
    """Rows of numbers as PostgreSQL's binary COPY takes them: each field with its length before it, big-endian."""
    count = values.shape[1]
    fields = [("fields", ">i2"), ("l_id", ">i4"), ("id", ">i4"), ("l_time", ">i4"), ("time", ">i8")]
    fields += [entry for place in range(count) for entry in ((f"l_{place}", ">i4"), (f"v_{place}", ">f4"))]
    rows = np.empty(len(ids), dtype=fields)
    rows["fields"], rows["l_id"], rows["id"], rows["l_time"], rows["time"] = count + 2, 4, ids, 8, micros
    for place in range(count):
        rows[f"l_{place}"], rows[f"v_{place}"] = 4, values[:, place]
    return BytesIO(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")


def shares_of(sensors: int) -> dict[str, int]:
    """How many sensors of each kind there are among ``sensors``."""
    return {name: max(1, round(sensors * SHARES.get(name, 0.1))) for name in KINDS}
