"""A POST with an Idempotency-Key is carried out once, however often it is sent.

The key is committed in the transaction of the change itself, so it is there exactly when the change is. The answer is
kept right behind that; should the process die in between, a repetition is told that the change was made.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import Request, Response

from api.context import context_of
from api.errors import AlreadyDone, Conflict, InvalidValue
from api.store import Once
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
HEADER = "idempotency-key"
_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEPT_HEADERS = ("content-type", "etag", "location")
DESCRIPTION = "Send the same key again with a repetition: it is not carried out twice, and gets the first answer"
PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": DESCRIPTION,
    "schema": {"type": "string", "pattern": f"^{_FORM.pattern}$"},
}


async def once(request: Request, actor: str, handle: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
    """Answer from the record where the request was carried out before, else carry it out and record the answer."""
    key = request.headers.get(HEADER)
    if key is None:
        return await handle(request)
    if not _FORM.fullmatch(key):
        raise InvalidValue(
            "header.Idempotency-Key",
            zh="Idempotency-Key 应为 1 至 64 个字母、数字、- 或 _，例如一个 UUID。",
            en="An Idempotency-Key has 1 to 64 letters, digits, - or _, as a UUID has.",
        )
    target = f"{request.method} {request.url.path}?{request.url.query}".encode()
    sha256 = hashlib.sha256(target + b"\0" + await request.body()).digest()
    claim = request.state.once = Once(actor, key, sha256, context_of(request).clock())
    found = await _recorded(request, claim)
    if found is not None:
        return found
    try:
        response = await handle(request)
    except AlreadyDone:
        found = await _recorded(request, claim)
        if found is None:
            raise
        return found
    if claim.claimed:
        kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        async with context_of(request).store.writing() as connection:
            await connection.execute(_SQL.answer, actor, key, response.status_code, kept, bytes(response.body))
    return response


async def _recorded(request: Request, claim: Once) -> Response | None:
    async with context_of(request).store.reading() as connection:
        row = await connection.fetchrow(_SQL.find, claim.actor, claim.key)
    if row is None:
        return None
    if row["request_sha256"] != claim.request_sha256:
        raise Conflict(
            zh="此 Idempotency-Key 已用于另一个请求，请换一个。",
            en="This Idempotency-Key was used for another request: take a new one.",
        )
    if row["status"] is None:
        raise Conflict(
            zh="同一请求已经执行，其答复未能保留；请查看该资源的现状。",
            en="The same request was carried out, but its answer isn't at hand: look at the resource as it is now.",
        )
    return Response(row["body"], row["status"], {**row["headers"], "Idempotency-Replayed": "true"})
