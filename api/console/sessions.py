"""Who is signed in at the console: a random cookie in the browser, and tokens of the API that never leave the server.

The tokens survive a restart of this process: they are kept in the database, sealed under a key that is derived from the
cookie. Who reads the table has no key, who has only the cookie's SHA-256 neither.
"""

import asyncio
import base64
import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
from cryptography.fernet import Fernet, InvalidToken
from fastapi import FastAPI

from api.access.roles import PERMISSIONS, Role
from api.access.sessions import LASTS
from api.console.hub import Answer, Origin, Refused, SessionOver, call
from api.context import EXERCISES, Context
from api.languages import Language
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_RENEW_BEFORE = timedelta(seconds=60)


@dataclass(slots=True)
class _Tokens:
    access: str
    refresh: str
    good_until: datetime


@dataclass(slots=True, eq=False)
class Session:
    """A person at a browser. ``origin`` and ``language`` are those of the latest request."""

    cookie: str = field(repr=False)
    name: str
    full_name: str
    role: Role
    squad_id: str | None
    must_change_password: bool
    origin: Origin
    language: Language
    _app: FastAPI = field(repr=False)
    _tokens: _Tokens = field(repr=False)
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def may(self, route: str) -> bool:
        """Whether this person's role may use the route of this name."""
        return self.role in PERMISSIONS[route]

    async def get(self, path: str, **query: Any) -> Any:
        """What is there, as JSON. Refused, SessionOver."""
        return (await self.ask("GET", path, query=query)).body

    async def post(self, path: str, body: object = None, **query: Any) -> Any:
        """Do something; what came of it, as JSON. Refused, SessionOver."""
        return (await self.ask("POST", path, body=body, query=query)).body

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: dict[str, Any] | None = None,
        if_match: str | None = None,
        exercises: bool = False,
    ) -> Answer:
        """Any request; ``if_match`` is the ETag of what is changed, ``exercises`` shows them. Refused, SessionOver."""
        headers = {} if if_match is None else {"If-Match": if_match}
        if exercises:
            headers[EXERCISES] = "show"

        async def send(token: str) -> httpx.Response:
            given: dict[str, Any] = {"token": token, "body": body, "query": query, "headers": headers}
            return await call(self._app, self.origin, self.language, method, path, **given)

        token = await self._token()
        try:
            response = await send(token)
        except Refused as refused:
            if refused.word != "unauthenticated":
                raise
            response = await send(await self._token(spent=token))
        # An answer without a body says what it would have been, too.
        is_json = response.status_code != 204 and "json" in response.headers.get("content-type", "")
        return Answer(response.json() if is_json else response.content, response.headers.get("etag"))

    async def _token(self, spent: str = "") -> str:
        """An access token that is still good, another one than ``spent``; a new pair is kept before it is used."""
        context: Context = self._app.state.context
        async with self._renewing:
            now = context.clock()
            if self._tokens.access != spent and self._tokens.good_until > now + _RENEW_BEFORE:
                return self._tokens.access
            body = {"refresh_token": self._tokens.refresh}
            try:
                response = await call(self._app, self.origin, self.language, "POST", "/auth/refresh", body=body)
            except Refused as refused:
                if refused.status == 401:
                    raise SessionOver from refused
                raise
            self._tokens = _tokens(response.json(), now)
            await _keep(context, self.cookie, self._tokens, now)
            return self._tokens.access


def _tokens(granted: dict[str, Any], now: datetime) -> _Tokens:
    return _Tokens(granted["access_token"], granted["refresh_token"], now + timedelta(seconds=granted["expires_in_s"]))


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()


def _seal(cookie: str) -> Fernet:
    # The cookie is 256 random bits, so one hash under a label of its own makes a key.
    key = hashlib.sha256(b"lifeline console seal " + cookie.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


async def _keep(context: Context, cookie: str, tokens: _Tokens, now: datetime) -> None:
    kept = orjson.dumps({"access": tokens.access, "refresh": tokens.refresh, "good_until": tokens.good_until})
    session_id = UUID(tokens.refresh.partition(".")[0])
    async with context.store.writing() as connection:
        await connection.execute(_SQL.keep, _digest(cookie), session_id, _seal(cookie).encrypt(kept), now + LASTS)


@dataclass(slots=True)
class Sessions:
    """Those of one app."""

    app: FastAPI
    _open: dict[bytes, Session] = field(default_factory=dict)

    @property
    def _context(self) -> Context:
        context: Context = self.app.state.context
        return context

    async def begin(self, name: str, password: str, origin: Origin, language: Language) -> Session:
        """Log in; the session's cookie goes to the browser. Refused."""
        now = self._context.clock()
        body = {"name": name, "password": password}
        response = await call(self.app, origin, language, "POST", "/auth/login", body=body)
        cookie = secrets.token_urlsafe(32)
        await _keep(self._context, cookie, _tokens(response.json(), now), now)
        session = await self.find(cookie, origin, language)
        if session is None:
            raise SessionOver
        return session

    async def find(self, cookie: str, origin: Origin, language: Language) -> Session | None:
        """Whose cookie it is; None when nobody's, or the session has ended."""
        now, key = self._context.clock(), _digest(cookie)
        async with self._context.store.reading() as connection:
            row = await connection.fetchrow(_SQL.find, key, now)
        if row is None:
            self._open.pop(key, None)
            return None
        session = self._open.get(key)
        if session is None:
            try:
                kept = orjson.loads(_seal(cookie).decrypt(row["sealed"]))
            except InvalidToken:
                return None
            tokens = _Tokens(kept["access"], kept["refresh"], datetime.fromisoformat(kept["good_until"]))
            session = self._open[key] = Session(
                cookie, row["name"], row["full_name"], row["role"], row["squad_id"], row["must_change_password"],
                origin, language, self.app, tokens,
            )  # fmt: skip
        session.full_name, session.role, session.squad_id = row["full_name"], row["role"], row["squad_id"]
        session.must_change_password = row["must_change_password"]
        session.origin, session.language = origin, language
        return session

    async def end(self, session: Session) -> None:
        """Log out; the tokens are gone whatever the API says."""
        with suppress(Refused, SessionOver):
            await session.post("/auth/logout")
        await self.forget(session.cookie)

    async def forget(self, cookie: str) -> None:
        """Throw away what is kept for a cookie, and what is out of date."""
        self._open.pop(_digest(cookie), None)
        async with self._context.store.writing() as connection:
            await connection.execute(_SQL.forget, _digest(cookie), self._context.clock())
