"""What an exercise left in the database, as observations and as cases with their times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from database.pool import Connection
from database.queries import load_queries
from dispatch.exercises import Exercise
from dispatch.plans import Limits, Response
from dispatch.responses import responses_of
from simulators.drill import Event
from simulators.judgement import Observation
from simulators.squads import Arrival

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_OF_TASK: Mapping[str, Event] = {
    "unassigned": "task_unassigned",
    "received": "order_confirmed",
    "accepted": "task_accepted",
    "refused": "task_refused",
    "on_scene": "squad_on_scene",
    "done": "task_done",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One incident: what opened it, the first time of each step of its lead in drill seconds, what its plan calls for.

    ``grade`` is the gravest that it came to; ``limits`` are the plan's, at the grade that it was applied at; amounts of
    ``materials`` are by item.
    """

    incident_id: int
    sensor: str | None
    hazard_type: str
    grade: int
    stage: str
    title: tuple[str, str]
    steps_s: Mapping[str, float] = field(default_factory=dict)
    limits: Limits | None = None
    materials: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One squad that a plan calls for, and how far it came."""

    hazard_type: str
    title: tuple[str, str]
    skill: str
    ordered: bool
    came: bool
    done: bool


@dataclass(frozen=True, slots=True)
class Stock:
    """A material in all stores together, as far as nothing else has reserved it."""

    item: str
    name: tuple[str, str]
    unit: str
    free: int


@dataclass(frozen=True, slots=True)
class Record:
    """All that the exercise caused, and what there was to do it with."""

    observations: tuple[Observation, ...]
    cases: tuple[Case, ...]
    messages: tuple[Mapping[str, Any], ...]
    parts: tuple[Part, ...] = ()
    stocks: tuple[Stock, ...] = ()


async def read_record(
    connection: Connection, exercise: Exercise, start: datetime, arrivals: Sequence[Arrival] | None
) -> Record:
    """Read what ``exercise``, whose drill began at ``start``, has caused so far; sensors by their real codes.

    ``arrivals`` are the orders in the hands of virtual squads; None when the squads are real: then an order is known to
    be there when it is confirmed.
    """
    head = len(exercise.twin_prefix) + 1
    number = exercise.exercise_id
    incidents = await connection.fetch(_SQL.incidents, number, head)
    hazards = await connection.fetch(_SQL.hazard_events, number, head)
    tasks = await connection.fetch(_SQL.task_events, number)
    permits = await connection.fetch(_SQL.permits, number)
    messages = await connection.fetch(_SQL.messages, number)
    bad = await connection.fetch(_SQL.quarantined, number)
    clock = _Clock(start)
    about = {row["incident_id"]: {"sensor": row["sensor"], "hazard_type": row["hazard_type"]} for row in incidents}
    observed = [_of_hazard(row, clock) for row in hazards]
    observed += [one for row in incidents for one in _of_incident(row, about, clock)]
    observed += [
        Observation(_OF_TASK[row["event"]], clock.at_s(row["at"]), squad=row["squad_id"], **about[row["incident_id"]])
        for row in tasks
        if row["event"] in _OF_TASK
    ]
    if arrivals is None:
        confirmed = [one for one in observed if one is not None and one.what == "order_confirmed"]
        observed += [replace(one, what="order_received") for one in confirmed]
    else:
        observed += [_of_order(arrival, about, clock) for arrival in arrivals]
    observed += [one for row in permits for one in _of_permit(row, about, clock)]
    observed += [Observation("message_quarantined", clock.at_s(row["received_at"])) for row in bad]
    responses = await responses_of(connection, incidents)
    cases = tuple(_case(row, tasks, responses[row["incident_id"]], clock) for row in incidents)
    return Record(
        tuple(one for one in observed if one is not None),
        cases,
        tuple(dict(row) for row in messages),
        tuple(_part(row, about) for row in await connection.fetch(_SQL.roles, number)),
        tuple(
            Stock(row["item"], (row["name_zh"], row["name_en"]), row["unit"], row["free"])
            for row in await connection.fetch(_SQL.stock)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    start: datetime

    def at_s(self, at: datetime) -> float:
        return (at - self.start).total_seconds()


def _of_hazard(row: asyncpg.Record, clock: _Clock) -> Observation | None:
    what: dict[str, Event] = {"raised": "hazard_graded", "upgraded": "hazard_graded", "cleared": "hazard_cleared"}
    if row["event"] not in what:
        return None
    return Observation(
        what[row["event"]],
        clock.at_s(row["at"]),
        sensor=row["sensor"],
        hazard_type=row["hazard_type"],
        grade=row["grade"],
    )


def _of_incident(
    row: asyncpg.Record, about: Mapping[int, Mapping[str, Any]], clock: _Clock
) -> list[Observation | None]:
    known = about[row["incident_id"]]
    seen: list[Observation | None] = [
        Observation("incident_opened", clock.at_s(row["opened_at"]), grade=row["opened_grade"], **known)
    ]
    if row["closed_at"] is not None:
        seen.append(Observation("incident_closed", clock.at_s(row["closed_at"]), **known))
    return seen


def _of_order(arrival: Arrival, about: Mapping[int, Mapping[str, Any]], clock: _Clock) -> Observation:
    known = about.get(arrival.order["incident_id"], {})
    return Observation("order_received", clock.at_s(arrival.at), squad=arrival.squad_id, **known)


def _of_permit(row: asyncpg.Record, about: Mapping[int, Mapping[str, Any]], clock: _Clock) -> list[Observation]:
    """An answer to a crew that asked, and its revocation; what is not known is no permission either."""
    known = {"squad": row["squad_id"], **about[row["incident_id"]]}
    answer: Event = "permit_granted" if row["verdict"] == "granted" else "permit_refused"
    seen = [Observation(answer, clock.at_s(row["judged_at"]), **known)]
    if row["revoked"]:
        seen.append(Observation("permit_revoked", clock.at_s(row["ended_at"]), **known))
    return seen


def _case(row: asyncpg.Record, tasks: Sequence[asyncpg.Record], response: Response, clock: _Clock) -> Case:
    steps = {"opened": clock.at_s(row["opened_at"])}
    if row["filed_at"] is not None:
        steps["filed"] = clock.at_s(row["filed_at"])
    for task in tasks:
        # A case goes as its leading squads go; that somebody else refused is told too.
        if task["incident_id"] == row["incident_id"] and (task["lead"] or task["event"] == "refused"):
            steps.setdefault(task["event"], clock.at_s(task["at"]))
    if row["closed_at"] is not None:
        steps["closed"] = clock.at_s(row["closed_at"])
    return Case(
        row["incident_id"],
        row["sensor"],
        row["hazard_type"],
        row["grade"],
        row["stage"],
        (row["title_zh"], row["title_en"]),
        steps,
        response.limits,
        response.materials,
    )


def _part(row: asyncpg.Record, about: Mapping[int, Mapping[str, Any]]) -> Part:
    title = (row["title_zh"], row["title_en"])
    hazard_type = about[row["incident_id"]]["hazard_type"]
    return Part(hazard_type, title, row["skill"], row["ordered"], row["came"], row["done"])
