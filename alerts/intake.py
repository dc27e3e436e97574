"""Incidents that people and other systems report: a hotline call (12319), a hand-over by 110, a patrol, a system.

A report joins the open incident nearby that it is about, by the same rule as a sensor's hazard, or opens one, which
later hazards nearby join in turn.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

import asyncpg

from alerts.errors import AlertRefusal
from alerts.families import default_grouping
from alerts.grouping import Subject
from alerts.incidents import arrange, record, take_turn, tell
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
Source = Literal["hotline", "police", "patrol", "system"]


class ReportError(AlertRefusal):
    """A report that can't be taken; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was reported at ``reported_at`` (aware).

    ``grade`` 1 (red) to 4 (blue) is the receiver's judgement; ``place`` and ``text`` are as told; position in degrees,
    WGS 84, both or neither; ``reference`` is the number under which the source keeps it.
    """

    source: Source
    hazard_type: str
    grade: int
    place: str
    text: str
    reported_at: datetime
    longitude: float | None = None
    latitude: float | None = None
    grid_id: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """The incident that a report belongs to, whether it ``opened`` it, and whether it had been taken in before."""

    incident_id: int
    opened: bool
    repeated: bool = False


class _Type(NamedTuple):
    kind: str
    skill: str
    title_zh: str
    title_en: str


async def take_report(connection: Connection, report: Report, actor: str, *, about: int | None = None) -> Taken:
    """Take a report in, in the caller's transaction; ``about`` is the open incident that it belongs to, where known.

    ReportError when something in it can't be.
    """
    _check(report)
    await take_turn(connection)
    known = report.reference and await connection.fetchval(_SQL.known, report.source, report.reference)
    if known:
        return Taken(known, opened=False, repeated=True)
    kind = await _type_of(connection, report.hazard_type)
    incident_id = await _join(connection, report, kind.skill, about)
    opened = incident_id is None
    if incident_id is None:
        incident_id = await _open(connection, report, kind)
    await _keep(connection, incident_id, report, actor, opened=opened)
    return Taken(incident_id, opened)


async def note_over(connection: Connection, source: Source, reference: str, actor: str, now: datetime) -> bool:
    """Note on its incident that what ``source`` reported is over, by its account; False when unknown or noted before.

    Nothing else follows: a case that was reported is verified by a person.
    """
    incident_id = await connection.fetchval(_SQL.not_over, source, reference)
    if incident_id is None:
        return False
    told = {"source": source, "reference": reference}
    await record(connection, [{"incident_id": incident_id, "at": now, "event": "over", "actor": actor, "detail": told}])
    await tell(connection)
    return True


async def reports_of(connection: Connection, incident_id: int) -> list[asyncpg.Record]:
    """What was reported of an incident, in order."""
    return await connection.fetch(_SQL.reports_of, incident_id)


def _check(report: Report) -> None:
    if not report.place.strip() or not report.text.strip():
        raise ReportError(zh="报告须写明地点和内容", en="a report needs a place and a text")
    if not 1 <= report.grade <= 4:
        raise ReportError(zh="报告的等级为 1（红色）至 4（蓝色）", en="a report's grade is 1 (red) to 4 (blue)")
    if (report.longitude is None) != (report.latitude is None):
        raise ReportError(
            zh="位置须同时填写经度和纬度，或都不填", en="a position needs longitude and latitude, or leave out both"
        )
    if not (-180 <= (report.longitude or 0) <= 180 and -90 <= (report.latitude or 0) <= 90):
        raise ReportError(
            zh="经度在 -180 至 180 度之间，纬度在 -90 至 90 度之间",
            en="longitude lies between -180 and 180 degrees, latitude between -90 and 90",
        )


async def _type_of(connection: Connection, hazard_type: str) -> _Type:
    reported = default_grouping().reported
    if hazard_type in reported:
        only = reported[hazard_type]
        return _Type(only.kind, only.skill, only.title.zh, only.title.en)
    row = await connection.fetchrow(_SQL.type, hazard_type)
    if row is None:
        known = sorted({row["hazard_type"] for row in await connection.fetch(_SQL.types)} | reported.keys())
        raise ReportError(
            zh=f"没有隐患类型 {hazard_type}；应为 {'、'.join(known)} 之一",
            en=f"there is no hazard type {hazard_type}: expected {', '.join(known)}",
        )
    return _Type(*row)


async def _join(connection: Connection, report: Report, skill: str, about: int | None) -> int | None:
    if about is None:
        subject = Subject(
            0, report.hazard_type, skill, report.grade, report.reported_at, report.longitude, report.latitude
        )
        [found] = await arrange(connection, [subject])
        about = found.incident_id
    if about is None:
        return None
    joined: int | None = await connection.fetchval(_SQL.join, about, report.reported_at, report.grade)
    return joined


async def _open(connection: Connection, report: Report, kind: _Type) -> int:
    try:
        incident_id: int = await connection.fetchval(
            _SQL.open,
            kind.kind,
            report.hazard_type,
            report.grade,
            kind.skill,
            f"{report.place} {kind.title_zh}",
            f"{report.place}: {kind.title_en}",
            report.grid_id,
            report.longitude,
            report.latitude,
            report.reported_at,
            report.source,
            default_grouping().family_of(report.hazard_type),
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ReportError(zh=f"没有网格 {report.grid_id}", en=f"there is no grid {report.grid_id}") from error
    return incident_id


async def _keep(connection: Connection, incident_id: int, report: Report, actor: str, *, opened: bool) -> None:
    await connection.execute(
        _SQL.keep,
        incident_id,
        report.source,
        report.reference,
        report.hazard_type,
        report.grade,
        report.place,
        report.text,
        report.longitude,
        report.latitude,
        report.reported_at,
        actor,
    )
    told = {"source": report.source, "reference": report.reference, "grade": report.grade, "text": report.text}
    event = "opened" if opened else "reported"
    entry = {"incident_id": incident_id, "at": report.reported_at, "event": event, "actor": actor, "detail": told}
    await record(connection, [entry])
    await tell(connection)
