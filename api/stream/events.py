"""Server-Sent Events: hazards, incidents, tasks and squads as they change."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach, context_of
from api.errors import TooMany
from api.fields import Asked, Maybe
from api.store import Store
from api.stream.feed import Feed, Place, Subscription, missed

Topic = Literal["hazard", "incident", "task", "squad", "warning"]
TOPICS: frozenset[str] = frozenset(get_args(Topic))
_KEEP_ALIVE_S = 15.0
_MOST_LISTENERS = 2000
router = APIRouter(prefix=PREFIX, tags=["stream"], route_class=GuardedRoute)


class StreamFilter(Asked):
    """What to listen to."""

    topic: Maybe[Annotated[list[Topic], Field(max_length=5)]] = Field(
        None, description="Only these; repeat it for several. Default: all", examples=[["incident", "task"]]
    )


_EXAMPLE = (
    'id: 760-12\nevent: task\ndata: {"task_id":7,"event":"accepted","at":"2026-05-01T08:00:30+00:00",'
    '"actor":"squad:gas-1","note":"","incident_id":5,"squad_id":"gas-1"}\n\n'
)
_CONTENT = {"text/event-stream": {"example": _EXAMPLE}}


@router.get(
    "/stream",
    summary="What happens, as it happens",
    description="Server-Sent Events of hazards, incidents, tasks, squads and warnings, from committed rows and in one"
    " order. Each has an id: send the last one as `Last-Event-ID` and nothing is missed for 14 days. The stream ends"
    " with the access token, after 10 minutes at most, and when somebody logs out; connect again. A squad's member"
    " hears of their own squad's tasks only.",
    response_class=StreamingResponse,
    responses={**answers(None), 200: {"description": "Events without end", "content": _CONTENT}},
)
async def follow_stream(
    request: Request,
    store: Reach,
    now: Now,
    caller: CallerOf,
    which: Annotated[StreamFilter, Query()],
    last_event_id: Annotated[
        str | None,
        Header(alias="Last-Event-ID", pattern=Place.PATTERN, description="The id of the last event that came"),
    ] = None,
) -> StreamingResponse:
    feed = context_of(request).feed
    after = None if last_event_id is None else Place.parse(last_event_id)
    if feed.stats.listeners >= _MOST_LISTENERS:
        raise TooMany(_KEEP_ALIVE_S)
    lasts_s = feed.lasts_s
    if caller.expires_at is not None:
        lasts_s = min(lasts_s, (caller.expires_at - now).total_seconds())
    topics = frozenset(which.topic) if which.topic else TOPICS
    headers = {"X-Accel-Buffering": "no"}  # or a proxy would hold events back
    return StreamingResponse(
        _events(store, feed, topics, caller.squad_id, after, lasts_s), media_type="text/event-stream", headers=headers
    )


async def _events(
    store: Store, feed: Feed, topics: frozenset[str], squad_id: str | None, after: Place | None, lasts_s: float
) -> AsyncIterator[bytes]:
    if squad_id is not None:
        topics &= {"task"}
    subscription = feed.subscribe(topics, squad_id)
    try:
        yield b"retry: 2000\n\n"
        if after is not None:
            async for happening in missed(store, after, subscription):
                after = happening.place
                yield happening.wire
        ends = asyncio.get_running_loop().time() + lasts_s
        while (left := ends - asyncio.get_running_loop().time()) > 0 and not subscription.over:
            yield await _next(subscription, after, min(left, _KEEP_ALIVE_S))
    finally:
        feed.leave(subscription)


async def _next(subscription: Subscription, after: Place | None, within_s: float) -> bytes:
    try:
        async with asyncio.timeout(within_s):
            happenings = await subscription.take()
    except TimeoutError:
        return b": still here\n\n"
    # None when it is over; what was sent among what was missed comes no second time.
    return b"".join(one.wire for one in happenings if after is None or one.place > after)
