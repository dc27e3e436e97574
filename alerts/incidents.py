"""Incidents in the transaction of the readings: hazards join those that are open nearby, or open new ones."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from alerts.grouping import Anchor, Group, Subject, default_grouping, group
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


async def place_hazards(connection: Connection, hazard_ids: Sequence[int]) -> None:
    """Give an incident to each of these hazards that needs one, and bring the incidents' grades up to date."""
    rows = await connection.fetch(_SQL.unplaced, hazard_ids)
    while rows and not await _place(connection, rows):
        rows = await connection.fetch(_SQL.unplaced, hazard_ids)
    await regrade(connection, hazard_ids, ENGINE)


async def regrade(connection: Connection, hazard_ids: Sequence[int], actor: str) -> None:
    """Let the incidents of these hazards follow their worst open hazard."""
    await connection.execute(_SQL.regrade, hazard_ids, actor)


async def find_anchors(connection: Connection, subjects: Iterable[Subject]) -> list[Anchor]:
    """Open incidents that may be near enough to ``subjects`` in time, or of the same chamber."""
    grouping = default_grouping()
    times: dict[str, list[datetime]] = {}
    chambers = set()
    for subject in subjects:
        times.setdefault(grouping.family_of(subject.hazard_type), []).append(subject.at)
        if subject.chamber is not None:
            chambers.add(subject.chamber)
    families = list(times)
    since = [min(times[family]) - grouping.within(family) for family in families]
    until = [max(times[family]) + grouping.within(family) for family in families]
    rows = await connection.fetch(_SQL.joinable, families, since, until, sorted(chambers))
    return [Anchor(*row) for row in rows]


async def record(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> None:
    """Append events: ``incident_id``, ``at``, ``event``, ``actor``, ``detail`` each."""
    await connection.execute(_SQL.record, entries)


async def tell(connection: Connection) -> None:
    """Wake whoever follows incidents."""
    await connection.execute(_SQL.tell)


async def open_incidents(connection: Connection, groups: Sequence[Group], actor: str) -> None:
    """Open an incident for each group, which gets its number; the groups' hazards are not attached yet."""
    numbers = await connection.fetch(_SQL.draw, len(groups))
    for one, row in zip(groups, numbers, strict=True):
        one.incident_id = row["incident_id"]
    await connection.execute(
        _SQL.open,
        [one.incident_id for one in groups],
        [one.hazard_ids[0] for one in groups],
        [one.family for one in groups],
        [one.at for one in groups],
        actor,
    )


async def attach(connection: Connection, groups: Sequence[Group]) -> None:
    """Write which incident each hazard of ``groups`` belongs to."""
    pairs = [(hazard_id, one.incident_id) for one in groups for hazard_id in one.hazard_ids]
    await connection.execute(_SQL.attach, [pair[0] for pair in pairs], [pair[1] for pair in pairs])


async def _place(connection: Connection, rows: Sequence[asyncpg.Record]) -> bool:
    """Place what can be; False when an incident that was to be joined has closed in between."""
    subjects = [Subject(*row) for row in rows]
    groups = group(subjects, await find_anchors(connection, subjects), default_grouping())
    known = [one for one in groups if one.incident_id is not None]
    fresh = [one for one in groups if one.incident_id is None]
    joined = await _take(connection, known) if known else []
    if fresh:
        await open_incidents(connection, fresh, ENGINE)
    await attach(connection, [*joined, *fresh])
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
