"""The clocks of cases (数字城管): 紧急工作时 run on, 工作时 and 工作日 only in working hours of working days. Pure.

A working day is eight working hours. The clock of handling starts with the dispatch and stops at the hand-back.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import yaml

from alerts.errors import AlertError
from alerts.yamlfile import read_yaml

_ZONE = ZoneInfo("Asia/Shanghai")
_HOURS_OF_A_DAY = 8
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_MOST_DAYS = 3660  # without a working day in ten years the calendar is wrong

Positive = Annotated[float, msgspec.Meta(gt=0, le=10_000)]


class ClockError(AlertError):
    """A calendar or limits that can't be used; the message says what to change."""


class Shift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Working hours of a day, local time, ``start`` included and ``end`` not."""

    start: time
    end: time


class Calendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mondays to Fridays but ``holidays``, and ``working_weekends``; in ascending ``shifts`` each."""

    shifts: tuple[Shift, ...]
    holidays: frozenset[date] = frozenset()
    working_weekends: frozenset[date] = frozenset()

    def works_on(self, day: date) -> bool:
        """Whether people work on ``day``."""
        return day in self.working_weekends or (day.weekday() < 5 and day not in self.holidays)


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long handling may take, in one of three measures; ``hazards`` () stands for all types."""

    source: str
    hazards: tuple[str, ...] = ()
    continuous_h: Positive | None = None
    working_h: Positive | None = None
    working_days: Positive | None = None

    @property
    def continuous(self) -> bool:
        """Whether the clock runs at night and on holidays too."""
        return self.continuous_h is not None

    @property
    def allowed(self) -> timedelta:
        """The time allowed, by the limit's own clock."""
        hours = self.continuous_h or self.working_h or (self.working_days or 0) * _HOURS_OF_A_DAY
        return timedelta(hours=hours)


class Clocks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A county's working time and handling limits; the first limit that names a hazard type, or all, is its limit."""

    calendar: Calendar
    limits: tuple[Limit, ...]

    def limit_of(self, hazard_type: str) -> Limit | None:
        """The limit of a hazard type, None when there is none."""
        return next((limit for limit in self.limits if not limit.hazards or hazard_type in limit.hazards), None)

    def due(self, hazard_type: str, start: datetime) -> datetime | None:
        """When handling that starts at ``start`` should be handed back; None without a limit."""
        limit = self.limit_of(hazard_type)
        return None if limit is None else due(self.calendar, limit, start)


def due(calendar: Calendar, limit: Limit, start: datetime) -> datetime:
    """The moment at which the time allowed has passed on the limit's clock since ``start`` (aware), in UTC."""
    if limit.continuous:
        return start.astimezone(UTC) + limit.allowed
    left = limit.allowed
    for begin, end in _spans(calendar, start):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise ClockError("the calendar has too few working days: check shifts and holidays")


def elapsed(calendar: Calendar, limit: Limit, start: datetime, end: datetime) -> timedelta:
    """How far the limit's clock has run from ``start`` to ``end``, both aware; zero when ``end`` is not later."""
    if limit.continuous:
        return max(end - start, timedelta(0))
    passed = timedelta(0)
    for begin, close in _spans(calendar, start):
        if begin >= end:
            break
        passed += min(close, end) - begin
    return passed


def _spans(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Working time from ``start`` on, piece by piece in UTC."""
    first = start.astimezone(_ZONE).date()
    for offset in range(_MOST_DAYS):
        day = first + timedelta(days=offset)
        if calendar.works_on(day):
            for shift in calendar.shifts:
                begin = max(_moment(day, shift.start), start.astimezone(UTC))
                end = _moment(day, shift.end)
                if begin < end:
                    yield begin, end


def _moment(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, _ZONE).astimezone(UTC)


def read_clocks(path: Path) -> Clocks:
    """Read and check a file of calendar and limits; ClockError with the file's name says what to change."""
    try:
        return parse_clocks(path.name, read_yaml(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ClockError(f"{path.name}: {error}") from error


def parse_clocks(place: str, body: object) -> Clocks:
    """Clocks from plain values, checked; ClockError begins with ``place``."""
    try:
        clocks = msgspec.convert(body, Clocks)
    except msgspec.ValidationError as error:
        raise ClockError(f"{place}: {error}") from error
    ends = [moment for shift in clocks.calendar.shifts for moment in (shift.start, shift.end)]
    if not ends or any(earlier >= later for earlier, later in pairwise(ends)):
        raise ClockError(f"{place}: shifts must not be empty, overlap, or span midnight, and come in order")
    weekdays = sorted(day for day in clocks.calendar.working_weekends if day.weekday() < 5)
    if weekdays:
        raise ClockError(f"{place}: working_weekends holds {weekdays[0]}, which is no Saturday or Sunday")
    for number, limit in enumerate(clocks.limits, 1):
        if sum(given is not None for given in (limit.continuous_h, limit.working_h, limit.working_days)) != 1:
            raise ClockError(f"{place}: limit {number} needs one of continuous_h, working_h and working_days")
        due(clocks.calendar, limit, _ANY_TIME)  # so that a calendar without time for it is noticed here
    return clocks
