"""A line in the log for each request, under an id that the answer carries too; the last resort for errors."""

import time
import uuid

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import answer_unforeseen

_log = structlog.get_logger()
# Answers are the state of now and may name people, so no cache keeps them.
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}


class RequestLog:
    """ASGI middleware: gives each request an id and logs method, path, status, milliseconds and who called.

    An error that nobody foresaw becomes a 500 that tells nothing; the log has it whole.

    Neither query strings nor headers nor bodies are logged: a key put in the wrong place stays out of the log.
    """

    def __init__(self, app: ASGIApp, *, tls: bool) -> None:
        self._app = app
        self._headers = {**_HEADERS, **(_OVER_TLS if tls else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        scope["lifeline.request_id"] = request_id
        started = time.perf_counter()
        status: int | None = None

        async def tagged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, tagged)
            except Exception as error:
                # The outermost place that can still answer in our form; what has begun to answer can only break off.
                if status is not None:
                    raise
                response = answer_unforeseen(Request(scope), error)
                await response(scope, receive, tagged)
            finally:
                caller = scope.get("state", {}).get("caller")
                _log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                    caller=caller.actor if caller else None,
                )
