"""Duty hours in local time."""

from datetime import UTC, datetime, time

import pytest

from dispatch.squads import Engagement, Roster, Squad, on_duty


def squad(start: time, end: time, squad_id: str = "s", skills: frozenset[str] = frozenset({"gas"})) -> Squad:
    return Squad(squad_id, "队", "Squad", skills, 112.4, 23.6, start, end, "")


DAY = squad(time(8), time(20))
NIGHT = squad(time(20), time(8))
ALWAYS = squad(time(7), time(7))


@pytest.mark.parametrize(
    ("utc", "day", "night"),
    [
        ((0, 0, 0), True, False),  # 08:00 in Guangning: the day shift begins
        ((11, 59, 59), True, False),  # 19:59:59
        ((12, 0, 0), False, True),  # 20:00
        ((16, 0, 0), False, True),  # midnight
        ((23, 59, 59), False, True),  # 07:59:59
    ],
)
def test_shifts_meet_without_gap(utc, day, night):
    now = datetime(2026, 6, 1, *utc, tzinfo=UTC)
    assert (on_duty(DAY, now), on_duty(NIGHT, now), on_duty(ALWAYS, now)) == (day, night, True)


def test_free_skills_leave_out_the_busy_and_the_resting():
    busy = squad(time(0), time(0), "busy", frozenset({"drainage"}))
    resting = squad(time(20), time(8), "resting", frozenset({"noise"}))
    free = squad(time(0), time(0), "free", frozenset({"gas", "cover"}))
    roster = Roster((busy, resting, free), {"busy": (Engagement(4, 1, 2, "ordered"),)})
    assert roster.free_skills(datetime(2026, 6, 1, 4, tzinfo=UTC)) == {"gas", "cover"}
