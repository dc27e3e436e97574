"""What happened and what was wanted reads well in both languages."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from dispatch.steps import STEPS
from lifeline.demonstration import words
from simulators.drill import Event, Text, Wanted

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
HAZARD = {"recorded_at": NOW, "code": "gas-1", "peak_grade": 1, "reason_zh": "甲烷 82", "reason_en": "methane 82"}
INCIDENT = {"recorded_at": NOW, "incident_id": 5, "grade": 1, "title_zh": "燃气泄漏", "title_en": "gas leak"}
TASK = {"recorded_at": NOW, "incident_id": 5, "grade": 2, "squad_zh": "一队", "squad_en": "squad 1"}


def test_a_hazard_that_grows_says_where_and_why() -> None:
    happening = words.of_hazard({**HAZARD, "event": "upgraded", "grade": 1})
    assert happening.text == Text("升为红色 gas-1 甲烷 82", "up to red gas-1 methane 82")
    assert (happening.grade, happening.at) == (1, NOW)


def test_a_cleared_hazard_keeps_the_colour_of_its_worst() -> None:
    assert words.of_hazard({**HAZARD, "event": "cleared", "grade": None}).grade == 1


def test_stages_that_a_task_tells_are_not_told_twice() -> None:
    opened = words.of_incident({**INCIDENT, "event": "opened"})
    assert opened is not None
    assert opened.text == Text("#5 立为事件：燃气泄漏", "#5 incident opened: gas leak")
    assert words.of_incident({**INCIDENT, "event": "dispatched"}) is None


@pytest.mark.parametrize("event", [*STEPS, "received"])
def test_every_step_of_a_task_has_words(event: str) -> None:
    text = words.of_task({**TASK, "event": event}).text
    assert text.zh.startswith("#5 一队 ")
    assert text.en.startswith("#5 squad 1 ")


def test_nobody_to_send_has_no_squad() -> None:
    text = words.of_task({**TASK, "event": "unassigned", "squad_zh": None, "squad_en": None}).text
    assert text == Text("#5 无队伍可派", "#5 nobody can be sent")


@pytest.mark.parametrize("what", get_args(Event))
def test_every_wanted_outcome_has_words(what: Event) -> None:
    text = words.of_wanted(Wanted(what, 0, 1, sensor="gas-1", hazard_type="gas_combustible", grade=3))
    assert text.zh.startswith("gas-1 ")
    assert text.en.startswith("gas-1 ")


def test_a_wanted_grade_asks_for_that_or_a_graver_one() -> None:
    wanted = Wanted("hazard_graded", 0, 1, sensor="gas-1", hazard_type="gas_combustible", grade=2)
    assert words.of_wanted(wanted).en == "gas-1 combustible gas graded orange or graver"
