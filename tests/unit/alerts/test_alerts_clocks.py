"""The clocks of cases: continuous and working time over shifts, weekends and holidays."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.clockbook import default_clocks
from alerts.clocks import Calendar, ClockError, Limit, Shift, due, elapsed, read_clocks

HERE = ZoneInfo("Asia/Shanghai")
GUANGNING = Path(__file__).parents[3] / "counties" / "guangning" / "clocks.yaml"
SHIFTS = (Shift(time(8), time(12)), Shift(time(14), time(18)))
CALENDAR = Calendar(SHIFTS, frozenset({date(2026, 5, 1), date(2026, 5, 4)}), frozenset({date(2026, 5, 9)}))
CONTINUOUS = Limit("test", continuous_h=2)
WORKING = Limit("test", working_h=4)
DAYS = Limit("test", working_days=2)

moments = st.datetimes(datetime(2026, 4, 20), datetime(2026, 5, 20), timezones=st.just(UTC))
limits = st.one_of(
    st.builds(lambda hours: Limit("test", continuous_h=hours), st.floats(0.01, 60)),
    st.builds(lambda hours: Limit("test", working_h=hours), st.floats(0.01, 60)),
    st.builds(lambda days: Limit("test", working_days=days), st.floats(0.01, 8)),
)


def at(day: int, hour: int, minute: int = 0, month: int = 5) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=HERE)


@pytest.mark.parametrize(
    ("limit", "start", "end"),
    [
        (CONTINUOUS, at(1, 23), at(2, 1)),  # a holiday, at night
        (WORKING, at(6, 8), at(6, 12)),  # its last moment is the end of the shift
        (WORKING, at(6, 10), at(6, 16)),  # over noon
        (WORKING, at(6, 17), at(7, 11)),  # over night
        (WORKING, at(6, 3), at(6, 12)),  # before the day begins
        (WORKING, at(30, 16, month=4), at(5, 10)),  # over a holiday, a weekend and another holiday
        (WORKING, at(8, 16), at(9, 10)),  # into a Saturday that is worked
        (DAYS, at(6, 8), at(7, 18)),
        (DAYS, at(6, 9), at(8, 9)),
    ],
)
def test_when_a_case_is_due(limit, start, end):
    assert due(CALENDAR, limit, start) == end
    assert elapsed(CALENDAR, limit, start, end) == limit.allowed


def test_nights_and_holidays_take_no_working_time():
    assert elapsed(CALENDAR, WORKING, at(30, 18, month=4), at(5, 8)) == timedelta(0)
    assert elapsed(CALENDAR, WORKING, at(6, 12), at(6, 14)) == timedelta(0)
    assert elapsed(CALENDAR, WORKING, at(6, 11), at(6, 15)) == timedelta(hours=2)


@given(moments, limits)
def test_at_its_due_time_a_clock_has_run_for_what_is_allowed(start, limit):
    end = due(CALENDAR, limit, start)
    assert elapsed(CALENDAR, limit, start, end) == limit.allowed
    assert elapsed(CALENDAR, limit, start, end - timedelta(seconds=1)) < limit.allowed


@given(moments, moments, moments, limits)
def test_pieces_of_time_add_up(one, two, three, limit):
    first, middle, last = sorted((one, two, three))
    whole = elapsed(CALENDAR, limit, first, last)
    assert whole == elapsed(CALENDAR, limit, first, middle) + elapsed(CALENDAR, limit, middle, last)
    assert timedelta(0) <= whole <= last - first
    assert elapsed(CALENDAR, limit, last, first) <= timedelta(0) or first == last


@given(moments, moments, limits)
def test_who_starts_later_is_due_no_earlier(one, two, limit):
    earlier, later = sorted((one, two))
    assert due(CALENDAR, limit, earlier) <= due(CALENDAR, limit, later)


def test_each_hazard_type_has_the_first_limit_that_names_it():
    clocks = read_clocks(GUANGNING)
    assert clocks.due("cover_missing", at(1, 23)) == at(2, 1)
    assert clocks.due("ponding", at(6, 8)) == at(6, 12)
    assert clocks.due("cover_rattling", at(6, 8)) == at(7, 18)
    assert clocks.due("noise_exceedance", at(6, 8)) == at(7, 18)
    assert clocks.limits == default_clocks().limits


def test_the_county_works_and_rests_as_the_state_council_says():
    calendar = read_clocks(GUANGNING).calendar
    assert not any(calendar.works_on(date(2026, 2, day)) for day in range(15, 24))
    assert not any(calendar.works_on(date(2026, 10, day)) for day in range(1, 8))
    assert all(calendar.works_on(day) for day in (date(2026, 2, 14), date(2026, 2, 28), date(2026, 10, 10)))
    assert not any(day.weekday() >= 5 for day in calendar.holidays)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("calendar: {shifts: []}\nlimits: []", "shifts must not be empty"),
        ('calendar: {shifts: [{start: "14:00:00", end: "12:00:00"}]}\nlimits: []', "shifts must not"),
        ('calendar: {shifts: [{start: "8", end: "12:00:00"}]}\nlimits: []', "Invalid"),
        (
            'calendar: {shifts: [{start: "08:00:00", end: "12:00:00"}], working_weekends: [2026-05-07]}\nlimits: []',
            "2026-05-07, which is no Saturday",
        ),
        (
            'calendar: {shifts: [{start: "08:00:00", end: "12:00:00"}]}\n'
            "limits: [{source: x, continuous_h: 1, working_h: 1}]",
            "limit 1 needs one of",
        ),
        (
            'calendar: {shifts: [{start: "08:00:00", end: "12:00:00"}]}\nlimits: [{source: x, working_h: -1}]',
            "Expected `float` > 0",
        ),
        (
            'calendar: {shifts: [{start: "08:00:00", end: "08:01:00"}]}\nlimits: [{source: x, working_h: 100}]',
            "too few working days",
        ),
    ],
)
def test_bad_clocks_are_refused_with_what_to_change(tmp_path, body, complaint):
    path = tmp_path / "clocks.yaml"
    path.write_text(body)
    with pytest.raises(ClockError, match=complaint):
        read_clocks(path)


def test_a_calendar_without_working_days_is_noticed():
    never = Calendar((Shift(time(8), time(8, 1)),))
    with pytest.raises(ClockError, match="too few working days"):
        due(never, Limit("test", working_h=100), at(6, 8))
