"""Board and map as all open consoles share them: one snapshot each, kept up to date, and the same changes for all.

A browser takes the snapshot over HTTP, numbered, and then applies changes by their numbers; where one is missing it
takes the snapshot again. So the server keeps one copy, however many look.
"""

import asyncio
import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import structlog

from api.console.live import Live
from api.context import Context
from api.errors import ApiError
from api.situation import board, map
from api.stream.feed import Happening
from database.pool import Connection

_EXERCISES_S = 0.5  # they aren't in the feed
_ANEW_S = 60.0  # what else may have changed: sensors that were entered, squads that went off duty
_MOST_ASKED = 1000

Change = Mapping[str, Any]
Told = Callable[[Change], None]


@dataclass(slots=True)
class Shared:
    """Rows by their identity, numbered states of them, and who is told what changed."""

    still: Mapping[str, Any] = field(default_factory=dict)  # what doesn't change: outlines
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    number: int = 0
    told: set[Told] = field(default_factory=set)
    _packed: tuple[int, bytes] | None = None

    def put(self, found: Mapping[str, dict[str, Any]], asked: Iterable[str]) -> None:
        """What was found of those that were asked for; the others of these are gone."""
        changed = {key: row for key, row in found.items() if self.rows.get(key) != row}
        gone = [key for key in asked if key in self.rows and key not in found]
        if not changed and not gone:
            return
        self.rows.update(changed)
        for key in gone:
            del self.rows[key]
        self.number += 1
        change = {"number": self.number, "rows": list(changed.values()), "gone": gone}
        for told in list(self.told):
            told(change)

    def packed(self) -> bytes:
        """The snapshot as JSON in gzip."""
        if self._packed is None or self._packed[0] != self.number:
            whole = {**self.still, "number": self.number, "rows": list(self.rows.values())}
            self._packed = (self.number, gzip.compress(orjson.dumps(whole), 3, mtime=0))
        return self._packed[1]


@dataclass(slots=True)
class Situation:
    """``board`` holds open incidents, ``map`` sensors and squads; ``run`` keeps both."""

    context: Context
    live: Live
    board: Shared = field(default_factory=Shared)
    map: Shared = field(default_factory=Shared)
    behind: bool = False  # something couldn't be read when it changed

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        stop = self.live.watch(("hazard", "incident", "task", "squad"), self._changed)
        anew = 0.0
        try:
            while True:
                try:
                    if self.behind or loop.time() >= anew:
                        self.behind = False
                        await self._read_all()
                        anew = loop.time() + _ANEW_S
                    await self._read_exercises()
                except ApiError as error:
                    structlog.get_logger().warning("situation_waits", error=str(error))
                await asyncio.sleep(_EXERCISES_S)
        finally:
            stop()

    def _reading(self) -> AbstractAsyncContextManager[Connection]:
        # Squads that are busy with an exercise are not free to look at: the map marks them.
        return replace(self.context.store, with_drills=True).reading()

    async def _read_all(self) -> None:
        async with self._reading() as connection, connection.transaction(isolation="repeatable_read"):
            incidents = await board.open_incidents(connection)
            grids = await map.grids(connection)
            sensors = await map.sensors(connection)
            squads = await map.squads(connection, self.context.clock())
        self.board.put(_by_number(incidents), list(self.board.rows))
        still = {"grids": [grid.model_dump(mode="json") for grid in grids]}
        if still != self.map.still:
            self.map.still, self.map.number = still, self.map.number + 1
        self.map.put({**_sensors(sensors), **_squads(squads)}, list(self.map.rows))

    async def _read_exercises(self) -> None:
        known = [key for key, row in self.board.rows.items() if row["exercise_id"]]
        async with self._reading() as connection:
            found = await board.open_incidents(connection, exercises_only=True)
            crews = await map.squads(connection, self.context.clock()) if found or known else []
        self.board.put(_by_number(found), known)
        self.map.put(_squads(crews), [])

    async def _changed(self, happenings: Sequence[Happening]) -> None:
        numbers = {number for each in happenings if (number := each.data.get("incident_id")) is not None}
        codes = {each.data["sensor"] for each in happenings if each.topic == "hazard"}
        squads = any(each.topic in ("squad", "task") for each in happenings)
        try:
            if len(numbers) > _MOST_ASKED or len(codes) > _MOST_ASKED:
                await self._read_all()
                return
            async with self._reading() as connection:
                incidents = await board.open_incidents(connection, sorted(numbers)) if numbers else []
                sensors = await map.sensors(connection, sorted(codes)) if codes else []
                crews = await map.squads(connection, self.context.clock()) if squads else []
        except ApiError as error:
            structlog.get_logger().warning("situation_waits", error=str(error))
            self.behind = True
            return
        self.board.put(_by_number(incidents), [str(number) for number in numbers])
        self.map.put({**_sensors(sensors), **_squads(crews)}, [f"sensor {code}" for code in codes])


def _by_number(incidents: Iterable[board.OnBoard]) -> dict[str, dict[str, Any]]:
    return {str(one.incident_id): {"id": one.incident_id, **one.model_dump(mode="json")} for one in incidents}


def _sensors(sensors: Iterable[map.MapSensor]) -> dict[str, dict[str, Any]]:
    return {
        f"sensor {one.code}": {
            "id": f"sensor {one.code}",
            "kind": one.kind,
            "at": [one.longitude, one.latitude],
            "state": one.state,
        }
        for one in sensors
    }


def _squads(squads: Iterable[map.MapSquad]) -> dict[str, dict[str, Any]]:
    return {
        f"squad {one.squad_id}": {
            "id": f"squad {one.squad_id}",
            "kind": "squad",
            "at": [one.position.longitude, one.position.latitude],
            "state": one.standing,
            "name": one.name.model_dump(),
            "exercise": one.exercise,
        }
        for one in squads
    }
