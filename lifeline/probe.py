"""What a process says to those who watch it: ``/live``, ``/ready`` and ``/metrics`` over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

import structlog

from lifeline.errors import HubError
from lifeline.metrics import Metrics

_ASK_WITHIN_S = 5.0
_REQUEST_BYTES = 8192
_TEXT = "text/plain; charset=utf-8"
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, media type and body of a response."""

    status: HTTPStatus
    media_type: str
    body: bytes

    def as_bytes(self, *, with_body: bool) -> bytes:
        """The response on the wire, after which the connection closes."""
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\nContent-Type: {self.media_type}\r\n"
            f"Content-Length: {len(self.body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + (self.body if with_body else b"")


@dataclass(frozen=True, slots=True)
class Probe:
    """Answers for one process."""

    pid: int
    ready: Callable[[], bool]
    metrics: Metrics

    def answer(self, method: str, path: str) -> Answer:
        """Live as long as this answers at all; ready says whether the process does its work."""
        if method not in ("GET", "HEAD"):
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"only GET\n")
        match path.partition("?")[0]:
            case "/live":
                return Answer(HTTPStatus.OK, _TEXT, self._says("live"))
            case "/ready" if self.ready():
                return Answer(HTTPStatus.OK, _TEXT, self._says("ready"))
            case "/ready":
                return Answer(HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, self._says("not ready"))
            case "/metrics":
                return Answer(HTTPStatus.OK, _EXPOSITION, self.metrics.exposition())
        return Answer(HTTPStatus.NOT_FOUND, _TEXT, b"/live, /ready and /metrics are here\n")

    def _says(self, state: str) -> bytes:
        return f"{state} {self.pid}\n".encode()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_ASK_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
                method, path, *_ = [*head.partition(b"\r\n")[0].decode("latin-1").split(), "", ""]
                writer.write(self.answer(method, path).as_bytes(with_body=method != "HEAD"))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
            structlog.get_logger().debug("probe_not_asked", error=type(error).__name__)
        finally:
            writer.close()


@asynccontextmanager
async def serve_probe(probe: Probe, host: str, port: int) -> AsyncIterator[int]:
    """Answer probes while the context lasts; gives the port. HubError when the address is taken."""
    try:
        server = await asyncio.start_server(probe._serve, host, port, limit=_REQUEST_BYTES)
    except OSError as error:
        raise HubError(f"can't answer probes on {host}:{port}: {error.strerror or error}") from error
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def ask_ready(host: str, port: int, pid: int) -> bool:
    """Whether it is the process ``pid`` that answers probes there, and it says that it is ready."""
    try:
        async with asyncio.timeout(_ASK_WITHIN_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"GET /ready HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n")
                answer = await reader.read(_REQUEST_BYTES)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in answer and answer.endswith(f"\r\nready {pid}\n".encode())
