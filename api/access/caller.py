"""Who sends a request: by an access token or a key, both 256 random bits of which only the SHA-256 is kept.

Nobody can guess towards such a secret, so a plain hash can be looked up; passwords are another matter, see passwords.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

from fastapi import Request
from starlette.datastructures import Headers, QueryParams

from api.access.roles import Role
from api.errors import Unauthenticated
from api.store import Store
from database.queries import load_queries

_REMEMBERED = timedelta(seconds=1)
_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request; ``scopes`` are the tags that a key is good for, none meaning all that its role may."""

    sort: Literal["key", "user", "squad"]  # squad: whoever opened the link of an order
    name: str
    role: Role
    squad_id: str | None = None
    session_id: UUID | None = None
    must_change_password: bool = False
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None

    @property
    def actor(self) -> str:
        """How event rows call this caller."""
        return f"{self.sort}:{self.name}"


def new_secret(prefix: str) -> str:
    """256 random bits; ``prefix`` lets a secret scanner recognise a leak."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of a key or a token."""
    return hashlib.sha256(secret.encode()).digest()


def address_of(request: Request) -> str:
    """Where a request comes from; what a proxy says about that counts when the proxy is a trusted one."""
    return request.client.host if request.client else ""


def sent_secret(headers: Headers, query: QueryParams | None) -> str:
    """The one secret in a request; Unauthenticated when there is none, or more than one."""
    sent = set() if query is None else set(query.getlist("token"))
    if "x-api-key" in headers:
        sent.add(headers["x-api-key"])
    if "authorization" in headers:
        scheme, _, token = headers["authorization"].partition(" ")
        sent.add(token.strip() if scheme.lower() == "bearer" else "")
    # Of two different secrets, which one counts would be a guess.
    if len(sent) != 1 or not all(sent):
        raise Unauthenticated
    return sent.pop()


async def identify(store: Store, secret: str, now: datetime) -> Caller:
    """Whose ``secret`` it is; Unauthenticated when it isn't valid at ``now``.

    What was found holds for a second, or until this process changes anything or hears that somebody's access has ended:
    a console asks many times a second.
    """
    key = digest(secret)
    known: tuple[Caller, datetime, datetime] | None = store.memory.get(key)
    if known is not None and known[1] <= now < known[2]:
        return known[0]
    changes = store.memory.changes
    async with store.reading() as connection:
        row = await connection.fetchrow(_SQL.find, key, now)
    if row is None:
        raise Unauthenticated
    caller = Caller(**{**dict(row), "scopes": tuple(row["scopes"])})
    until = now + _REMEMBERED
    until = until if caller.expires_at is None else min(until, caller.expires_at)
    store.memory.keep(key, (caller, now, until), changes)
    return caller
