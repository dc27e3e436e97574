"""Users, as an administrator sees them."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from api.access import accounts
from api.access.accounts import NAME_PATTERN, Details, add_account, change_account, end_sessions, find_account
from api.access.guard import CallerOf, GuardedRoute
from api.access.login import SESSIONS, Ended, Sessions, sessions_of
from api.access.roles import AccountRole
from api.address import PREFIX
from api.answers import answers
from api.conditions import IfMatch, require_match, tag
from api.context import Now, Reach
from api.cursors import Cursor, Name
from api.fields import Maybe, Page, Paging, SquadId, Strict, YesNo
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[str] = Cursor("users", Name)
router = APIRouter(prefix=f"{PREFIX}/users", tags=["users"], route_class=GuardedRoute)
UserName = Annotated[str, InPath(pattern=NAME_PATTERN, description="The user's name")]
FullName = Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["王敏"])]


class User(BaseModel):
    """Somebody who may log in."""

    name: str
    full_name: str
    role: AccountRole
    squad_id: str | None = Field(description="Whose tasks a squad's member sees; null for other roles")
    disabled_at: datetime | None
    must_change_password: bool = Field(description="Has not set a password of their own yet")
    created_at: datetime
    updated_at: datetime


class UserChange(Strict):
    """What an administrator says of a user."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [
                {"properties": {"role": {"const": "squad"}, "squad_id": {"type": "string"}}, "required": ["squad_id"]},
                {"properties": {"role": {"not": {"const": "squad"}}, "squad_id": {"type": "null"}}},
            ]
        },
    )

    full_name: FullName = ""
    role: AccountRole
    squad_id: SquadId | None = None
    disabled: bool = False


class NewUser(UserChange):
    """A user to be."""

    name: Annotated[str, Field(pattern=NAME_PATTERN, examples=["wang"])]


class OneTime(BaseModel):
    """A password for the first log-in, shown this once."""

    name: str
    one_time_password: str


class UserFilter(Paging):
    """Which users."""

    role: Maybe[AccountRole] = Field(None, description="Only of this role")
    disabled: Maybe[YesNo] = Field(None, description="Only disabled ones, or only the others")


_EXAMPLE: dict[str, Any] = {
    "name": "wang",
    "full_name": "王敏",
    "role": "officer",
    "squad_id": None,
    "disabled_at": None,
    "must_change_password": False,
    "created_at": "2026-05-01T00:00:00Z",
    "updated_at": "2026-05-01T00:00:00Z",
}
_ONE_TIME = {"name": "wang", "one_time_password": "k7hd-m2xp-q9rt-w4zs"}


def _user(row: asyncpg.Record) -> User:
    fields = dict(row)
    fields.pop("revision")
    return User(**fields)


def _details(given: UserChange) -> Details:
    return Details(given.role, given.full_name, given.squad_id, given.disabled)


@router.get(
    "",
    summary="Users",
    description="Users in the order of their names.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_users(store: Reach, _caller: CallerOf, which: Annotated[UserFilter, Query()]) -> Page[User]:
    after = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, after, which.role, which.disabled, which.limit + 1)
    return _CURSOR.page([_user(row) for row in rows], which.limit, key=lambda user: user.name)


@router.post(
    "",
    status_code=201,
    summary="Add a user",
    description="The answer holds a one-time password, which the user has to replace at the first log-in.",
    responses=answers(_ONE_TIME, acts=True, status=201),
)
async def add_user(store: Reach, now: Now, _caller: CallerOf, given: NewUser) -> OneTime:
    async with store.writing() as connection:
        password = await add_account(connection, given.name, _details(given), now)
    return OneTime(name=given.name, one_time_password=password)


@router.get(
    "/{name}", summary="One user", description="The user of this name.", responses=answers(_EXAMPLE, 404, tagged=True)
)
async def show_user(store: Reach, _caller: CallerOf, name: UserName, response: Response) -> User:
    async with store.reading() as connection:
        row = await find_account(connection, name)
    tag(response, row["revision"])
    return _user(row)


@router.put(
    "/{name}",
    summary="Change a user",
    description="Puts name, role, squad, and whether the user is disabled, which logs them out at once. The last"
    " administrator can't be disabled or get another role.",
    responses=answers(_EXAMPLE, 404, acts=True, tagged=True, matched=True),
)
async def change_user(
    store: Reach,
    now: Now,
    _caller: CallerOf,
    name: UserName,
    given: UserChange,
    response: Response,
    if_match: IfMatch = None,
) -> User:
    async with store.writing() as connection:
        await connection.execute(_SQL.lock, name)
        require_match(if_match, (await find_account(connection, name))["revision"])
        await change_account(connection, name, _details(given), now)
        row = await find_account(connection, name)
    tag(response, row["revision"])
    return _user(row)


@router.post(
    "/{name}/password",
    summary="Reset a user's password",
    description="Gives a new one-time password, ends all of the user's sessions and lifts a lock.",
    responses=answers(_ONE_TIME, 404, acts=True),
)
async def reset_password(store: Reach, now: Now, _caller: CallerOf, name: UserName) -> OneTime:
    async with store.writing() as connection:
        return OneTime(name=name, one_time_password=await accounts.reset_password(connection, name, now))


@router.post(
    "/{name}/logout",
    summary="Log a user out everywhere",
    description="Ends all of the user's sessions at once.",
    responses=answers({"ended": 2}, 404, acts=True),
)
async def log_user_out(store: Reach, now: Now, _caller: CallerOf, name: UserName) -> Ended:
    async with store.writing() as connection:
        await find_account(connection, name)
        return Ended(ended=await end_sessions(connection, name, "revoked", now))


@router.get(
    "/{name}/sessions",
    summary="Where a user is logged in",
    description="The user's open sessions, the newest first.",
    responses=answers(SESSIONS, 404),
)
async def list_user_sessions(store: Reach, now: Now, _caller: CallerOf, name: UserName) -> Sessions:
    async with store.reading() as connection:
        await find_account(connection, name)
        return await sessions_of(connection, name, now)
