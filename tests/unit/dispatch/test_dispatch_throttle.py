"""How often a person is told, and when not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.messages import compose
from dispatch.throttle import Pending, Policy, Release, release

NOON = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)  # in Guangning
NIGHT = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)  # 23:30
POLICY = Policy(most=3, window_s=600, quiet={"blue": (21, 8), "yellow": (23, 6)})


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def test_everything_due_goes_as_one_message() -> None:
    due = [Pending(1, 3), Pending(2, 1), Pending(3, 4)]
    assert release(due, [], POLICY, NOON) == Release((1, 2, 3), {})


def test_the_last_place_is_kept_for_red() -> None:
    sent = [ago(9), ago(1)]
    assert release([Pending(1, 2)], sent, POLICY, NOON) == Release((), {1: ago(9) + timedelta(minutes=10)})
    assert release([Pending(1, 2), Pending(2, 1)], sent, POLICY, NOON).go == (1, 2)
    assert release([Pending(1, 1)], [*sent, ago(0)], POLICY, NOON).go == ()


@pytest.mark.parametrize(
    ("grade", "local_end"),
    [(4, datetime(2026, 3, 2, 0, 0, tzinfo=UTC)), (3, datetime(2026, 3, 1, 22, 0, tzinfo=UTC)), (2, None), (1, None)],
)
def test_quiet_hours_hold_what_can_wait(grade: int, local_end: datetime | None) -> None:
    held = {7: local_end} if local_end else {}
    assert release([Pending(7, grade)], [], POLICY, NIGHT) == Release(() if held else (7,), held)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 4)), max_size=60), st.integers(2, 5))
def test_never_more_than_agreed_and_a_first_red_is_never_held(arrivals: list[tuple[int, int]], most: int) -> None:
    policy = Policy(most=most, window_s=300)
    sent: list[tuple[datetime, bool]] = []
    waiting: list[Pending] = []
    now = NOON
    for number, (pause_s, grade) in enumerate(arrivals):
        now += timedelta(seconds=pause_s)
        waiting.append(Pending(number, grade))
        done = release(waiting, [at for at, _ in sent], policy, now)
        recent_red = any(red and at > now - timedelta(seconds=300) for at, red in sent)
        red = any(message.grade == 1 for message in waiting)
        assert done.go or not red or recent_red
        assert set(done.go) | set(done.held) == {message.notification_id for message in waiting}
        assert all(until > now for until in done.held.values())
        if done.go:
            sent.append((now, red))
            waiting = []
        window = [at for at, _ in sent if at > now - timedelta(seconds=300)]
        assert len(window) <= most


def test_a_bundle_begins_with_the_gravest_and_counts_the_rest() -> None:
    rows = [
        {"notification_id": n, "grade": 1 if n == 29 else 3, "body": {"text": {"zh": f"甲{n}", "en": f"no. {n}"}}}
        for n in range(30)
    ]
    title, text = compose(rows, "en")
    assert title == "red: 30 messages"
    assert text.splitlines()[0] == "no. 29"
    assert text.splitlines()[-1] == "10 more: see the console."
    assert compose(rows, "zh")[0] == "【红色】30条"
    assert compose(rows[:1], "zh") == ("【黄色】", "甲0")


def test_what_a_clock_that_ran_ahead_has_sent_holds_nothing_back() -> None:
    assert release([Pending(1, 2)], [ago(-60), ago(-61), ago(-62)], POLICY, NOON).go == (1,)
