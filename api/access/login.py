"""Log in, stay logged in, log out."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.access.caller import address_of
from api.access.guard import CallerOf, GuardedRoute
from api.access.roles import Role
from api.access.sessions import ACCESS_FOR, Origin, Tokens, end_all, end_session, log_in, refresh, replace_password
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach, context_of
from api.errors import Forbidden
from api.fields import Strict
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_MOST_SESSIONS = 500
open_router = APIRouter(prefix=f"{PREFIX}/auth", tags=["auth"])
router = APIRouter(prefix=f"{PREFIX}/auth", tags=["auth"], route_class=GuardedRoute)

Secret = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


SessionId = Annotated[UUID, InPath(description="As the list of sessions shows it")]


class Credentials(Strict):
    """Who logs in."""

    name: Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$", examples=["wang"])]
    password: Annotated[Secret, Field(examples=["correct horse battery"])]


class Refresh(Strict):
    """The refresh token of the last answer; it is good once."""

    refresh_token: Secret


class NewPassword(Strict):
    """The password so far, one-time or not, and the one from now on."""

    old: Secret
    new: Annotated[Secret, Field(description="12 to 128 characters", examples=["seven herons over the Sui river"])]


class Granted(BaseModel):
    """Tokens. The access token goes into ``Authorization: Bearer``; the refresh token gets the next pair."""

    access_token: str
    token_type: str = "Bearer"
    expires_in_s: int = Field(description="How long the access token is good", json_schema_extra={"x-unit": "s"})
    refresh_token: str
    must_change_password: bool = Field(description="True after a one-time password: POST /auth/password comes first")


class Me(BaseModel):
    """Who is asking."""

    name: str
    sort: str = Field(description="user or key")
    role: Role
    squad_id: str | None
    scopes: list[str] = Field(description="Tags that a key is good for; empty: all that its role may")
    must_change_password: bool


class Session(BaseModel):
    """Where somebody is logged in."""

    session_id: UUID
    created_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    address: str = Field(description="Of the latest log-in or refresh")
    agent: str = Field(description="What the client calls itself")


class Sessions(BaseModel):
    """All that are open, the newest first."""

    items: list[Session]


class Ended(BaseModel):
    """How many sessions ended."""

    ended: int


GRANTED = {
    "access_token": "lifeline_at_0CsHgJ2mVw",
    "token_type": "Bearer",
    "expires_in_s": 600,
    "refresh_token": "1bfc9f3e-6f0b-4a50-8f0b-7f2f0f6f3c1a.Ykq2",
    "must_change_password": False,
}
_ME: dict[str, Any] = {
    "name": "wang",
    "sort": "user",
    "role": "officer",
    "squad_id": None,
    "scopes": [],
    "must_change_password": False,
}
SESSIONS = {
    "items": [
        {
            "session_id": "1bfc9f3e-6f0b-4a50-8f0b-7f2f0f6f3c1a",
            "created_at": "2026-05-01T00:00:00Z",
            "refreshed_at": "2026-05-01T07:55:00Z",
            "expires_at": "2026-05-01T19:55:00Z",
            "address": "10.8.0.17",
            "agent": "curl/8.5.0",
        }
    ]
}


def origin_of(request: Request) -> Origin:
    """Where a log-in comes from."""
    agent = request.headers.get("user-agent", "").replace("\x00", "")[:200]
    return Origin(address_of(request), agent, request.scope.get("lifeline.request_id", ""))


def granted(tokens: Tokens) -> Granted:
    """The tokens as an answer."""
    return Granted(
        access_token=tokens.access,
        expires_in_s=int(ACCESS_FOR.total_seconds()),
        refresh_token=tokens.refresh,
        must_change_password=tokens.must_change_password,
    )


async def sessions_of(connection: Connection, name: str, now: datetime) -> Sessions:
    """The open sessions of an account."""
    rows = await connection.fetch(_SQL.open_sessions, name, now, _MOST_SESSIONS)
    return Sessions(items=[Session(**dict(row)) for row in rows])


@open_router.post(
    "/login",
    summary="Log in",
    description="An access token for 10 minutes and a refresh token for 12 hours without use, 7 days in all. After 5"
    " wrong passwords from one address the name is locked for it for 15 minutes (429). Needs no key.",
    responses=answers(GRANTED, 401, keyed=False, body=True),
)
async def login(request: Request, store: Reach, now: Now, credentials: Credentials) -> Granted:
    context_of(request).throttles.login.take(address_of(request), now)
    return granted(await log_in(store, credentials.name, credentials.password, origin_of(request), now))


@open_router.post(
    "/refresh",
    summary="Get the next tokens",
    description="A new pair for a refresh token; the old pair ends. A refresh token that comes twice was copied by"
    " somebody, so its session ends. Needs no key.",
    responses=answers(GRANTED, 401, keyed=False, body=True),
)
async def refresh_tokens(request: Request, store: Reach, now: Now, token: Refresh) -> Granted:
    context_of(request).throttles.login.take(f"refresh {address_of(request)}", now)
    return granted(await refresh(store, token.refresh_token, origin_of(request), now))


@router.get("/me", summary="Who am I", description="The caller's name, role and scopes.", responses=answers(_ME))
async def show_me(caller: CallerOf) -> Me:
    return Me(
        name=caller.name,
        sort=caller.sort,
        role=caller.role,
        squad_id=caller.squad_id,
        scopes=list(caller.scopes),
        must_change_password=caller.must_change_password,
    )


def _person(caller: CallerOf) -> UUID:
    if caller.session_id is None:
        raise Forbidden(zh="密钥没有会话和密码。", en="A key has no session and no password.")
    return caller.session_id


@router.post(
    "/password",
    summary="Change my password",
    description="Ends all of the caller's sessions: log in again with the new password.",
    responses=answers({"ended": 1}, body=True),
)
async def change_password(request: Request, store: Reach, now: Now, caller: CallerOf, passwords: NewPassword) -> Ended:
    _person(caller)
    context_of(request).throttles.login.take(caller.actor, now)
    return Ended(ended=await replace_password(store, caller, passwords.old, passwords.new, now))


@router.post("/logout", summary="Log out", description="Ends this session.", responses=answers({"ended": 1}))
async def log_out(store: Reach, now: Now, caller: CallerOf) -> Ended:
    await end_session(store, caller.name, _person(caller), "logged_out", now)
    return Ended(ended=1)


@router.post(
    "/logout-everywhere",
    summary="Log out everywhere",
    description="Ends all of the caller's sessions, this one too.",
    responses=answers({"ended": 3}),
)
async def log_out_everywhere(store: Reach, now: Now, caller: CallerOf) -> Ended:
    _person(caller)
    return Ended(ended=await end_all(store, caller.name, "logged_out", now))


@router.get(
    "/sessions",
    summary="Where I am logged in",
    description="The caller's open sessions, the newest first.",
    responses=answers(SESSIONS),
)
async def list_own_sessions(store: Reach, now: Now, caller: CallerOf) -> Sessions:
    _person(caller)
    async with store.reading() as connection:
        return await sessions_of(connection, caller.name, now)


@router.delete(
    "/sessions/{session_id}",
    summary="End one of my sessions",
    description="Ends a session of the caller's own; anybody else's is answered with 404.",
    responses=answers({"ended": 1}, 404),
)
async def end_own_session(store: Reach, now: Now, caller: CallerOf, session_id: SessionId) -> Ended:
    _person(caller)
    await end_session(store, caller.name, session_id, "revoked", now)
    return Ended(ended=1)
