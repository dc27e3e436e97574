"""Who is on duty when: shifts, leave with substitutes, and the hand-over between them."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
import msgspec
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, match_or_make, require_match, tag
from api.context import Now, Reach
from api.cursors import Cursor, Moment
from api.errors import InvalidValue, NotFound
from api.fields import Instant, Maybe, Note, Page, Paging, Remark, SquadId, Strict, shown
from database.pool import Connection
from database.queries import load_queries
from dispatch import rota

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_Uid = Annotated[str, msgspec.Meta(max_length=255)]
_CURSOR: Cursor[tuple[datetime, str]] = Cursor("rota", tuple[Moment, _Uid])
_USUAL = timedelta(days=7)
_LONGEST = timedelta(days=366)
router = APIRouter(prefix=f"{PREFIX}/rota", tags=["rota"], route_class=GuardedRoute)
ShiftUid = Annotated[
    str,
    InPath(
        min_length=1,
        max_length=255,
        pattern=r"^[^\x00-\x20\x7f/]+$",
        description="iCalendar's UID, under which the shift is changed",
        examples=["gas-1-20260501-day@guangning"],
    ),
]
Kind = Literal["duty", "leave"]


class ShiftEntry(Strict):
    """A shift, or a leave, as a person enters it."""

    who: SquadId = Field(description="A squad or a contact")
    starts_at: Instant
    ends_at: Instant
    kind: Kind = "duty"
    substitute: SquadId | None = Field(None, description="The contact who stands in during a leave")
    note: Note = ""


class Shift(BaseModel):
    """Duty, or leave, of a squad or a person."""

    uid: str
    who: str = Field(description="A squad or a contact, by its identifier")
    starts_at: datetime
    ends_at: datetime
    kind: Kind
    substitute: str | None = Field(description="The contact who stands in during a leave")
    note: str
    handed_over_at: datetime | None = Field(description="When the one who leaves told the one who comes (交接班)")
    handed_over_note: str
    handed_over_by: str | None


class ShiftFilter(Paging):
    """Which shifts."""

    start: Maybe[Instant] = Field(
        None, alias="from", description="Those that end after this time, RFC 3339 with zone. Default: now"
    )
    to: Maybe[Instant] = Field(
        None, description="And begin before this one. Default: 7 days after `from`, at most 366 days"
    )
    who: Maybe[SquadId] = Field(None, description="Only of this squad or contact")
    kind: Maybe[Kind] = Field(None, description="Only duty, or only leave")


EXAMPLE: dict[str, Any] = {
    "uid": "gas-1-20260501-day@guangning",
    "who": "gas-1",
    "starts_at": "2026-05-01T00:00:00Z",
    "ends_at": "2026-05-01T12:00:00Z",
    "kind": "duty",
    "substitute": None,
    "note": "",
    "handed_over_at": None,
    "handed_over_note": "",
    "handed_over_by": None,
}
_OVER = {**EXAMPLE, "handed_over_at": "2026-05-01T12:00:00Z", "handed_over_by": "user:wang"}


def span(start: datetime | None, to: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """From when to when the rota is asked for; InvalidValue when that makes no sense."""
    begin = start or now
    try:
        end = to or begin + _USUAL
    except OverflowError:  # `from` is in the last days of year 9999
        end = begin
    if not timedelta(0) <= end - begin <= _LONGEST:
        raise InvalidValue(
            "query.from", zh="from 应早于 to，且相差不超过 366 天。", en="from must lie before to, by 366 days at most."
        )
    return begin, end


async def _show(connection: Connection, uid: str, response: Response) -> Shift:
    row = await connection.fetchrow(_SQL.one, uid)
    if row is None:
        raise unknown_shift(uid)
    tag(response, row["changed_in"])
    return _shift(row)


def _shift(row: asyncpg.Record) -> Shift:
    return Shift(**shown(Shift, row))


def unknown_shift(uid: str) -> NotFound:
    """The error for a uid that no shift has."""
    return NotFound(
        zh=f"没有编号为 {uid} 的班次；全部见 /api/v1/rota。", en=f"There is no shift {uid}; /api/v1/rota lists them."
    )


@router.get(
    "",
    summary="Shifts and leave",
    description="What touches the time from `from` to `to`, in order of its beginning. A squad without any shift near a"
    " time keeps to its standing duty hours.",
    responses=answers({"items": [EXAMPLE], "next_cursor": None}),
)
async def list_shifts(store: Reach, now: Now, _caller: CallerOf, which: Annotated[ShiftFilter, Query()]) -> Page[Shift]:
    after = _CURSOR.decode(which.cursor)
    start, to = span(which.start, which.to, now)
    async with store.reading() as connection:
        rows = await connection.fetch(
            _SQL.page, start, to, which.who, which.kind, *(after or (None, None)), which.limit + 1
        )
    return _CURSOR.page([_shift(row) for row in rows], which.limit, key=lambda shift: (shift.starts_at, shift.uid))


@router.get(
    "/{uid}",
    summary="One shift",
    description="The shift of this uid, with its ETag.",
    responses=answers(EXAMPLE, 404, tagged=True),
)
async def show_shift(store: Reach, _caller: CallerOf, uid: ShiftUid, response: Response) -> Shift:
    async with store.reading() as connection:
        return await _show(connection, uid, response)


@router.put(
    "/{uid}",
    summary="Enter or change a shift",
    description="Makes it (201), or replaces it (200, with the ETag as If-Match). A leave may name who stands in.",
    responses={
        **answers(EXAMPLE, acts=True, tagged=True, matched=True),
        201: {"description": "Made", "content": {"application/json": {}}},
    },
)
async def put_shift(
    store: Reach,
    _caller: CallerOf,
    uid: ShiftUid,
    entry: ShiftEntry,
    response: Response,
    if_match: IfMatch = None,
) -> Shift:
    if entry.ends_at <= entry.starts_at:
        raise InvalidValue("body.ends_at", zh="ends_at 应晚于 starts_at。", en="ends_at must be after starts_at.")
    async with store.writing() as connection:
        there = await connection.fetchval(_SQL.lock, uid)
        match_or_make(if_match, there, response)
        await rota.save_shifts(connection, [rota.Shift(uid=uid, **entry.model_dump())])
        return await _show(connection, uid, response)


@router.delete(
    "/{uid}",
    status_code=204,
    summary="Take a shift out of the rota",
    description="The record of changes keeps it.",
    responses=answers(None, 404, matched=True, status=204),
)
async def remove_shift(store: Reach, _caller: CallerOf, uid: ShiftUid, if_match: IfMatch = None) -> None:
    async with store.writing() as connection:
        there = await connection.fetchval(_SQL.lock, uid)
        if there is None:
            raise unknown_shift(uid)
        require_match(if_match, there)
        await rota.remove_shift(connection, uid)


@router.post(
    "/{uid}/hand-over",
    summary="Hand a shift over",
    description="交接班: keeps who handed it over, when, and what was said. Once only; again is answered with 404.",
    responses=answers(_OVER, 404, acts=True),
)
async def hand_over_shift(
    store: Reach, now: Now, caller: CallerOf, uid: ShiftUid, response: Response, remark: Remark | None = None
) -> Shift:
    async with store.writing() as connection:
        await rota.hand_over(connection, uid, caller.actor, remark.note if remark else "", now)
        return await _show(connection, uid, response)
