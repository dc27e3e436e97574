"""A warning's way: draft, approved by another person, released, superseded or cancelled; each step with its event."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from api.console.texts import texts_in
from api.console.words import WARNING_STATES
from api.errors import Conflict, Forbidden, NotFound
from api.warnings.cap import Issuer, Reference, Released
from api.warnings.entry import NamedArea, Status, WarningEntry, propose
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CANCELLATION_LASTS = timedelta(hours=24)


async def find(connection: Connection, warning_id: int) -> asyncpg.Record:
    """The row, locked when the transaction writes; NotFound."""
    row = await connection.fetchrow(_SQL.one, warning_id)
    if row is None:
        raise NotFound(
            zh=f"没有编号为 {warning_id} 的预警；全部见 /api/v1/warnings。",
            en=f"There is no warning {warning_id}; /api/v1/warnings lists them.",
        )
    return row


async def lock(connection: Connection, warning_id: int, *states: str) -> asyncpg.Record:
    """The row, nobody else's to change until the transaction ends; NotFound, Conflict in none of ``states``."""
    await connection.execute(_SQL.lock, warning_id)
    row = await find(connection, warning_id)
    if row["state"] not in states:
        now_zh, *wanted_zh = (texts_in("zh").word(WARNING_STATES, state) for state in (row["state"], *states))
        raise Conflict(
            zh=f"预警 {warning_id} 的状态为{now_zh}，此操作需要{'或'.join(wanted_zh)}。",
            en=f"Warning {warning_id} is {row['state']}: that takes one that is {' or '.join(states)}.",
        )
    return row


async def draft_for_incident(
    connection: Connection, incident_id: int, status: Status, area: NamedArea | None, actor: str, now: datetime
) -> int:
    """A draft that says what is known of the incident, for ``area`` or around its place.

    NotFound when there is no such incident, Conflict when it has no place and no area is given.
    """
    row = await connection.fetchrow(_SQL.proposal, incident_id)
    if row is None:
        raise NotFound(zh=f"没有编号为 {incident_id} 的事件。", en=f"There is no incident {incident_id}.")
    entry = propose(row, now, status=status, area=area)
    if entry is None:
        raise Conflict(
            zh=f"事件 {incident_id} 没有位置，无法确定预警范围；请用 area 写明范围。",
            en=f"Incident {incident_id} has no place, so nobody knows whom to warn: say where, as area.",
        )
    return await draft(connection, entry, incident_id, actor, now)


async def draft(connection: Connection, entry: WarningEntry, incident_id: int | None, actor: str, now: datetime) -> int:
    """A new draft; NotFound when there is no such incident, Conflict for an actual warning of a drill."""
    if incident_id is not None and not await connection.fetchval(_SQL.has_incident, incident_id):
        raise NotFound(zh=f"没有编号为 {incident_id} 的事件。", en=f"There is no incident {incident_id}.")
    await _refuse_actual_of_drill(connection, entry, incident_id)
    return await _add(connection, "Alert", "draft", entry, incident_id, None, actor, now)


async def edit(connection: Connection, row: asyncpg.Record, entry: WarningEntry, actor: str, now: datetime) -> None:
    """Put other contents; what had been approved has to be approved again. Conflict for an actual one of a drill."""
    await _refuse_actual_of_drill(connection, entry, row["incident_id"])
    await connection.execute(_SQL.edit, row["warning_id"], *_columns(entry), actor)
    await _note(connection, row["warning_id"], "edited", actor, now)


async def discard(connection: Connection, warning_id: int, actor: str, now: datetime) -> None:
    """Give up what was not released."""
    await connection.execute(_SQL.move, warning_id, "discarded")
    await _note(connection, warning_id, "discarded", actor, now)


async def approve(connection: Connection, row: asyncpg.Record, actor: str, note: str, now: datetime) -> None:
    """Approve a draft; Forbidden to whoever drafted or last edited it."""
    if actor in (row["drafted_by"], row["edited_by"]):
        raise Forbidden(
            zh="起草人或修改人不能审批自己的预警，请由另一人审批。",
            en="Whoever drafted or edited a warning can't approve it: another person has to.",
        )
    await connection.execute(_SQL.approve, row["warning_id"], actor)
    await _note(connection, row["warning_id"], "approved", actor, now, note)


async def release(connection: Connection, row: asyncpg.Record, issuer: Issuer, actor: str, now: datetime) -> None:
    """Let an approved warning out; Conflict when it has expired. What it updates is superseded."""
    if row["expires_at"] <= now:
        raise Conflict(
            zh="预警的失效时间已过，请修改后重新审批。",
            en="It would have expired already: edit it and have it approved.",
        )
    await _let_out(connection, row["warning_id"], issuer, actor, now)
    if row["replaces"] is not None:
        await lock(connection, row["replaces"], "released")
        await connection.execute(_SQL.move, row["replaces"], "superseded")
        await _note(connection, row["replaces"], "superseded", actor, now)


async def draft_update(connection: Connection, row: asyncpg.Record, actor: str, now: datetime) -> int:
    """A draft that is to take the place of a released warning; Conflict when there is one already."""
    try:
        async with connection.transaction():
            return await _add(
                connection, "Update", "draft", entry_of(row), row["incident_id"], row["warning_id"], actor, now
            )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            zh="该预警已有更新草稿；请修改或废弃那一份。", en="There is an update of it already: edit or discard that."
        ) from error


async def cancel(
    connection: Connection, row: asyncpg.Record, issuer: Issuer, zh: str, en: str, actor: str, now: datetime
) -> int:
    """Release a cancellation of a released warning, at once; an update under way is discarded."""
    for successor in await connection.fetch(_SQL.successors, row["warning_id"]):
        await discard(connection, successor["warning_id"], actor, now)
    entry = entry_of(row)
    entry = entry.model_copy(
        update={
            "zh": entry.zh.model_copy(update={"description": zh, "instruction": ""}),
            "en": entry.en.model_copy(update={"description": en, "instruction": ""}),
            "expires_at": max(row["expires_at"], now + _CANCELLATION_LASTS),
            "onset_at": None,
        }
    )
    message = await _add(connection, "Cancel", "approved", entry, row["incident_id"], row["warning_id"], actor, now)
    await _let_out(connection, message, issuer, actor, now)
    await connection.execute(_SQL.move, row["warning_id"], "cancelled")
    await _note(connection, row["warning_id"], "cancelled", actor, now, zh)
    return message


def entry_of(row: asyncpg.Record) -> WarningEntry:
    """What a row says."""
    return WarningEntry.model_validate(row["entry"])


async def released_of(connection: Connection, row: asyncpg.Record) -> Released:
    """A released row with the messages before it."""
    earlier = await connection.fetch(_SQL.earlier, row["warning_id"])
    return Released(
        identifier=row["identifier"],
        message=row["message"],
        sent_at=row["released_at"],
        entry=entry_of(row),
        references=tuple(Reference(one["identifier"], one["released_at"]) for one in earlier),
        incident_id=row["incident_id"],
    )


def _columns(entry: WarningEntry) -> tuple[Any, ...]:
    return (
        entry.status,
        entry.event_level,
        entry.warning_level,
        entry.model_dump(mode="json"),
        entry.expires_at,
    )


async def _refuse_actual_of_drill(connection: Connection, entry: WarningEntry, incident_id: int | None) -> None:
    if entry.status == "Actual" and await connection.fetchval(_SQL.is_drilled, incident_id):
        raise Conflict(
            zh=f"事件 {incident_id} 属于演练，不能据此发布真实预警；请将 status 设为 Exercise。",
            en=f"Incident {incident_id} is part of an exercise: give its warning the status Exercise.",
        )


async def _add(
    connection: Connection,
    message: str,
    state: str,
    entry: WarningEntry,
    incident_id: int | None,
    replaces: int | None,
    actor: str,
    now: datetime,
) -> int:
    warning_id: int = await connection.fetchval(
        _SQL.add, message, state, incident_id, replaces, *_columns(entry), actor, now
    )
    await _note(connection, warning_id, "drafted", actor, now)
    return warning_id


async def _let_out(connection: Connection, warning_id: int, issuer: Issuer, actor: str, now: datetime) -> None:
    await connection.execute(_SQL.release, warning_id, issuer.identify(now, warning_id), actor, now)
    await _note(connection, warning_id, "released", actor, now)


async def _note(connection: Connection, warning_id: int, event: str, actor: str, now: datetime, note: str = "") -> None:
    await connection.execute(_SQL.note, warning_id, now, event, actor, note)
