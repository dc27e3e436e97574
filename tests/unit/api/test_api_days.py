"""The days in statements of readings hold all that is asked for, to the ends of the calendar."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sensors.days import within_days

moments = st.datetimes(timezones=st.just(UTC))


def days(start: datetime, end: datetime) -> list[str]:
    return within_days("{first_day}|{day_after}", start, end).split("|")


@given(moments, moments)
def test_the_range_lies_within_its_days(one: datetime, other: datetime) -> None:
    start, end = sorted((one, other))
    first, after = days(start, end)
    assert datetime.fromisoformat(first) <= start
    assert start - datetime.fromisoformat(first) < timedelta(days=1)
    if after != "infinity":
        assert end < datetime.fromisoformat(after)


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_the_text_is_the_same_all_day(hour: int) -> None:
    now = datetime(2026, 6, 1, hour, 59, tzinfo=UTC)
    assert days(now - timedelta(days=1), now) == ["2026-05-31 00:00Z", "2026-06-02 00:00Z"]


def test_days_are_those_of_utc() -> None:
    here = datetime(2026, 6, 1, 7, tzinfo=timezone(timedelta(hours=8)))
    assert days(here, here) == ["2026-05-31 00:00Z", "2026-06-01 00:00Z"]
