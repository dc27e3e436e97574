"""When a person is told: pure. Bundled, not too often, and not at night unless it matters.

Whatever is due for a person on a channel goes out as one message. At most ``most`` messages go in any ``window_s``; the
last place among them is kept for red, so that a first red is never held back by what matters less, nor by quiet hours.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from alerts.grades import GRADES, Colour
from dispatch.squads import LOCAL

RED = 1
_Hour = Annotated[int, msgspec.Meta(ge=0, le=24)]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often, and when not: ``quiet`` gives local hours [from, to) in which that grade waits."""

    most: Annotated[int, msgspec.Meta(ge=2)] = 6
    window_s: Annotated[int, msgspec.Meta(gt=0)] = 600
    quiet: dict[Colour, tuple[_Hour, _Hour]] = {}


class Pending(msgspec.Struct, frozen=True):
    """A message that is due."""

    notification_id: int
    grade: int


class Release(msgspec.Struct, frozen=True):
    """What goes out now, as one message, and until when each of the others is held."""

    go: tuple[int, ...]
    held: dict[int, datetime]


def release(pending: Sequence[Pending], sent_at: Sequence[datetime], policy: Policy, now: datetime) -> Release:
    """Decide over everything that is due for one person on one channel; ``sent_at`` are the messages of the window."""
    held: dict[int, datetime] = {}
    awake: list[Pending] = []
    for message in pending:
        until = _quiet_until(message.grade, policy, now)
        if until is None:
            awake.append(message)
        else:
            held[message.notification_id] = until
    window = timedelta(seconds=policy.window_s)
    used = sorted(at for at in sent_at if now - window < at <= now)  # later ones were sent by a clock that ran ahead
    places = policy.most if any(message.grade == RED for message in awake) else policy.most - 1
    if len(used) < places:
        return Release(tuple(message.notification_id for message in awake), held)
    opens = used[len(used) - places] + window
    held |= {message.notification_id: opens for message in awake}
    return Release((), held)


def _quiet_until(grade: int, policy: Policy, now: datetime) -> datetime | None:
    """When the quiet hours of ``grade`` end; None outside them, and for red always."""
    hours = policy.quiet.get(next(known.colour for known in GRADES if known.number == grade))
    if hours is None or grade == RED:
        return None
    start, end = hours
    local = now.astimezone(LOCAL)
    if not (start <= local.hour < end if start < end else local.hour >= start or local.hour < end):
        return None
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    until = midnight + timedelta(hours=end)
    return until if until > local else until + timedelta(days=1)
