"""The sign at the well: may somebody enter, as the permit of a task stands now. Pure.

There are two colours, since there are two things to do: only a permit that was granted and still holds is green.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from dispatch.permits import FRESH, Sample
from dispatch.words import Words

State = Literal["granted", "refused", "unknown", "stale", "revoked", "unasked"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A value that the permit was judged from; ``fresh``: it counted."""

    sample: Sample
    fresh: bool


@dataclass(frozen=True, slots=True)
class Sign:
    """What the sign shows; ``since`` is when it was judged, ``until`` when a granted one ends by itself."""

    state: State
    reason: Words | None = None
    since: datetime | None = None
    until: datetime | None = None
    readings: tuple[Reading, ...] = ()

    @property
    def is_green(self) -> bool:
        """Whether they may enter."""
        return self.state == "granted"


def sign_of(permit: Mapping[str, Any] | None, now: datetime) -> Sign:
    """The sign for a task's latest permit as it stands at ``now``; None: nobody has asked."""
    if permit is None:
        return Sign("unasked")
    reason = Words(permit["reason_zh"], permit["reason_en"])
    state: State = permit["verdict"]
    if state == "granted" and permit["ended_at"] is not None:
        state, reason = "revoked", Words(permit["ended_zh"], permit["ended_en"])
    elif state == "granted" and permit["valid_until"] <= now:
        state = "stale"
    samples: Sequence[Sample] = msgspec.convert(permit["readings"], tuple[Sample, ...])
    readings = tuple(Reading(sample, now - sample.at <= FRESH) for sample in samples)
    return Sign(state, reason, permit["judged_at"], permit["valid_until"], readings)
