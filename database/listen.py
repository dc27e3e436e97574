"""LISTEN as a hint to wake early; a tick is what is relied on."""

import asyncio

import structlog

from database.errors import PASSING, DatabaseError
from database.pool import connect

CHANNEL = "lifeline"
_RETRY_S = 1.0
_LOST: tuple[type[BaseException], ...] = (DatabaseError, *PASSING)


class Listener:
    """Collects the nouns that are notified on the channel; ``wait`` hands them over.

    While the connection is away ``wait`` simply times out, so a caller that does its round at every return loses
    nothing but a little time.
    """

    def __init__(self, url: str, *, application: str) -> None:
        self._url = url
        self._application = application
        self._nouns: set[str] = set()
        self._heard = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        log = structlog.get_logger()
        while True:
            try:
                await self._listen()
                log.warning("listener_lost", retry_s=_RETRY_S)
            except _LOST as error:
                log.warning("listener_lost", error=str(error), retry_s=_RETRY_S)
            await asyncio.sleep(_RETRY_S)

    async def _listen(self) -> None:
        connection = await connect(self._url, application=f"{self._application} listener")
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(CHANNEL, lambda _c, _pid, _channel, noun: self._hear(str(noun)))
            self._hear("connected")  # whatever was notified before was missed
            await lost.wait()
        finally:
            connection.terminate()

    def _hear(self, noun: str) -> None:
        self._nouns.add(noun)
        self._heard.set()

    async def wait(self, timeout_s: float) -> frozenset[str]:
        """The nouns notified since the last call, at once when there are some; empty after ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._heard.wait()
        except TimeoutError:
            return frozenset()
        nouns = frozenset(self._nouns)
        self._nouns.clear()
        self._heard.clear()
        return nouns
