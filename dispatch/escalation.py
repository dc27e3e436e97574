"""Who is told when a step is late: pure, by the plan's limits.

A task's clock is one time, ``clock_at``: every step of the escalation before it has been taken, the next is due then.
So what is due at ``now`` are the steps from ``clock_at`` to ``now``, and the clock moves on to the first one after.
An order that nobody confirms is repeated to the squad, then goes to the next one, while the people of the plan are
told, counted from when the role was first open; that ends with the first confirmation. The later steps tell the squad
when their limit is over, and the people after that. The last of the plan's people is told again every ``REPEAT``: an
open task is never silent.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import count, takewhile
from typing import Literal

import msgspec

from dispatch.plans import Limits, Rung

REPEAT = timedelta(minutes=30)
CHECK_IN_GRACE = timedelta(minutes=1)
"""A crew that doesn't answer is asked once; after this the leader, and then everybody, is told."""

Late = Literal["confirm", "depart", "arrive", "finish", "check_in", "assign"]
_LIMIT: dict[str, tuple[Late, str]] = {
    "accepted": ("depart", "depart_s"),
    "en_route": ("arrive", "arrive_s"),
    "on_scene": ("finish", "finish_s"),
    "working": ("finish", "finish_s"),
}


class Clock(msgspec.Struct, frozen=True):
    """An open task as the escalation sees it; ``since`` is the beginning of its present step."""

    task_id: int
    status: str
    since: datetime
    unconfirmed_since: datetime
    clock_at: datetime
    limits: Limits
    escalation: tuple[Rung, ...]
    check_in_at: datetime | None = None


class Step(msgspec.Struct, frozen=True, order=True):
    """What is to be done at a time: remind the squad, take the order to the next one, or tell a person."""

    at: datetime
    do: Literal["remind", "next_squad", "tell"]
    late: Late
    person: str = ""


def due(clock: Clock, now: datetime) -> list[Step]:
    """The steps that are due at ``now`` and were not taken, in their order.

    After next_squad nothing follows: the order has then ended, and its successor goes on.
    """
    steps: list[Step] = []
    for step in takewhile(lambda step: step.at <= now, _timeline(clock)):
        if step.at >= clock.clock_at:
            steps.append(step)
        if step.do == "next_squad":
            break
    return steps


def next_at(clock: Clock, now: datetime) -> datetime:
    """When the first step after ``now`` is due."""
    return next(step.at for step in _timeline(clock) if step.at > now)


def _timeline(clock: Clock) -> Iterator[Step]:
    """All steps in order of time; without end."""
    return merge(_squad_steps(clock), _forever(_told(clock)), _forever(_missing(clock)))


def _forever(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, and then the last of them again and again."""
    yield from steps
    for times in count(1) if steps else ():
        yield msgspec.structs.replace(steps[-1], at=steps[-1].at + times * REPEAT)


def _origin(clock: Clock) -> tuple[Late, datetime]:
    """What is late, and from when on people are told."""
    if clock.status in _LIMIT:
        late, limit = _LIMIT[clock.status]
        return late, clock.since + timedelta(seconds=getattr(clock.limits, limit))
    return ("assign" if clock.status == "unassigned" else "confirm"), clock.unconfirmed_since


def _squad_steps(clock: Clock) -> list[Step]:
    late, origin = _origin(clock)
    if clock.status == "unassigned":
        return []
    if clock.status != "ordered":
        return [Step(origin, "remind", late)]
    remind, confirm = timedelta(seconds=clock.limits.remind_s), timedelta(seconds=clock.limits.confirm_s)
    return [Step(clock.since + remind, "remind", late), Step(clock.since + confirm, "next_squad", late)]


def _told(clock: Clock) -> list[Step]:
    late, origin = _origin(clock)
    return [Step(origin + timedelta(seconds=rung.after_s), "tell", late, rung.tell) for rung in clock.escalation]


def _missing(clock: Clock) -> list[Step]:
    """A crew at dangerous work that didn't report."""
    at = clock.check_in_at
    if at is None:
        return []
    people = ("leader", "duty_officer", "county_leader")
    told = [Step(at + place * CHECK_IN_GRACE, "tell", "check_in", person) for place, person in enumerate(people, 1)]
    return [Step(at, "remind", "check_in"), *told]
