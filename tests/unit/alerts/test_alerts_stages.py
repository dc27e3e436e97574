"""The stages of a case: what is possible, for whom, and what it needs."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.stages import EVENTS, STAGES, STEPS, Action, Case, StageError, Step, advance, verified_how

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ACTIONS: tuple[Action, ...] = get_args(Action)
actions = st.sampled_from(ACTIONS)
stages = st.sampled_from(STAGES)


def step(action: Action, actor: str = "key:duty", reason: str = "because") -> Step:
    return Step(7, action, actor, NOW, reason)


def test_a_case_goes_the_whole_way():
    stage, passed = "reported", []
    for action in ("file", "dispatch", "handle", "feed_back", "verify", "close"):
        stage = advance(Case(7, stage), step(action))
        passed.append(stage)
    assert passed == list(STAGES[1:])


@pytest.mark.parametrize("action", ["return", "override", "dismiss"])
def test_what_goes_against_the_order_needs_a_reason(action):
    stage = next(stage for stage in STAGES if action in STEPS[stage])
    with pytest.raises(StageError, match="needs a reason"):
        advance(Case(7, stage), step(action, reason=" "))
    assert advance(Case(7, stage), step(action)) is not None


def test_an_open_hazard_keeps_a_case_from_being_verified():
    case = Case(7, "fed_back", hazards=2, hazards_open=1)
    with pytest.raises(StageError, match=r"1 of its hazards are still open.*override with a reason"):
        advance(case, step("verify"))
    assert advance(case, step("override")) == "verified"


@pytest.mark.parametrize(
    ("case", "action", "how"),
    [
        (Case(7, "fed_back", 2, 0), "verify", "sensor"),
        (Case(7, "fed_back", 0, 0), "verify", "person"),
        (Case(7, "fed_back", 2, 1), "override", "override"),
        (Case(7, "fed_back", 2, 0), "override", "person"),
    ],
)
def test_how_a_case_is_verified(case, action, how):
    assert verified_how(case, step(action)) == how


def test_what_the_hub_measures_of_itself_is_no_person():
    assert verified_how(Case(7, "fed_back"), Step(7, "verify", "hub", NOW)) == "sensor"


@pytest.mark.parametrize("action", ["file", "dispatch", "verify", "override", "close", "dismiss"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_squad_may_neither_pass_a_case_on_nor_judge_its_own_work(stage, action):
    with pytest.raises(StageError, match="the centre's to do"):
        advance(Case(7, stage), step(action, actor="squad:gas-1"))


@given(stages, st.lists(st.sampled_from(["handle", "feed_back", "return"]), max_size=6))
def test_what_a_squad_reports_never_fails(stage, reported):
    for action in reported:
        stage = advance(Case(7, stage), step(action, actor="squad:gas-1")) or stage
    assert stage in STAGES


@given(stages, actions)
def test_a_repeated_step_changes_nothing(stage, action):
    try:
        reached = advance(Case(7, stage), step(action))
    except StageError:
        return
    if reached is not None:
        assert advance(Case(7, reached), step(action)) is None


@given(st.lists(actions, max_size=12))
def test_closed_is_closed_and_nothing_is_verified_unhandled(sequence):
    stage, passed = "reported", ["reported"]
    for action in sequence:
        try:
            reached = advance(Case(7, stage, hazards=1, hazards_open=1), step(action))
        except StageError:
            continue
        if reached is not None:
            assert stage != "closed"
            stage = reached
            passed.append(stage)
    if "verified" in passed:
        assert passed[passed.index("verified") - 1] == "fed_back"


def test_every_action_is_possible_somewhere_and_has_its_event():
    assert {action for steps in STEPS.values() for action in steps} == set(ACTIONS) == set(EVENTS)


def test_what_is_not_possible_says_what_is():
    with pytest.raises(StageError, match="incident 7 is reported: verify is not possible, but file, handle"):
        advance(Case(7, "reported"), step("verify"))
    with pytest.raises(StageError, match="a closed case stays closed"):
        advance(Case(7, "closed"), step("dispatch"))
