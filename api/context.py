"""What the routes of one app work with; each app has its own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from api.access.throttle import Throttles
from api.ingress.intake import Intake
from api.publicpage.kept import KeptPages
from api.stage import Stage
from api.store import Store
from api.stream.feed import Feed
from api.warnings.cap import Issuer
from api.webhooks.guard import Doors

if TYPE_CHECKING:
    from api.access.oidc import Provider  # its libraries are read only where a provider is set
EXERCISES = "Lifeline-Exercises"
"""The header by which a caller asks for what belongs to exercises too."""


@dataclass(frozen=True, slots=True)
class Context:
    """``clock`` tells the time in UTC; a process of ``processes`` not heard of for ``stale_after_s`` counts as dead.

    ``intake`` is None where no broker is at hand, ``stage`` where no drill can be held.
    """

    store: Store
    clock: Callable[[], datetime]
    processes: tuple[str, ...]
    stale_after_s: float
    intake: Intake | None
    throttles: Throttles
    feed: Feed
    issuer: Issuer
    doors: Doors
    onenet_token: str | None
    stage: Stage | None
    exports: asyncio.Semaphore  # so many files at once are made, or back-tests run
    public_pages: KeptPages
    provider: "Provider | None" = None  # of a log-in elsewhere


def context_of(request: Request) -> Context:
    """The context that ``create_app`` put into the app."""
    context: Context = request.app.state.context
    return context


# Coroutine functions, though nothing is waited for: FastAPI would take each of the others through a thread, at every
# request.
async def _store_of(request: Request) -> Store:
    state = request.state
    return replace(
        context_of(request).store,
        trace=getattr(state, "trace", None),
        once=getattr(state, "once", None),
        with_drills=request.headers.get(EXERCISES) == "show",
    )


async def _now_of(request: Request) -> datetime:
    return context_of(request).clock()


async def _exports_of(request: Request) -> asyncio.Semaphore:
    return context_of(request).exports


async def _issuer_of(request: Request) -> Issuer:
    return context_of(request).issuer


async def _doors_of(request: Request) -> Doors:
    return context_of(request).doors


async def _stage_of(request: Request) -> Stage | None:
    return context_of(request).stage


Reach = Annotated[Store, Depends(_store_of)]
DrillStage = Annotated[Stage | None, Depends(_stage_of)]
Exports = Annotated[asyncio.Semaphore, Depends(_exports_of)]
Issuing = Annotated[Issuer, Depends(_issuer_of)]
WebhookDoors = Annotated[Doors, Depends(_doors_of)]
Now = Annotated[datetime, Depends(_now_of)]
