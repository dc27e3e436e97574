"""Duty hours in local time."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from dispatch.squads import Engagement, Roster, Squad, on_duty, standing


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


@pytest.mark.parametrize(
    ("statuses", "changes", "stands"),
    [
        ((), {}, "available"),
        (("ordered",), {}, "assigned"),
        (("accepted", "en_route"), {}, "en_route"),
        (("ordered", "working"), {}, "on_scene"),
        (("on_scene",), {"duty_start": time(20), "duty_end": time(8)}, "on_scene"),
        ((), {"duty_start": time(20), "duty_end": time(8)}, "off_duty"),
        ((), {"out_since": datetime(2026, 6, 1, tzinfo=UTC)}, "out_of_service"),
        ((), {"rested_at": datetime(2026, 6, 1, 5, tzinfo=UTC)}, "resting"),
        ((), {"rested_at": datetime(2026, 6, 1, 4, tzinfo=UTC)}, "available"),
    ],
)
def test_how_a_squad_stands(statuses: tuple[str, ...], changes: dict[str, object], stands: str) -> None:
    now = datetime(2026, 6, 1, 4, tzinfo=UTC)  # noon in Guangning
    tasks = [Engagement(number, number, 2, status) for number, status in enumerate(statuses)]
    assert standing(replace(ALWAYS, **changes), tasks, now) == stands  # type: ignore[arg-type]
    assert standing(replace(ALWAYS, **changes), tasks, now + timedelta(hours=9)) != "resting"  # type: ignore[arg-type]
