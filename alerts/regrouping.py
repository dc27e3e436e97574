"""What officers decide of incidents by hand: merging, splitting, and the level of the event."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from alerts.cases import UnknownIncidentError
from alerts.grouping import Group
from alerts.incidents import attach, open_incidents, record, regrade, take_turn, tell
from alerts.stages import StageError
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_BEFORE_DISPATCH = frozenset({"reported", "filed"})


async def merge(
    connection: Connection, incident_id: int, into: int, actor: str, now: datetime, reason: str = ""
) -> None:
    """Put the hazards and reports of one open incident into another and close it as merged; in a transaction.

    Raises UnknownIncidentError, and StageError when one is closed or a squad was sent to the one that would go.
    """
    if incident_id == into:
        raise StageError(f"incident {into} can't be merged with itself")
    await take_turn(connection)
    hazard_ids = await _hazards_of(connection, incident_id)
    incidents = await _lock(connection, [incident_id, into])
    if incidents[incident_id]["stage"] not in _BEFORE_DISPATCH:
        raise StageError(
            f"incident {incident_id} is {incidents[incident_id]['stage']}: a case that a squad was sent to can't be"
            " merged away; merge the other one into it, or cancel its task first"
        )
    if incidents[incident_id]["exercise_id"] != incidents[into]["exercise_id"]:
        raise StageError(f"incidents {incident_id} and {into} are not of the same exercise: they stay apart")
    if incidents[into]["stage"] == "verified":
        raise StageError(f"incident {into} is verified: it takes in nothing new")
    await attach(connection, [_group(incidents[into], into, hazard_ids, now)])
    await connection.execute(_SQL.move_reports, incident_id, into)
    await connection.execute(_SQL.take_over, incident_id, into)
    await connection.execute(_SQL.close_merged, incident_id, into, now)
    await record(
        connection,
        [
            _event(incident_id, "merged", actor, now, {"into": into, "reason": reason}),
            _event(into, "joined", actor, now, {"merged": incident_id, "hazard_ids": hazard_ids, "reason": reason}),
        ],
    )
    await regrade(connection, hazard_ids, actor)
    await tell(connection)


async def split(
    connection: Connection,
    incident_id: int,
    hazard_ids: Sequence[int],
    actor: str,
    now: datetime,
    reason: str = "",
) -> int:
    """Give some hazards of an open incident one of their own, begun as reported, in a transaction; its number.

    Raises UnknownIncidentError, and StageError when it is closed, when a hazard isn't of it, or none would stay.
    """
    await take_turn(connection)
    there = await _hazards_of(connection, incident_id)
    incidents = await _lock(connection, [incident_id])
    chosen = sorted(set(hazard_ids))
    foreign = sorted(set(chosen) - set(there))
    if foreign:
        raise StageError(f"incident {incident_id} has no hazard {', '.join(map(str, foreign))}")
    if not chosen or len(chosen) == len(there):
        raise StageError(f"incident {incident_id}: choose some of its {len(there)} hazards, not all and not none")
    first = await connection.fetchrow(_SQL.first_of, chosen)
    assert first is not None  # the hazards are locked
    chosen.sort(key=lambda hazard_id: hazard_id != first["hazard_id"])
    fresh = _group(incidents[incident_id], None, chosen, first["at"])
    await open_incidents(connection, [fresh], actor)
    assert fresh.incident_id is not None  # given by open_incidents
    await record(
        connection,
        [
            _event(
                incident_id, "split", actor, now, {"off": fresh.incident_id, "hazard_ids": chosen, "reason": reason}
            ),
            _event(fresh.incident_id, "split", actor, now, {"from": incident_id, "reason": reason}),
        ],
    )
    await regrade(connection, there, actor)
    await tell(connection)
    return fresh.incident_id


async def set_event_level(
    connection: Connection, incident_id: int, level: int, actor: str, now: datetime, reason: str
) -> None:
    """Set the level of the event, 1 (特别重大, I) to 4 (一般, IV), which is apart from the grade of its hazards.

    Raises UnknownIncidentError, and StageError for another level or without a reason.
    """
    if not 1 <= level <= 4:
        raise StageError("the level of an event is 1 (特别重大) to 4 (一般)")
    if not reason.strip():
        raise StageError(f"incident {incident_id}: the level of an event needs a reason")
    if await connection.fetchval(_SQL.set_level, incident_id, level) is None:
        raise UnknownIncidentError(f"there is no incident {incident_id}")
    await record(connection, [_event(incident_id, "levelled", actor, now, {"level": level, "reason": reason})])
    await tell(connection)


async def _hazards_of(connection: Connection, incident_id: int) -> list[int]:
    return [row["hazard_id"] for row in await connection.fetch(_SQL.hazards_of, incident_id)]


async def _lock(connection: Connection, incident_ids: Sequence[int]) -> dict[int, asyncpg.Record]:
    incidents = {row["incident_id"]: row for row in await connection.fetch(_SQL.lock, incident_ids)}
    missing = [str(incident_id) for incident_id in incident_ids if incident_id not in incidents]
    if missing:
        raise UnknownIncidentError(f"there is no incident {', '.join(missing)}")
    for incident_id, incident in incidents.items():
        if incident["closed_at"] is not None:
            raise StageError(f"incident {incident_id} is closed")
    return incidents


def _group(incident: asyncpg.Record, incident_id: int | None, hazard_ids: list[int], at: datetime) -> Group:
    return Group(incident_id, incident["family"], "", at, None, None, incident["exercise_id"], hazard_ids)


def _event(incident_id: int, event: str, actor: str, at: datetime, detail: dict[str, Any]) -> dict[str, Any]:
    return {"incident_id": incident_id, "at": at, "event": event, "actor": actor, "detail": detail}
