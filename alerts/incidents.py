"""Incidents in the transaction of the readings: hazards join those that are open nearby, or open new ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from alerts.families import default_grouping
from alerts.grouping import Anchor, Group, Subject, group, reaches
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_LOCK = 0x4A_4F_49_4E  # "JOIN"
ENGINE = "engine"


async def take_turn(connection: Connection) -> None:
    """Wait until no other transaction joins, merges or splits; hold the turn until this one ends.

    It comes before any lock on a hazard, so that two who need both don't wait for each other.
    """
    await connection.execute(_SQL.take_turn, _LOCK)


async def place_hazards(connection: Connection, hazard_ids: Sequence[int], *, graded: bool) -> None:
    """Give an incident to each of these hazards that needs one, and bring the incidents' grades up to date.

    ``graded``: they were just raised or given another grade, so silences may cover them.
    """
    settled: set[int] = set()
    rows = await connection.fetch(_SQL.unplaced, hazard_ids, graded)
    while rows and not await _place(connection, rows, settled):
        rows = await connection.fetch(_SQL.unplaced, hazard_ids, graded)
    touched = [hazard_id for hazard_id in hazard_ids if hazard_id not in settled]
    if touched:
        await regrade(connection, touched, ENGINE)


async def regrade(connection: Connection, hazard_ids: Sequence[int], actor: str) -> None:
    """Let the incidents of these hazards follow their worst open hazard."""
    await connection.execute(_SQL.regrade, hazard_ids, actor)


async def arrange(connection: Connection, subjects: Sequence[Subject]) -> list[Group]:
    """Group ``subjects`` with one another and with the open incidents that they may join."""
    grouping = default_grouping()
    reach = reaches(subjects, grouping)
    chambers = sorted({subject.chamber for subject in subjects if subject.chamber is not None})
    anchors, elsewhere = [], {}
    for row in await connection.fetch(_SQL.joinable, [one._asdict() for one in reach], chambers):
        *anchor, count = row
        if anchor[0] is None:
            elsewhere[row["exercise_id"], row["family"]] = count
        else:
            anchors.append(Anchor(*anchor))
    return group(subjects, anchors, grouping, elsewhere)


async def record(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> None:
    """Append events: ``incident_id``, ``at``, ``event``, ``actor``, ``detail`` each."""
    await connection.execute(_SQL.record, entries)


async def tell(connection: Connection) -> None:
    """Wake whoever follows incidents."""
    await connection.execute(_SQL.tell)


async def open_incidents(connection: Connection, groups: Sequence[Group], actor: str) -> None:
    """Open an incident for each group, which gets its number, and attach the group's hazards to it."""
    first = [{"hazard_id": one.hazard_ids[0], "family": one.family, "at": one.at} for one in groups]
    members = [
        {"hazard_id": hazard_id, "first_id": one.hazard_ids[0]} for one in groups for hazard_id in one.hazard_ids
    ]
    rows = await connection.fetch(_SQL.open, first, members, actor)
    numbers = {row["hazard_id"]: row["incident_id"] for row in rows}
    for one in groups:
        one.incident_id = numbers[one.hazard_ids[0]]


async def attach(connection: Connection, groups: Sequence[Group]) -> None:
    """Write which incident each hazard of ``groups`` belongs to."""
    pairs = [(hazard_id, one.incident_id) for one in groups for hazard_id in one.hazard_ids]
    await connection.execute(_SQL.attach, [pair[0] for pair in pairs], [pair[1] for pair in pairs])


async def _place(connection: Connection, rows: Sequence[asyncpg.Record], settled: set[int]) -> bool:
    """Place what can be; False when an incident that was to be joined has closed in between.

    Adds to ``settled`` the hazards that are alone in a new incident, which then has their grade.
    """
    groups = await arrange(connection, [Subject(*row) for row in rows])
    known = [one for one in groups if one.incident_id is not None]
    fresh = [one for one in groups if one.incident_id is None]
    joined = await _take(connection, known) if known else []
    if joined:
        await attach(connection, joined)
    if fresh:
        await open_incidents(connection, fresh, ENGINE)
    settled.update(one.hazard_ids[0] for one in fresh if len(one.hazard_ids) == 1)
    entries = [_joining(one, one.hazard_ids) for one in joined]
    entries += [_joining(one, one.hazard_ids[1:]) for one in fresh if len(one.hazard_ids) > 1]
    if entries:
        await record(connection, entries)
    return len(joined) == len(known)


async def _take(connection: Connection, known: Sequence[Group]) -> list[Group]:
    """Those of ``known`` whose incident can still be joined."""
    numbers = [one.incident_id for one in known]
    rows = await connection.fetch(_SQL.take, numbers, [one.at for one in known])
    there = {row["incident_id"] for row in rows}
    return [one for one in known if one.incident_id in there]


def _joining(one: Group, hazard_ids: Sequence[int]) -> dict[str, Any]:
    return {
        "incident_id": one.incident_id,
        "at": one.at,
        "event": "joined",
        "actor": ENGINE,
        "detail": {"hazard_ids": hazard_ids},
    }
