"""Sessions: a short access token, a refresh token that is good once, and the end of both.

Both tokens are random and looked up, so a session that ends is over with the next request; a signed token would have
to be looked up as well to be revocable, and would need a key to be kept. A refresh token that comes a second time was
copied by somebody, or its answer got lost: either way the session ends, and its owner logs in again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from api.access.accounts import end_sessions, set_password
from api.access.caller import Caller, digest, new_secret
from api.access.passwords import check_strength, fits, hash_password
from api.audit.trace import Trace, act_for
from api.errors import NotFound, TooMany, WrongCredentials
from api.store import Store
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
ACCESS_FOR = timedelta(minutes=10)
IDLE_FOR = timedelta(hours=12)  # a shift
LASTS = timedelta(days=7)
LOCK_FOR = timedelta(minutes=15)
_WRONG_FROM_ADDRESS = 5
_WRONG_IN_ALL = 50  # more, so that a stranger can't easily lock out the officer on duty


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a log-in comes from, and what is to be recorded of the request."""

    address: str
    agent: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets, the only time that it can be seen."""

    access: str
    refresh: str
    must_change_password: bool


def _wrong() -> WrongCredentials:
    return WrongCredentials(
        zh="用户名或密码不正确，或该用户已停用。请核对后重试，或联系管理员。",
        en="Name and password don't fit, or the user is disabled: check them, or ask the administrator.",
    )


async def log_in(
    store: Store, name: str, password: str, origin: Origin, now: datetime, *, access_for: timedelta = ACCESS_FOR
) -> Tokens:
    """Begin a session; WrongCredentials, or TooMany after 5 wrong passwords from one address within 15 min.

    A page whose cookie nobody refreshes asks for an access token that is good for longer (``access_for``).

    The attempt counts as wrong before the password is looked at, so that many at once count as well.
    """
    async with store.writing() as connection:
        await connection.execute(_SQL.one_by_one, name)
        row = await connection.fetchrow(_SQL.count_failure, name, origin.address, now, now - LOCK_FOR)
        stored = await connection.fetchrow(_SQL.password, name)
    assert row is not None
    if row["from_address"] > _WRONG_FROM_ADDRESS or row["in_all"] > _WRONG_IN_ALL:
        raise TooMany((row["oldest"] + LOCK_FOR - now).total_seconds())
    fitting = await fits(password, None if stored is None else stored["password_hash"])
    if stored is None or not fitting or stored["disabled"]:
        raise _wrong()
    one_time = stored["must_change_password"]
    return await begin_session(store, name, stored["role"], origin, now, one_time=one_time, access_for=access_for)


async def begin_session(
    store: Store,
    name: str,
    role: str,
    origin: Origin,
    now: datetime,
    *,
    one_time: bool = False,
    access_for: timedelta = ACCESS_FOR,
) -> Tokens:
    """A session of an account that has shown who it is; wrong attempts before are forgiven."""
    refresh, access = new_secret(""), new_secret("lifeline_at_")
    session_id = uuid4()
    async with store.writing() as connection:
        await act_for(connection, Trace(now, f"user:{name}", role, origin.address, origin.request_id, "log_in"))
        await connection.execute(_SQL.forgive, name, origin.address)
        await connection.execute(
            _SQL.begin,
            session_id,
            name,
            digest(access),
            now + access_for,
            digest(refresh),
            now + IDLE_FOR,
            now + LASTS,
            now,
            origin.address,
            origin.agent,
        )
    return Tokens(access, f"{session_id}.{refresh}", one_time)


async def refresh(store: Store, token: str, origin: Origin, now: datetime) -> Tokens:
    """New tokens for a session, the old ones end; WrongCredentials, and then the session is over if it was reused."""
    named, _, secret = token.partition(".")
    try:
        session_id = UUID(named)
    except ValueError:
        raise _spent() from None
    async with store.writing() as connection:
        row = await connection.fetchrow(_SQL.lock, session_id, now)
        if row is not None and row["refresh_sha256"] == digest(secret):
            fresh, access = new_secret(""), new_secret("lifeline_at_")
            await connection.execute(
                _SQL.rotate,
                session_id,
                digest(access),
                now + ACCESS_FOR,
                digest(fresh),
                min(now + IDLE_FOR, row["expires_at"]),
                now,
                origin.address,
                origin.agent,
            )
            return Tokens(access, f"{session_id}.{fresh}", row["must_change_password"])
        if row is not None:
            trace = Trace(now, f"user:{row['account']}", row["role"], origin.address, origin.request_id, "refresh")
            await act_for(connection, trace)
            await connection.execute(_SQL.end, session_id, None, "reuse", now)
            await connection.execute(_SQL.tell)
    raise _spent()


def _spent() -> WrongCredentials:
    return WrongCredentials(
        zh="刷新令牌无效、已过期或已用过。请重新登录。",
        en="This refresh token isn't valid, has expired or was used before: log in again.",
    )


async def replace_password(store: Store, caller: Caller, old: str, new: str, now: datetime) -> int:
    """Put another password and end all sessions; how many there were. WrongCredentials, InvalidValue when too weak."""
    async with store.reading() as connection:
        stored = await connection.fetchrow(_SQL.password, caller.name)
    if stored is None or not await fits(old, stored["password_hash"]) or old == new:
        raise WrongCredentials(
            zh="原密码不正确，或新旧密码相同。", en="The old password doesn't fit, or the new one is the same."
        )
    check_strength(caller.name, new, "body.new")
    fresh = await hash_password(new)
    async with store.writing() as connection:
        return await set_password(connection, caller.name, fresh, now, one_time=False)


async def end_session(store: Store, name: str, session_id: UUID, why: str, now: datetime) -> None:
    """End one session of an account; NotFound when it has no such open one."""
    async with store.writing() as connection:
        if await connection.fetchval(_SQL.end, session_id, name, why, now) is None:
            raise NotFound(zh="没有这个会话，或它已结束。", en="There is no such session, or it is over.")
        await connection.execute(_SQL.tell)


async def end_all(store: Store, name: str, why: str, now: datetime) -> int:
    """End every session of an account; how many there were."""
    async with store.writing() as connection:
        return await end_sessions(connection, name, why, now)
