"""Who is told when, by the clock alone."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.escalation import REPEAT, Clock, due, next_at
from dispatch.plans import Limits, Rung

START = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
LIMITS = Limits(remind_s=60, confirm_s=180, depart_s=300, arrive_s=1800, finish_s=7200)
LADDER = (Rung(300, "leader"), Rung(600, "duty_officer"), Rung(1200, "county_leader"))
ORDERED = Clock(1, "ordered", START, START, START, LIMITS, LADDER)
MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


def walk(clock: Clock, minutes: int, step_s: int) -> list[tuple[float, str, str]]:
    """What is done when somebody looks every ``step_s`` seconds, the clock set on each time."""
    done = []
    for seconds in range(0, minutes * 60 + 1, step_s):
        now = START + timedelta(seconds=seconds)
        if clock.clock_at > now:
            continue
        done += [((step.at - START) / MINUTE, step.do, step.person) for step in due(clock, now)]
        clock = msgspec.structs.replace(clock, clock_at=next_at(clock, now))
    return done


def test_an_order_that_nobody_confirms() -> None:
    assert walk(ORDERED, 2, 1) == [(1, "remind", "")]
    assert [step.do for step in due(ORDERED, at(3))] == ["remind", "next_squad"]


def test_the_people_are_told_while_squads_are_asked_in_turn() -> None:
    third = msgspec.structs.replace(ORDERED, since=at(6), clock_at=at(6))
    assert walk(third, 8, 1) == [(7, "remind", "")]
    tells = msgspec.structs.replace(ORDERED, status="unassigned")
    wanted = [(5, "leader"), (10, "duty_officer"), (20, "county_leader"), (50, "county_leader"), (80, "county_leader")]
    assert walk(tells, 81, 7) == [(minute, "tell", person) for minute, person in wanted]
    assert REPEAT == 30 * MINUTE


@pytest.mark.parametrize(
    ("status", "late", "limit_s"),
    [("accepted", "depart", 300), ("en_route", "arrive", 1800), ("on_scene", "finish", 7200)],
)
def test_each_step_has_its_limit(status: str, late: str, limit_s: int) -> None:
    clock = msgspec.structs.replace(ORDERED, status=status)
    deadline = START + timedelta(seconds=limit_s)
    assert due(clock, deadline - timedelta(seconds=1)) == []
    assert [(step.do, step.late) for step in due(clock, deadline)] == [("remind", late)]
    assert [step.person for step in due(clock, deadline + 20 * MINUTE)] == [
        "",
        "leader",
        "duty_officer",
        "county_leader",
    ]


def test_a_crew_that_does_not_report_is_asked_and_then_looked_for() -> None:
    clock = msgspec.structs.replace(ORDERED, status="working", check_in_at=at(15))
    assert walk(clock, 18, 1) == [
        (15, "remind", ""),
        (16, "tell", "leader"),
        (17, "tell", "duty_officer"),
        (18, "tell", "county_leader"),
    ]
    reported = msgspec.structs.replace(clock, check_in_at=at(30), clock_at=at(15))
    assert walk(reported, 29, 1) == []


@given(
    st.sampled_from(["unassigned", "ordered", "accepted", "en_route", "on_scene", "working"]),
    st.lists(st.integers(1, 3000), min_size=1, max_size=20),
    st.integers(0, 3600),
)
def test_however_often_somebody_looks_each_step_is_taken_once(status: str, pauses: list[int], check_in_s: int) -> None:
    check_in_at = START + timedelta(seconds=check_in_s) if status == "working" else None
    clock = msgspec.structs.replace(ORDERED, status=status, check_in_at=check_in_at)
    now, seen = START, list(due(clock, START))
    clock = msgspec.structs.replace(clock, clock_at=next_at(clock, START))
    whole = msgspec.structs.replace(ORDERED, status=status, check_in_at=check_in_at)
    for pause in pauses:
        now += timedelta(seconds=pause)
        seen += due(clock, now)
        following = next_at(clock, now)
        assert following > now  # an open task is never without a running clock
        clock = msgspec.structs.replace(clock, clock_at=following)
        if any(step.do == "next_squad" for step in seen):
            break
    assert seen == due(whole, now)
