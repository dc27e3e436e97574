"""Accounts of persons: made by an administrator, used after the first log-in with a password of one's own."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from api.access.passwords import hash_password, one_time_password
from api.access.roles import AccountRole
from api.errors import Conflict, InvalidValue, NotFound
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
FIRST_NAME = "admin"
NAME_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,31}$"


@dataclass(frozen=True, slots=True)
class Details:
    """What an administrator says of an account."""

    role: AccountRole
    full_name: str = ""
    squad_id: str | None = None
    disabled: bool = False


def unknown_account(name: str) -> NotFound:
    """The error for a name that no account has."""
    return NotFound(
        zh=f"没有名为 {name} 的用户；全部见 /api/v1/users。", en=f"There is no user {name}; /api/v1/users lists them."
    )


async def find_account(connection: Connection, name: str) -> asyncpg.Record:
    """The row of an account; NotFound."""
    row = await connection.fetchrow(_SQL.one, name)
    if row is None:
        raise unknown_account(name)
    return row


async def add_account(connection: Connection, name: str, details: Details, now: datetime) -> str:
    """Make an account and return its one-time password: the only time that it can be seen.

    Conflict when there is one of this name; InvalidValue when role and squad don't go together.
    """
    await _check_squad(connection, details)
    password = one_time_password()
    stored = await hash_password(password)
    made = await connection.fetchval(
        _SQL.add, name, details.full_name, details.role, details.squad_id, stored, details.disabled, now
    )
    if made is None:
        raise Conflict(
            zh=f"已有名为 {name} 的用户，请换一个名称。", en=f"There is a user called {name}: choose another name."
        )
    return password


async def change_account(connection: Connection, name: str, details: Details, now: datetime) -> None:
    """Put other details; who is disabled is logged out. Conflict rather than leave nobody who can administer."""
    await _check_squad(connection, details)
    await connection.execute(_SQL.lock)
    if await connection.fetchval(
        _SQL.change, name, details.full_name, details.role, details.squad_id, details.disabled, now
    ):
        if details.disabled:
            await end_sessions(connection, name, "disabled", now)
        if not await connection.fetchval(_SQL.has_administrator):
            raise Conflict(
                zh="这是最后一个可用的管理员，不能停用或改作其他角色。",
                en="This is the last administrator: it can't be disabled or get another role.",
            )
        return
    raise unknown_account(name)


async def reset_password(connection: Connection, name: str, now: datetime) -> str:
    """Give a new one-time password, and end all sessions; NotFound."""
    password = one_time_password()
    stored = await hash_password(password)
    await set_password(connection, name, stored, now, one_time=True)
    return password


async def set_password(connection: Connection, name: str, stored: str, now: datetime, *, one_time: bool) -> int:
    """Put what is stored of a password, forget wrong attempts, end all sessions; how many. NotFound."""
    if await connection.fetchval(_SQL.set_password, name, stored, one_time, now) is None:
        raise unknown_account(name)
    await connection.execute(_SQL.forgive, name)
    return await end_sessions(connection, name, "password", now)


async def end_sessions(connection: Connection, name: str, why: str, now: datetime) -> int:
    """End every session of an account at once; how many there were."""
    ended = await connection.fetch(_SQL.end_sessions, name, why, now)
    if ended:
        await connection.execute(_SQL.tell)
    return len(ended)


async def first_administrator(pool: asyncpg.Pool, now: datetime) -> str | None:
    """Make the account ``admin`` where there is no account at all, and return its one-time password; else None."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SQL.lock)
        if await connection.fetchval(_SQL.has_any):
            return None
        return await add_account(connection, FIRST_NAME, Details("administrator"), now)


async def _check_squad(connection: Connection, details: Details) -> None:
    if (details.role == "squad") != (details.squad_id is not None):
        raise InvalidValue(
            "body.squad_id",
            zh="角色为 squad 的用户须有 squad_id，其他角色不得有。",
            en="A user of the role squad has a squad_id, users of other roles have none.",
        )
    if details.squad_id is not None and not await connection.fetchval(_SQL.has_squad, details.squad_id):
        raise Conflict(
            zh=f"没有编号为 {details.squad_id} 的队伍；全部见 /api/v1/squads。",
            en=f"There is no squad {details.squad_id}; /api/v1/squads lists them.",
        )
