"""Whole days around a range of time, as literals of SQL.

Readings are kept by the day. With times as parameters alone, PostgreSQL either plans a query anew for each call, which
takes longer than the query itself, or keeps a plan that looks into every day there is. With the days in its text it
keeps a plan for those days only (``Store.series``); for what is asked most, the latest day, week or month, the text
changes once a day.
"""

from datetime import UTC, datetime, timedelta

_DAY = timedelta(days=1)
_LAST = datetime.max.replace(tzinfo=UTC) - _DAY


def within_days(statement: str, start: datetime, end: datetime) -> str:
    """``statement`` with ``{first_day}`` and ``{day_after}`` filled in: the days that hold all from start to end."""
    return statement.format(first_day=_day(start), day_after=_day(end + _DAY) if end < _LAST else "infinity")


def _day(time: datetime) -> str:
    return f"{time.astimezone(UTC).date()} 00:00Z"
