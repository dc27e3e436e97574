"""A stretch of network between two programs that a test can cut."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 1 << 16


@dataclass(slots=True)
class Relay:
    """Passes TCP connections on to the server of ``target``, a URL; ``url`` is the same one by way of the relay."""

    target: str
    port: int = 0
    cuts: int = 0
    unheard_bytes: int = 0
    _muted: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where to connect: the target's URL with the relay's address."""
        parts = urlsplit(self.target)
        credentials, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{self.port}"))

    def mute(self) -> None:
        """Lose what clients say from now on, until the cut; what they are told still arrives."""
        self.unheard_bytes = 0
        self._muted = True

    def cut(self) -> None:
        """Reset every connection; what was on its way is gone, and new connections are taken at once."""
        self.cuts += 1
        self._muted = False
        for writer in self._open:
            writer.transport.abort()

    def _hears(self, data: bytes) -> bool:
        if self._muted:
            self.unheard_bytes += len(data)
        return not self._muted

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        try:
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the target is away, or the test is over
        finally:
            writer.transport.abort()
            self._open.discard(writer)
            self._tasks.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = urlsplit(self.target)
        far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
        self._open.add(far_writer)
        try:
            await asyncio.gather(_pass_on(reader, far_writer, self._hears), _pass_on(far_reader, writer, bool))
        finally:
            far_writer.transport.abort()
            self._open.discard(far_writer)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hears: Callable[[bytes], bool]) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            if hears(data):
                writer.write(data)
                await writer.drain()
    writer.close()


@asynccontextmanager
async def relay_to(target: str) -> AsyncIterator[Relay]:
    """A relay to the server of the URL ``target`` that runs while the context lasts."""
    relay = Relay(target)
    server = await asyncio.start_server(relay._serve, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        tasks = list(relay._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
