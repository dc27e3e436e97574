"""SIGINT, SIGTERM and SIGHUP as a wish that is granted between two steps, never as an exception in the midst of one."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last: the terminal was closed


class Interruption:
    """Whether a person or the system asked to end."""

    def __init__(self) -> None:
        self.requested = False
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def request(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Ask to end; a signal handler."""
        self.requested = True
        if self._waiting is not None:
            loop, event = self._waiting
            loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        """Wait until somebody asks."""
        event = asyncio.Event()
        self._waiting = (asyncio.get_running_loop(), event)
        try:
            if not self.requested:
                await event.wait()
        finally:
            self._waiting = None

    async def end_early(self, work: Coroutine[Any, Any, Result]) -> Result | None:
        """The result of ``work``; None when it was cancelled because somebody asked."""
        task = asyncio.create_task(work, name="demonstration")
        asked = asyncio.create_task(self.wait(), name="signals")
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if task.done():
            return task.result()
        task.cancel()
        with suppress(asyncio.CancelledError):
            return await task
        return None


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Hold those signals while the context lasts, its start and its teardown included."""
    interruption = Interruption()
    before = {number: signal.signal(number, interruption.request) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
