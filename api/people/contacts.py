"""People who are told, by function, grid cell or owner unit."""

from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field, model_validator

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, match_or_make, require_match, tag
from api.context import Reach
from api.cursors import Cursor, Name
from api.errors import Conflict, InvalidValue, NotFound
from api.fields import Bilingual, GridId, Maybe, Page, Paging, SquadId, Strict, Text, Titles, Word, shown
from api.validation import misfit
from database.pool import Connection
from database.queries import load_queries
from dispatch.plans import Person

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("contacts", Name)
router = APIRouter(prefix=f"{PREFIX}/contacts", tags=["contacts"], route_class=GuardedRoute)
ContactId = Annotated[SquadId, InPath(description="The contact's identifier")]
Channel = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="By its name in the channels file")]


class ContactEntry(Strict):
    """A person as entered; a grid person has a grid cell, an owner unit's person has a unit, others have neither."""

    name: Titles
    person: Person = Field(description="By which function they are told")
    grid_id: GridId | None = None
    unit: Word | None = Field(None, description="The owner unit (权属单位) that they stand for")
    phone: Text = ""
    language: Literal["zh", "en"] = "zh"
    channels: Annotated[list[Channel], Field(min_length=1, max_length=8)] = Field(["console"])

    @model_validator(mode="after")
    def _fits(self) -> "ContactEntry":
        if (self.person == "grid_person") != (self.grid_id is not None):
            raise misfit(zh="网格责任人须填 grid_id，其他人不填", en="a grid person, and nobody else, has a grid_id")
        if (self.person == "owner_unit") != (self.unit is not None):
            raise misfit(
                zh="权属单位的联系人须填 unit，其他人不填", en="an owner unit's person, and nobody else, has a unit"
            )
        return self


class Contact(BaseModel):
    """A person who is told."""

    contact_id: str
    name: Bilingual
    person: Person
    grid_id: str | None
    unit: str | None
    phone: str
    language: Literal["zh", "en"]
    channels: list[str] = Field(description="By their names, never their addresses")


class ContactFilter(Paging):
    """Which people."""

    person: Maybe[Person] = Field(None, description="Only of this function", examples=["leader"])
    grid_id: Maybe[GridId] = Field(None, description="Only of this grid cell")


_EXAMPLE: dict[str, Any] = {
    "contact_id": "grid-nanjie-01",
    "name": {"zh": "李网格", "en": "Li, grid officer"},
    "person": "grid_person",
    "grid_id": "gn-nanjie-01",
    "unit": None,
    "phone": "13800000001",
    "language": "zh",
    "channels": ["console", "wecom"],
}


def _contact(row: asyncpg.Record) -> Contact:
    fields = shown(Contact, row)
    return Contact(**fields, name=Bilingual(zh=row["name_zh"], en=row["name_en"]))


async def _show(connection: Connection, contact_id: str, response: Response) -> Contact:
    row = await connection.fetchrow(_SQL.one, contact_id)
    if row is None:
        raise _unknown(contact_id)
    tag(response, row["changed_in"])
    return _contact(row)


def _unknown(contact_id: str) -> NotFound:
    return NotFound(
        zh=f"没有编号为 {contact_id} 的联系人；全部见 /api/v1/contacts。",
        en=f"There is no contact {contact_id}; /api/v1/contacts lists them.",
    )


@router.get(
    "",
    summary="People who are told",
    description="Contacts in the order of their identifiers, filtered by function and grid cell.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_contacts(store: Reach, _caller: CallerOf, which: Annotated[ContactFilter, Query()]) -> Page[Contact]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, after, which.person, which.grid_id, which.limit + 1)
    return _CURSOR.page([_contact(row) for row in rows], which.limit, key=lambda contact: contact.contact_id)


@router.get(
    "/{contact_id}",
    summary="One contact",
    description="The person of this identifier, with its ETag.",
    responses=answers(_EXAMPLE, 404, tagged=True),
)
async def show_contact(store: Reach, _caller: CallerOf, contact_id: ContactId, response: Response) -> Contact:
    async with store.reading() as connection:
        return await _show(connection, contact_id, response)


@router.put(
    "/{contact_id}",
    summary="Enter or change a contact",
    description="Makes it (201), or replaces what was said of it (200, with the ETag as If-Match).",
    responses={
        **answers(_EXAMPLE, acts=True, tagged=True, matched=True),
        201: {"description": "Made", "content": {"application/json": {}}},
    },
)
async def put_contact(
    store: Reach,
    _caller: CallerOf,
    contact_id: ContactId,
    entry: ContactEntry,
    response: Response,
    if_match: IfMatch = None,
) -> Contact:
    fields = entry.model_dump()
    name = fields.pop("name")
    async with store.writing() as connection:
        there = await connection.fetchval(_SQL.lock, contact_id)
        match_or_make(if_match, there, response)
        try:
            await connection.execute(_SQL.put, contact_id, name["zh"], name["en"], *fields.values())
        except asyncpg.ForeignKeyViolationError as error:
            raise InvalidValue(
                "body.grid_id", zh=f"没有网格 {entry.grid_id}。", en=f"There is no grid cell {entry.grid_id}."
            ) from error
        return await _show(connection, contact_id, response)


@router.delete(
    "/{contact_id}",
    status_code=204,
    summary="Remove a contact",
    description="They are not told any more; what they were told stays. One in the rota can't be removed (409).",
    responses=answers(None, 404, 409, matched=True, status=204),
)
async def remove_contact(store: Reach, _caller: CallerOf, contact_id: ContactId, if_match: IfMatch = None) -> None:
    async with store.writing() as connection:
        there = await connection.fetchval(_SQL.lock, contact_id)
        if there is None:
            raise _unknown(contact_id)
        require_match(if_match, there)
        try:
            await connection.execute(_SQL.remove, contact_id)
        except asyncpg.ForeignKeyViolationError as error:
            raise Conflict(
                zh=f"联系人 {contact_id} 在值班表中，请先删除其班次。",
                en=f"Contact {contact_id} is in the rota: take their shifts out first.",
            ) from error
