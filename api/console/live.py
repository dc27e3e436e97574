"""What happens, handed to all open consoles: one listener of the feed, a few rounds a second."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from api.context import Context
from api.errors import ApiError
from api.stream.events import TOPICS
from api.stream.feed import Happening, Place, end_of_feed, missed

_RETRY_S = 1.0
_MOST_WAITING = 20_000  # a storm raises thousands of hazards at once

Told = Callable[[Sequence[Happening]], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Watcher:
    """Somebody who wants to know of some topics; ``told`` must not raise."""

    topics: frozenset[str]
    told: Told


@dataclass(slots=True)
class Live:
    """``run`` hands on; ``recheck`` is called when a session has ended somewhere."""

    context: Context
    recheck: Callable[[], Awaitable[None]]
    _watchers: set[Watcher] = field(default_factory=set)
    _after: Place | None = None

    def watch(self, topics: Sequence[str], told: Told) -> Callable[[], None]:
        """Have ``told`` called with what happens under ``topics``; gives what ends that."""
        watcher = Watcher(frozenset(topics), told)
        self._watchers.add(watcher)
        return lambda: self._watchers.discard(watcher)

    async def run(self) -> None:
        """Until cancelled. Where the feed ends the listening, it goes on at the same place: nothing is left out."""
        while True:
            subscription = self.context.feed.subscribe(TOPICS, None, most_waiting=_MOST_WAITING)
            try:
                if self._after is None:
                    async with self.context.store.reading() as connection:
                        self._after = await end_of_feed(connection)
                else:
                    caught_up = [happening async for happening in missed(self.context.store, self._after, subscription)]
                    await self._hand_on(caught_up)
                    await self.recheck()
                while not subscription.over:
                    await self._hand_on(await subscription.take())
            except ApiError as error:
                structlog.get_logger().warning("console_waits", error=str(error))
                await asyncio.sleep(_RETRY_S)
            finally:
                self.context.feed.leave(subscription)

    async def _hand_on(self, happenings: Sequence[Happening]) -> None:
        fresh = [each for each in happenings if self._after is None or each.place > self._after]
        if not fresh:
            return
        self._after = fresh[-1].place
        for watcher in list(self._watchers):
            if wanted := [each for each in fresh if each.topic in watcher.topics]:
                await watcher.told(wanted)
