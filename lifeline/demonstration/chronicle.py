"""What came of it, as the database tells it: counts, open hazards, incidents, and each event once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import asyncpg

from database.pool import Connection
from database.queries import load_queries
from ingest.kinds import KINDS
from lifeline.demonstration import words
from lifeline.demonstration.words import Happening
from lifeline.errors import HubError
from simulators.clock import DrillClock
from simulators.judgement import Observation

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_STORED = " UNION ALL ".join(f"SELECT count(*) AS stored FROM {kind.table} WHERE time >= $1" for kind in KINDS.values())
_SHOWN_INCIDENTS = 5
# Transactions may commit in another order than they drew their numbers, so a little of what was read is read again.
_OVERLAP = 200


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows since the demonstration began."""

    stored: int
    quarantined: int
    hazards: int
    tasks_closed: int


@dataclass(frozen=True, slots=True)
class Opening:
    """The reading that opened an incident, by its sensor's code and its time."""

    code: str
    time: datetime
    hazard_type: str


@dataclass(frozen=True, slots=True)
class Page:
    """How things stand, and what is new since the page before."""

    counts: Counts
    open_hazards: Mapping[int, int]
    incidents: tuple[Mapping[str, Any], ...]
    happenings: tuple[Happening, ...]
    observations: tuple[Observation, ...]


@dataclass(slots=True)
class _Thread:
    """The events of one table: each is given once."""

    query: str
    start: int
    newest: int
    known: set[int] = field(default_factory=set)

    async def read(self, connection: Connection) -> list[Mapping[str, Any]]:
        floor = max(self.start, self.newest - _OVERLAP)
        rows = await connection.fetch(self.query, floor)
        fresh: list[Mapping[str, Any]] = [dict(row) for row in rows if row["number"] not in self.known]
        self.newest = max([self.newest, *(row["number"] for row in fresh)])
        self.known = {number for number in self.known if number > floor} | {row["number"] for row in fresh}
        return fresh


class Chronicle:
    """Reads the demonstration's share of the database; ``clock`` tells drill seconds.

    ``openings`` holds, by incident, what opened it.
    """

    def __init__(self, pool: asyncpg.Pool, clock: DrillClock, marks: Mapping[str, int], stored_before: int) -> None:
        self._pool = pool
        self._clock = clock
        self._marks = marks
        self._stored_before = stored_before
        self._threads = {
            name: _Thread(query, marks[name], marks[name])
            for name, query in (
                ("hazard_event", _SQL.hazard_events),
                ("incident_event", _SQL.incident_events),
                ("task_event", _SQL.task_events),
            )
        }
        self.openings: dict[int, Opening] = {}

    async def turn(self) -> Page:
        """The page of this moment. HubError when the database is away."""
        try:
            async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
                return await self._read(connection)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise HubError(f"the database went away: {error or type(error).__name__}") from error

    async def _read(self, connection: Connection) -> Page:
        marks = self._marks
        counts = await connection.fetchrow(_SQL.counts, marks["hazard"], marks["task"], marks["quarantine"])
        assert counts is not None
        stored = await _stored_since(connection, self._clock.sensor_start) - self._stored_before
        open_hazards = await connection.fetch(_SQL.open_hazards)
        incidents = await connection.fetch(_SQL.incidents, marks["incident"], _SHOWN_INCIDENTS)
        events = {name: await thread.read(connection) for name, thread in self._threads.items()}
        for event in events["incident_event"]:
            if event["event"] == "opened" and event["code"] is not None:
                opening = Opening(event["code"], event["opened_at"], event["hazard_type"])
                self.openings[event["incident_id"]] = opening
        return Page(
            Counts(stored=stored, **dict(counts)),
            {row["grade"]: row["count"] for row in open_hazards},
            tuple(dict(row) for row in incidents),
            _happenings(events),
            tuple(self._observations(events)),
        )

    def _observations(self, events: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Observation]:
        observed = [self._of_hazard(event) for event in events["hazard_event"]]
        observed += [self._of_incident(event) for event in events["incident_event"]]
        observed += [self._of_task(event) for event in events["task_event"]]
        return [one for one in observed if one is not None]

    def _of_hazard(self, event: Mapping[str, Any]) -> Observation | None:
        what = {"raised": "hazard_graded", "upgraded": "hazard_graded", "cleared": "hazard_cleared"}
        if event["event"] not in what:
            return None
        return Observation(
            "hazard_cleared" if event["event"] == "cleared" else "hazard_graded",
            self._clock.of_reading(event["at"]),
            sensor=event["code"],
            hazard_type=event["hazard_type"],
            grade=event["grade"],
        )

    def _of_incident(self, event: Mapping[str, Any]) -> Observation | None:
        about = {"sensor": event["code"], "hazard_type": event["hazard_type"]}
        if event["event"] == "opened":
            at_s = self._clock.of_reading(event["at"])
            return Observation("incident_opened", at_s, grade=event["opened_grade"], **about)
        if event["event"] == "closed":
            return Observation("incident_closed", self._clock.of_wall(event["at"]), **about)
        return None

    def _of_task(self, event: Mapping[str, Any]) -> Observation | None:
        if event["event"] != "done":
            return None
        opening = self.openings.get(event["incident_id"])
        return Observation(
            "task_done",
            self._clock.of_wall(event["at"]),
            sensor=opening.code if opening else None,
            hazard_type=opening.hazard_type if opening else None,
            squad=event["squad_id"],
        )


async def open_chronicle(pool: asyncpg.Pool, clock: DrillClock) -> Chronicle:
    """A chronicle that begins now."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        marks = await connection.fetchrow(_SQL.marks)
        assert marks is not None
        return Chronicle(pool, clock, dict(marks), await _stored_since(connection, clock.sensor_start))


async def _stored_since(connection: Connection, time: datetime) -> int:
    return sum(row["stored"] for row in await connection.fetch(_STORED, time))


def _happenings(events: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Happening, ...]:
    found = chain(
        map(words.of_hazard, events["hazard_event"]),
        map(words.of_incident, events["incident_event"]),
        map(words.of_task, events["task_event"]),
    )
    return tuple(sorted((one for one in found if one is not None), key=lambda happening: happening.at))
