"""The sensors that the county knows, in memory, found by their topic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg

from database.queries import load_queries
from ingest.kinds import KINDS
from ingest.payload import DECODERS, Address, PayloadDecoder, native_topic

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Sensor:
    """A registered sensor as the pipeline needs it."""

    sensor_id: int
    code: str
    kind: str
    attributes: Mapping[str, Any]
    decoder: PayloadDecoder
    interval_s: int | None = None  # its own reporting interval, None for the usual one of the kind
    place: tuple[float, float] | None = None  # longitude, latitude
    exercise_id: int = 0  # of a twin in an exercise


class Registry:
    """All sensors, kept up to date with the table by ``refresh``."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.by_topic: dict[str, Sensor] = {}
        self.by_id: dict[int, Sensor] = {}
        self._by_name: dict[str, Sensor] = {}  # codes, and what platforms call the devices
        self._horizon = 0
        self._untold: list[Sensor] = []
        # Thousands of sensors share a handful of attribute sets.
        self._attributes: dict[str, Mapping[str, Any]] = {}

    async def refresh(self, pool: asyncpg.Pool) -> list[Sensor]:
        """Read what changed and return the sensors whose entry is new or different since the last call."""
        await self._read(pool)
        told, self._untold = self._untold, []
        return told

    async def _read(self, pool: asyncpg.Pool) -> None:
        horizon = await pool.fetchval(_SQL.horizon)
        rows = await pool.fetch(_SQL.sensors_changed_since, self._horizon)
        self._horizon = horizon
        self._untold += [sensor for row in rows if (sensor := self._enter(row)) is not None]

    def _enter(self, row: asyncpg.Record) -> Sensor | None:
        sensor_id, code, kind, attributes, interval_s, longitude, latitude, exercise_id = row
        if kind not in KINDS:
            return None  # of a kind that a newer version knows
        shared = self._attributes.setdefault(repr(attributes), MappingProxyType(attributes))
        place = None if longitude is None or latitude is None else (longitude, latitude)
        sensor = Sensor(sensor_id, code, kind, shared, DECODERS[kind], interval_s, place, exercise_id)
        known = self.by_id.get(sensor_id)
        if known is not None:
            if known == sensor:
                return None
            self._leave(known)
        self.by_id[sensor_id] = sensor
        self.by_topic[native_topic(self.prefix, kind, code)] = sensor
        for name in _names(sensor):
            self._by_name[name] = sensor
        return sensor

    def _leave(self, sensor: Sensor) -> None:
        del self.by_topic[native_topic(self.prefix, sensor.kind, sensor.code)]
        for name in _names(sensor):
            if self._by_name.get(name) is sensor:
                del self._by_name[name]

    def find(self, name: str) -> Sensor | None:
        """The sensor of this code, or whose attribute ``device`` is this name, whatever its case."""
        return self._by_name.get(name.lower())

    async def provision(self, pool: asyncpg.Pool, addresses: Iterable[Address]) -> None:
        """Enter sensors that nobody registered, marked for a person to look at; the next ``refresh`` tells of them."""
        wanted = set(addresses)
        codes, kinds = [address.code for address in wanted], [address.kind for address in wanted]
        await pool.execute(_SQL.provision, codes, kinds)
        await self._read(pool)


def _names(sensor: Sensor) -> set[str]:
    device = sensor.attributes.get("device")
    return {sensor.code.lower()} if device is None else {sensor.code.lower(), str(device).lower()}
