"""Request bodies are taken whole, up to a size and within a time, before any route sees them."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError, BodyTooLarge, BodyTooSlow
from api.problems import answer_error


class BodyLimit:
    """ASGI middleware: a body over its path's ``size_bytes`` is refused with 413, one slower than ``time_s`` with 408.

    The limits are small because nearly every body here is: a note of an officer, a message of a device. ``refuse``
    makes the answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        size_bytes: Callable[[str], int],
        time_s: Callable[[str], float],
        refuse: Callable[[Request, Exception], Awaitable[Response]] = answer_error,
    ) -> None:
        self._app = app
        self._size_bytes = size_bytes
        self._time_s = time_s
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            body = await self._take(request, receive)
        except ApiError as error:
            response = await self._refuse(request, error)
            await response(scope, receive, send)
            return
        if body is None:  # the caller went away
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)

    async def _take(self, request: Request, receive: Receive) -> bytes | None:
        most, time_s = self._size_bytes(request.url.path), self._time_s(request.url.path)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > most:
            raise _too_large(most)
        body = bytearray()
        try:
            async with asyncio.timeout(time_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > most:
                        raise _too_large(most)
                    more = message.get("more_body", False)
        except TimeoutError as error:
            raise BodyTooSlow(
                zh=f"请求体须在 {time_s:g} 秒内发完，请重试。",
                en=f"The body must arrive within {time_s:g} s: try again.",
            ) from error
        return bytes(body)


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(
        zh=f"请求体最多 {most} 字节，请缩短。",
        en=f"A body may have {most} bytes: shorten it.",
    )
