"""API keys: who calls, and what they may do.

A key is 256 random bits, so a plain SHA-256 of it can be stored and looked up; nobody can guess towards it.
"""

import hashlib
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPBearer
from starlette.datastructures import Headers, QueryParams

from api.context import context_of
from api.errors import ApiError, Forbidden, NotFound, Unauthenticated
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
Role = Literal["viewer", "officer", "device"]
_PREFIX = "lifeline_"  # lets a secret scanner recognise a leaked key


class NameTaken(ApiError):
    """There is a key of this name already."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request."""

    name: str
    role: Role

    @property
    def actor(self) -> str:
        """How event rows call this caller."""
        return f"key:{self.name}"


def digest(key: str) -> bytes:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


async def add_key(pool: asyncpg.Pool, name: str, role: Role, now: datetime) -> str:
    """Make a key and return it: the only time that it can be seen. NameTaken if the name was ever used."""
    key = _PREFIX + secrets.token_urlsafe(32)
    if await pool.fetchval(_SQL.add, name, digest(key), role, now) is None:
        raise NameTaken(
            zh=f"已有名为 {name} 的密钥，请换一个名称。", en=f"There is a key called {name}: choose another name."
        )
    return key


async def revoke_key(pool: asyncpg.Pool, name: str, now: datetime) -> None:
    """End a key at once; NotFound when there is no valid one of this name."""
    if await pool.fetchval(_SQL.revoke, name, now) is None:
        raise NotFound(zh=f"没有名为 {name} 的有效密钥。", en=f"There is no valid key called {name}.")


def _sent_key(headers: Headers, query: QueryParams | None) -> str:
    sent = set() if query is None else set(query.getlist("token"))
    if "x-api-key" in headers:
        sent.add(headers["x-api-key"])
    if "authorization" in headers:
        scheme, _, token = headers["authorization"].partition(" ")
        sent.add(token.strip() if scheme.lower() == "bearer" else "")
    # Of two different keys, which one counts would be a guess.
    if len(sent) != 1 or not all(sent):
        raise Unauthenticated
    return sent.pop()


async def identify(request: Request, *, by_token: bool = False) -> Caller:
    """The caller by the request's key; Unauthenticated without a valid one. ``by_token``: ``?token=`` will do."""
    key = _sent_key(request.headers, request.query_params if by_token else None)
    async with context_of(request).store.reading() as connection:
        row = await connection.fetchrow(_SQL.find, digest(key))
    if row is None:
        raise Unauthenticated
    return Caller(row["name"], row["role"])


class KeyedRoute(APIRoute):
    """A route that looks at the key before it looks at anything else of the request, even at malformed JSON."""

    by_token = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def keyed(request: Request) -> Response:
            request.state.caller = await identify(request, by_token=self.by_token)
            return await handle(request)

        return keyed


class TokenRoute(KeyedRoute):
    """A keyed route for platforms that can't set headers: the key may be in the address as well.

    Nothing here logs an address with its query; a proxy in front of it may.
    """

    by_token = True


_BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="An API key as a bearer token")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="apiKey", description="The same key by itself")
_TOKEN = APIKeyQuery(name="token", auto_error=False, scheme_name="token", description="The same key in the address")


def caller(
    request: Request, _bearer: Annotated[object, Depends(_BEARER)], _header: Annotated[object, Depends(_HEADER)]
) -> Caller:
    """The caller, of any role. The unused parameters put the two ways to send a key into OpenAPI."""
    found: Caller = request.state.caller
    return found


def viewer(caller: Annotated[Caller, Depends(caller)]) -> Caller:
    """The caller, who may look: anyone but a device."""
    if caller.role == "device":
        raise Forbidden(
            zh="此密钥只能推送消息。请使用角色为 viewer 或 officer 的密钥。",
            en="This key may only push messages: use a key of the role viewer or officer.",
        )
    return caller


def officer(caller: Annotated[Caller, Depends(viewer)]) -> Caller:
    """The caller, who must be an officer."""
    if caller.role != "officer":
        raise Forbidden(
            zh="此密钥只能查看。请使用角色为 officer 的密钥。",
            en="This key may only read: use a key of the role officer.",
        )
    return caller


def device(caller: Annotated[Caller, Depends(caller)], _token: Annotated[object, Depends(_TOKEN)]) -> Caller:
    """The caller, who must be a device or a platform that speaks for devices."""
    if caller.role != "device":
        raise Forbidden(zh="推送消息需要角色为 device 的密钥。", en="Pushing messages takes a key of the role device.")
    return caller


Viewer = Annotated[Caller, Depends(viewer)]
Officer = Annotated[Caller, Depends(officer)]
Device = Annotated[Caller, Depends(device)]
