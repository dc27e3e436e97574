"""API keys, for programs: hashed, with a role, a scope and an end."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.access.caller import digest, new_secret
from api.access.guard import CallerOf, GuardedRoute
from api.access.roles import KeyRole
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, Name
from api.errors import Conflict, NotFound
from api.fields import Instant, Page, Paging, Strict
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("keys", Name)
_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
router = APIRouter(prefix=f"{PREFIX}/keys", tags=["keys"], route_class=GuardedRoute)
KeyName = Annotated[str, InPath(pattern=_NAME_PATTERN, description="The key's name")]
Scope = Annotated[str, Field(pattern=r"^[a-z-]{1,32}$", examples=["readings"])]


class Key(BaseModel):
    """Who holds a key, and what it is good for."""

    name: str
    role: KeyRole
    scopes: list[str] = Field(description="Tags of the routes that it is good for; empty: all that its role may")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKey(Strict):
    """A key to be."""

    name: Annotated[str, Field(pattern=_NAME_PATTERN, examples=["grafana"])]
    role: KeyRole
    scopes: list[Scope] = Field([], max_length=16)
    expires_at: Instant | None = Field(None, description="When it ends by itself", examples=["2027-01-01T00:00:00Z"])


class MadeKey(Key):
    """A key, shown this once."""

    key: str


_EXAMPLE: dict[str, Any] = {
    "name": "grafana",
    "role": "viewer",
    "scopes": ["readings", "sensors"],
    "created_at": "2026-05-01T00:00:00Z",
    "expires_at": "2027-01-01T00:00:00Z",
    "revoked_at": None,
}


async def add_key(
    where: "asyncpg.Pool | Connection",
    name: str,
    role: KeyRole,
    now: datetime,
    *,
    scopes: tuple[str, ...] = (),
    expires_at: datetime | None = None,
) -> str:
    """Make a key and return it: the only time that it can be seen. Conflict if the name was ever used."""
    key = new_secret("lifeline_")
    if await where.fetchval(_SQL.add, name, digest(key), role, now, list(scopes), expires_at) is None:
        raise Conflict(
            zh=f"已有名为 {name} 的密钥，请换一个名称。", en=f"There is a key called {name}: choose another name."
        )
    return key


async def revoke_key(where: "asyncpg.Pool | Connection", name: str, now: datetime) -> None:
    """End a key at once; NotFound when there is no valid one of this name."""
    if await where.fetchval(_SQL.revoke, name, now) is None:
        raise NotFound(zh=f"没有名为 {name} 的有效密钥。", en=f"There is no valid key called {name}.")
    await where.execute(_SQL.tell)


@router.get(
    "",
    summary="Keys",
    description="Keys in the order of their names, ended ones too; the keys themselves are not kept.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_keys(store: Reach, _caller: CallerOf, which: Annotated[Paging, Query()]) -> Page[Key]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, after, which.limit + 1)
    return _CURSOR.page([Key(**dict(row)) for row in rows], which.limit, key=lambda key: key.name)


@router.post(
    "",
    status_code=201,
    summary="Make a key",
    description="The answer holds the key, which can't be shown again. A device pushes messages and does nothing else.",
    responses=answers({**_EXAMPLE, "key": "lifeline_0CsHgJ2mVw"}, acts=True, status=201),
)
async def make_key(store: Reach, now: Now, _caller: CallerOf, given: NewKey) -> MadeKey:
    if given.expires_at is not None and given.expires_at <= now:
        raise Conflict(zh="expires_at 应在将来。", en="expires_at must lie in the future.")
    async with store.writing() as connection:
        key = await add_key(
            connection, given.name, given.role, now, scopes=tuple(given.scopes), expires_at=given.expires_at
        )
    return MadeKey(**given.model_dump(), created_at=now, revoked_at=None, key=key)


@router.delete(
    "/{name}",
    summary="Revoke a key",
    description="Ends it at once and for good.",
    responses=answers(_EXAMPLE, 404),
)
async def end_key(store: Reach, now: Now, _caller: CallerOf, name: KeyName) -> Key:
    async with store.writing() as connection:
        await revoke_key(connection, name, now)
        row = await connection.fetchrow(_SQL.one, name)
    assert row is not None
    return Key(**dict(row))
