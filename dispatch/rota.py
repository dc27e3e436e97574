"""The duty rota: shifts of squads and people, leave with substitutes, hand-over, and iCalendar in and out."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import asyncpg
import icalendar
import msgspec

from database.pool import Connection
from database.queries import load_queries
from dispatch.errors import DispatchRefusal
from dispatch.squads import LOCAL

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_PRODUCT = "-//Lifeline//duty rota//ZH"


class RotaError(DispatchRefusal):
    """A calendar or shift that can't be used; the message says which and what to change."""


class UnknownShiftError(RotaError):
    """There is no such shift, or it was handed over before."""


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Duty, or leave, of a squad or a contact ``who`` from ``starts_at`` up to ``ends_at``.

    ``substitute`` is the contact who stands in during a leave; ``uid`` is iCalendar's, under which it is changed, or
    ``called_off``.
    """

    uid: str
    who: str
    starts_at: datetime
    ends_at: datetime
    kind: Literal["duty", "leave"] = "duty"
    substitute: str | None = None
    note: str = ""
    called_off: bool = False


def parse_calendar(content: bytes) -> list[Shift]:
    """The shifts of an iCalendar file: SUMMARY names the squad or contact by id, CATEGORIES may say leave.

    X-SUBSTITUTE names who stands in; STATUS:CANCELLED calls a shift off. Times without a zone are taken as local.
    RotaError for what can't be used; recurring events are refused, since a shift that recurs for ever can't be handed
    over.
    """
    try:
        events = icalendar.Calendar.from_ical(content).walk("VEVENT")
        shifts = [_shift(event) for event in events]  # properties are read when they are asked for
    except (ValueError, IndexError, KeyError, AttributeError) as error:
        raise RotaError(zh="不是有效的 iCalendar 文件", en=f"not an iCalendar file: {error}") from error
    if not shifts:
        raise RotaError(
            zh="文件中没有班次；iCalendar 文件中每个班次应为一个 VEVENT",
            en="the file holds no events: give an iCalendar file with a VEVENT for each shift",
        )
    return shifts


def _shift(event: icalendar.cal.Component) -> Shift:
    uid = str(event.get("UID", ""))
    if not uid:
        raise RotaError(zh="有一个班次缺少 UID", en="an event has no UID")
    if event.get("RRULE") is not None:
        raise RotaError(zh=f"班次 {uid} 是重复日程；请逐个导出", en=f"event {uid} recurs; export single shifts instead")
    start, end = event.get("DTSTART"), event.get("DTEND")
    if start is None or end is None:
        raise RotaError(zh=f"班次 {uid} 缺少 DTSTART 或 DTEND", en=f"event {uid} needs DTSTART and DTEND")
    starts_at, ends_at = _moment(uid, start.dt), _moment(uid, end.dt)
    if ends_at <= starts_at:
        raise RotaError(zh=f"班次 {uid} 的结束不晚于开始", en=f"event {uid} ends before it begins")
    categories = event.get("CATEGORIES")
    words = {str(word).lower() for word in categories.cats} if categories is not None else set()
    substitute = str(event.get("X-SUBSTITUTE", "")) or None
    kind: Literal["duty", "leave"] = "leave" if words & {"leave", "请假"} else "duty"
    return Shift(
        uid=uid,
        who=str(event.get("SUMMARY", "")).strip(),
        starts_at=starts_at,
        ends_at=ends_at,
        kind=kind,
        substitute=substitute,
        note=str(event.get("DESCRIPTION", "")),
        called_off=str(event.get("STATUS", "")).upper() == "CANCELLED",
    )


def _moment(uid: str, time: object) -> datetime:
    if not isinstance(time, datetime):
        raise RotaError(
            zh=f"班次 {uid} 的 DTSTART 和 DTEND 应为时间，不是整天",
            en=f"event {uid}: give DTSTART and DTEND as times, not as whole days",
        )
    return time if time.tzinfo is not None else time.replace(tzinfo=LOCAL)


def write_calendar(shifts: Sequence[Shift], now: datetime) -> bytes:
    """The shifts as an iCalendar file (RFC 5545), which ``parse_calendar`` reads back."""
    calendar = icalendar.Calendar()
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    for shift in shifts:
        event = icalendar.Event()
        event.add("UID", shift.uid)
        event.add("DTSTAMP", now)
        event.add("SUMMARY", shift.who)
        event.add("DTSTART", shift.starts_at)
        event.add("DTEND", shift.ends_at)
        event.add("CATEGORIES", [shift.kind])
        if shift.substitute is not None:
            event.add("X-SUBSTITUTE", shift.substitute)
        if shift.note:
            event.add("DESCRIPTION", shift.note)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


async def save_shifts(connection: Connection, shifts: Sequence[Shift]) -> None:
    """Add shifts, change those known under the same uid, drop those called off, all or none.

    RotaError when somebody isn't known.
    """
    async with connection.transaction():
        names = {row["name"]: row["sort"] for row in await connection.fetch(_SQL.known)}
        for shift in shifts:
            sort = names.get(shift.who)
            if sort is None:
                raise RotaError(
                    zh=f"班次 {shift.uid}：没有队伍或联系人 {shift.who!r}",
                    en=f"shift {shift.uid}: there is no squad or contact {shift.who!r}",
                )
            if shift.substitute is not None and names.get(shift.substitute) != "contact":
                raise RotaError(
                    zh=f"班次 {shift.uid}：没有可替班的联系人 {shift.substitute!r}",
                    en=f"shift {shift.uid}: there is no contact {shift.substitute!r} to stand in",
                )
        rows = [{**msgspec.to_builtins(shift), "sort": names[shift.who]} for shift in shifts if not shift.called_off]
        await connection.execute(_SQL.save, rows)
        await connection.execute(_SQL.drop, [shift.uid for shift in shifts if shift.called_off])


async def shifts_between(connection: Connection, start: datetime, end: datetime) -> list[Shift]:
    """Shifts that touch the time from ``start`` to ``end``, in order of their beginning."""
    return [Shift(**dict(row)) for row in await connection.fetch(_SQL.between, start, end)]


async def remove_shift(connection: Connection, uid: str) -> None:
    """Take a shift out of the rota; UnknownShiftError when there is none of this uid."""
    if await connection.fetchval(_SQL.remove, uid) is None:
        raise UnknownShiftError(zh=f"没有班次 {uid}", en=f"there is no shift {uid}")


async def hand_over(where: "asyncpg.Pool | Connection", uid: str, actor: str, note: str, now: datetime) -> None:
    """Note that a shift was handed over (交接班), by whom and what was said; UnknownShiftError when it can't be."""
    if await where.fetchval(_SQL.hand_over, uid, now, note, actor) is None:
        raise UnknownShiftError(
            zh=f"没有尚未交接的班次 {uid}", en=f"there is no shift {uid} that wasn't handed over yet"
        )
