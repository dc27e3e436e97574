"""What officers decide of incidents by hand: merging, splitting, and the level of the event."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from alerts.cases import unknown
from alerts.grouping import Group
from alerts.incidents import attach, open_incidents, record, regrade, take_turn, tell
from alerts.stages import STAGES_ZH, StageError
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
        raise StageError(zh=f"事件 {into} 不能与自身合并", en=f"incident {into} can't be merged with itself")
    await take_turn(connection)
    hazard_ids = await _hazards_of(connection, incident_id)
    incidents = await _lock(connection, [incident_id, into])
    if incidents[incident_id]["stage"] not in _BEFORE_DISPATCH:
        stage = incidents[incident_id]["stage"]
        raise StageError(
            zh=f"事件 {incident_id} 处于{STAGES_ZH[stage]}阶段：已派队伍的事件不能并出；"
            "请把另一事件并入它，或先撤回其任务",
            en=f"incident {incident_id} is {stage}: a case that a squad was sent to can't be"
            " merged away; merge the other one into it, or cancel its task first",
        )
    if incidents[incident_id]["exercise_id"] != incidents[into]["exercise_id"]:
        raise StageError(
            zh=f"事件 {incident_id} 与 {into} 不属于同一演练，不能合并",
            en=f"incidents {incident_id} and {into} are not of the same exercise: they stay apart",
        )
    if incidents[into]["stage"] == "verified":
        raise StageError(zh=f"事件 {into} 已核查，不再并入", en=f"incident {into} is verified: it takes in nothing new")
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
        raise StageError(
            zh=f"事件 {incident_id} 没有隐患 {'、'.join(map(str, foreign))}",
            en=f"incident {incident_id} has no hazard {', '.join(map(str, foreign))}",
        )
    if not chosen or len(chosen) == len(there):
        raise StageError(
            zh=f"事件 {incident_id}：请从其 {len(there)} 处隐患中选出一部分，不能全选或不选",
            en=f"incident {incident_id}: choose some of its {len(there)} hazards, not all and not none",
        )
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
        raise StageError(
            zh="突发事件级别为 1（特别重大）至 4（一般）", en="the level of an event is 1 (特别重大) to 4 (一般)"
        )
    if not reason.strip():
        raise StageError(
            zh=f"事件 {incident_id}：设定突发事件级别须说明理由",
            en=f"incident {incident_id}: the level of an event needs a reason",
        )
    if await connection.fetchval(_SQL.set_level, incident_id, level) is None:
        raise unknown([incident_id])
    await record(connection, [_event(incident_id, "levelled", actor, now, {"level": level, "reason": reason})])
    await tell(connection)


async def _hazards_of(connection: Connection, incident_id: int) -> list[int]:
    return [row["hazard_id"] for row in await connection.fetch(_SQL.hazards_of, incident_id)]


async def _lock(connection: Connection, incident_ids: Sequence[int]) -> dict[int, asyncpg.Record]:
    incidents = {row["incident_id"]: row for row in await connection.fetch(_SQL.lock, incident_ids)}
    missing = [incident_id for incident_id in incident_ids if incident_id not in incidents]
    if missing:
        raise unknown(missing)
    for incident_id, incident in incidents.items():
        if incident["closed_at"] is not None:
            raise StageError(zh=f"事件 {incident_id} 已结案", en=f"incident {incident_id} is closed")
    return incidents


def _group(incident: asyncpg.Record, incident_id: int | None, hazard_ids: list[int], at: datetime) -> Group:
    return Group(incident_id, incident["family"], "", at, None, None, incident["exercise_id"], hazard_ids)


def _event(incident_id: int, event: str, actor: str, at: datetime, detail: dict[str, Any]) -> dict[str, Any]:
    return {"incident_id": incident_id, "at": at, "event": event, "actor": actor, "detail": detail}
