"""The rota as an iCalendar file, in and out."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.errors import InvalidValue
from api.fields import Asked, Instant, Maybe
from api.rota.shifts import span
from dispatch.rota import parse_calendar, save_shifts, shifts_between, write_calendar

MEDIA_TYPE = "text/calendar"
router = APIRouter(prefix=PREFIX, tags=["rota"], route_class=GuardedRoute)


class CalendarSpan(Asked):
    """From when to when."""

    start: Maybe[Instant] = Field(None, alias="from", description="RFC 3339 with zone. Default: now")
    to: Maybe[Instant] = Field(None, description="Default: 7 days after `from`, at most 366 days")


class ImportedShifts(BaseModel):
    """What a file held."""

    shifts: int


_EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//county//rota//ZH\r\nBEGIN:VEVENT\r\nUID:gas-1-20260501-day@guangning\r\n"
    "DTSTAMP:20260430T000000Z\r\nSUMMARY:gas-1\r\nDTSTART:20260501T000000Z\r\nDTEND:20260501T120000Z\r\n"
    "CATEGORIES:duty\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_FILE = {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EVENT}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "iCalendar (RFC 5545): SUMMARY names the squad or contact, CATEGORIES may say leave,"
        " X-SUBSTITUTE who stands in",
        "required": True,
        "content": _FILE,
    }
}


@router.get(
    "/exports/rota",
    summary="Export the rota",
    description="What touches the time from `from` to `to` as iCalendar (RFC 5545), as the import takes it.",
    response_class=Response,
    responses={**answers(None), 200: {"description": "The file", "content": _FILE}},
)
async def export_rota(store: Reach, now: Now, _caller: CallerOf, which: Annotated[CalendarSpan, Query()]) -> Response:
    start, to = span(which.start, which.to, now)
    async with store.reading() as connection:
        shifts = await shifts_between(connection, start, to)
    headers = {"Content-Disposition": f"attachment; filename=rota-{now:%Y%m%dT%H%M%SZ}.ics"}
    return Response(write_calendar(shifts, now), media_type=MEDIA_TYPE, headers=headers)


@router.post(
    "/imports/rota",
    summary="Import shifts",
    description="Adds the shifts of an iCalendar file of up to 1 MB, or changes those known under the same UID: all of"
    " them or, when one can't be used, none. Recurring events are refused.",
    responses=answers({"shifts": 14}, acts=True),
    openapi_extra=_BODY,
)
async def import_rota(request: Request, store: Reach, _caller: CallerOf) -> ImportedShifts:
    content = await request.body()
    if b"\0" in content:
        raise InvalidValue("body", zh="文件含有空字符。", en="The file holds a NUL character.")
    shifts = await asyncio.to_thread(parse_calendar, content)  # seconds for a large one
    async with store.writing() as connection:
        await save_shifts(connection, shifts)
    return ImportedShifts(shifts=len(shifts))
