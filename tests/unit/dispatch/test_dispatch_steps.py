"""The life of a task, as a table."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import DispatchError
from dispatch.steps import ACTIONS, STEPS, Action, Move, Report, Status, TaskView, TransitionError, step

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROAD: tuple[Status, ...] = ("ordered", "accepted", "en_route", "on_scene", "working", "done", "checked")


def task(status: Status) -> TaskView:
    return TaskView(7, 3, None if status == "unassigned" else "gas-1", status, NOW, NOW)


def reports(*actions: Action | None) -> list[Report]:
    return [Report(action, "squad:gas-1", NOW + timedelta(minutes=n)) for n, action in enumerate(actions)]


@pytest.mark.parametrize(
    ("status", "action", "reached"),
    [
        ("ordered", "accept", "accepted"),
        ("accepted", "en_route", "en_route"),
        ("en_route", "on_scene", "on_scene"),
        ("on_scene", "done", "done"),
        ("ordered", "en_route", "en_route"),  # setting out implies accepting
        ("ordered", "on_scene", "on_scene"),
        ("accepted", "on_scene", "on_scene"),
        ("ordered", "refuse", "refused"),
        ("en_route", "refuse", "refused"),  # the vehicle broke down
        ("on_scene", "cancel", "cancelled"),
        ("accepted", "accept", None),  # repeated
        ("on_scene", "accept", None),  # overtaken
        ("done", "en_route", None),
        ("done", "done", None),
        ("refused", "refuse", None),
        ("cancelled", "cancel", None),
    ],
)
def test_steps(status, action, reached):
    assert step(task(status), action) == reached


@pytest.mark.parametrize(
    ("status", "action", "sentence"),
    [
        ("unassigned", "accept", "task 7: accept is not possible, no squad has been ordered yet"),
        ("unassigned", "cancel", "task 7: cancel is not possible, no squad has been ordered yet"),
        (
            "ordered",
            "done",
            "task 7: done is not possible, a squad reports that only after it reported on_scene",
        ),
        (
            "on_scene",
            "refuse",
            "task 7: refuse is not possible, the squad is on scene: report that it can't be done",
        ),
        ("refused", "accept", "task 7: accept is not possible, the task is refused"),
        ("cancelled", "done", "task 7: done is not possible, the task is cancelled"),
        ("done", "cancel", "task 7: cancel is not possible, the task is done"),
    ],
)
def test_what_is_not_possible_says_why(status, action, sentence):
    with pytest.raises(TransitionError, match=sentence) as caught:
        step(task(status), action)
    assert isinstance(caught.value, DispatchError)


@given(st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_a_task_never_goes_back_and_ends_once(actions):
    move = Move(task("ordered"), received=False)
    seen: list[Status] = ["ordered"]
    for report in reports(*actions):
        try:
            changed = move.fold(report)
        except TransitionError:
            continue
        if move.after.status != seen[-1]:
            assert changed
            seen.append(move.after.status)
    for before, after in pairwise(seen):
        assert STEPS[before]
        if after in ROAD:
            assert ROAD.index(after) > ROAD.index(before)
    assert [event for event, _ in move.log] == seen[1:]


@given(st.lists(st.sampled_from([None, *ACTIONS]), max_size=8))
def test_hearing_everything_twice_changes_nothing(actions):
    once, twice = Move(task("ordered"), received=False), Move(task("ordered"), received=False)
    for report in reports(*actions):
        for move, times in ((once, 1), (twice, 2)):
            for _ in range(times):
                try:
                    move.fold(report)
                except TransitionError:
                    break
    assert (twice.after, twice.log, twice.steps) == (once.after, once.log, once.steps)


def test_stages_follow_and_any_report_of_the_squad_is_a_receipt():
    move = Move(task("ordered"), received=False)
    assert move.fold(reports("accept")[0])
    assert move.received
    for report in reports("en_route", "on_scene", "done"):
        assert move.fold(report)
    assert [action for action, _ in move.steps] == ["handle", "feed_back"]


def test_an_officer_who_acts_for_the_squad_is_no_receipt():
    move = Move(task("ordered"), received=False)
    assert move.fold(Report("cancel", "key:desk", NOW))
    assert not move.received
    assert [action for action, _ in move.steps] == ["return"]


@pytest.mark.parametrize(("action", "status"), [("refuse", "refused"), ("fail", "failed")])
@pytest.mark.parametrize(("note", "kept"), [("no vehicle", "no vehicle"), (" ", "未说明原因 / no reason given")])
def test_who_gives_up_is_heard_and_the_reason_or_its_absence_is_on_record(action, status, note, kept):
    move = Move(task("en_route"), received=True)
    assert move.fold(Report(action, "squad:gas-1", NOW, note))
    assert [(event, report.note) for event, report in move.log] == [(status, kept)]
