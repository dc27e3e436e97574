"""What is remembered of one hazard type at one sensor, and what changes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class Standing(NamedTuple):
    """What is remembered of one hazard type at one sensor.

    ``severity`` 0 (none) to 4 (red), since ``graded_at``; ``since[s - 1]``: since when the limit of severity s has been
    exceeded without a break; ``recent``: severities that the latest samples reached; ``falling_since``: since when the
    value has been low enough to step down; ``latched``: must not step down before a check on site; ``reached`` and
    ``held``: what the latest value reaches, and what it is not clear of by the deadband; ``value`` at ``judged_at``;
    ``samples`` that a rise is looked for in; ``corroborated`` by neighbours; ``barred_until``: a person cleared it, so
    it is not raised before;
    ``checked_at``: when a check on site freed it.
    """

    severity: int = 0
    since: tuple[datetime | None, ...] = (None, None, None, None)
    recent: tuple[int, ...] = ()
    falling_since: datetime | None = None
    latched: bool = False
    reached: int = 0
    held: int = 0
    value: Any = None
    judged_at: datetime | None = None
    graded_at: datetime | None = None
    samples: tuple[tuple[datetime, float], ...] = ()
    corroborated: bool = False
    barred_until: datetime | None = None
    checked_at: datetime | None = None


REST = Standing()


@dataclass(frozen=True, slots=True)
class Change:
    """A grade that changed, when it was due, and why."""

    before: int
    after: int
    at: datetime
    reason_zh: str
    reason_en: str


class Step(NamedTuple):
    """What happens next to a standing if nothing new comes: the severity from then on."""

    at: datetime
    severity: int
