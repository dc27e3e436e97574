"""Plans as data: what is additive, what a graver grade replaces, and what can't be used."""

from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dispatch.plans import PEOPLE, Plan, PlanError, parse_plan, read_plan, read_plans, usual_response

GUANGNING = Path(__file__).parents[3] / "counties" / "guangning" / "plans"
LIMITS = {"remind_s": 60, "confirm_s": 180, "depart_s": 300, "arrive_s": 1800, "finish_s": 7200}
LEAST = {
    "tasks": [{"role": "control", "skill": "gas", "title": {"zh": "控", "en": "control"}}],
    "limits": LIMITS,
    "escalation": [{"after_s": 300, "tell": "leader"}],
}


def body(**grades: object) -> dict[str, object]:
    return {
        "hazard_type": "gas_leak",
        "title": {"zh": "预案", "en": "plan"},
        "source": "test",
        "grades": {"blue": LEAST, **grades},
    }


@pytest.mark.parametrize("plan", read_plans(GUANGNING), ids=lambda plan: plan.hazard_type)
def test_guangning_s_plans_grow_with_the_grade(plan: Plan) -> None:
    for lesser, graver in ((4, 3), (3, 2), (2, 1)):
        less, more = plan.at(lesser), plan.at(graver)
        assert more.roles[: len(less.roles)] == less.roles
        assert more.checklist[: len(less.checklist)] == less.checklist
        assert set(less.tell) <= set(more.tell)
        assert all(more.materials[item] >= amount for item, amount in less.materials.items())
        assert more.limits.confirm_s <= less.limits.confirm_s
    assert [role.lead for role in plan.at(1).roles].count(True) == 1


@given(st.lists(st.integers(1, 3), min_size=4, max_size=4), st.integers(1, 4))
def test_numbers_add_up(numbers: list[int], grade: int) -> None:
    colours = ("blue", "yellow", "orange", "red")
    grades = {
        colour: {**(LEAST if colour == "blue" else {}), "tasks": [{**LEAST["tasks"][0], "squads": count}]}  # type: ignore[index]
        for colour, count in zip(colours, numbers, strict=True)
    }
    names = [role.name for role in parse_plan("test", body(**grades)).at(grade).roles]
    assert len(names) == len(set(names)) == sum(numbers[: 5 - grade])
    assert names[0] == "control"


def test_what_a_graver_grade_leaves_out_stays() -> None:
    plan = parse_plan("test", body(red={"materials": {"blower": 2}, "tell": ["county_leader"], "preempt": "propose"}))
    response = plan.at(1)
    assert (response.limits.confirm_s, response.preempt, response.tell) == (180, "propose", ("county_leader",))
    assert plan.at(2).preempt == "never"


def test_a_plan_that_begins_at_orange_answers_a_lesser_incident_too() -> None:
    only = {**body(), "grades": {"orange": LEAST}}
    assert parse_plan("test", only).at(4).roles == parse_plan("test", only).at(2).roles


def test_without_a_plan_one_squad_with_the_rule_s_skill_is_called() -> None:
    (role,) = usual_response("noise").roles
    assert (role.skill, role.lead) == ("noise", True)


@pytest.mark.parametrize(
    ("grades", "wrong"),
    [
        ({"blue": {}}, "blue, the least grade, needs tasks, limits and escalation"),
        ({"red": {"limits": {**LIMITS, "arrive_s": 3600}}}, "red: arrive_s is longer than that of a lesser grade"),
        ({"red": {"limits": {**LIMITS, "remind_s": 180}}}, "remind_s must be shorter than confirm_s"),
        (
            {"red": {"escalation": [{"after_s": 300, "tell": "leader"}, {"after_s": 300, "tell": "duty_officer"}]}},
            "later than the one before",
        ),
        ({"red": {"tell": ["mayor"]}}, "mayor"),
        ({"red": {"tasks": [{**LEAST["tasks"][0], "skill": "magic"}]}}, "magic"),  # type: ignore[index]
        ({"red": {"taks": []}}, "taks"),
        ({"pink": LEAST}, "pink"),
    ],
)
def test_what_is_wrong_is_said(grades: dict[str, object], wrong: str) -> None:
    with pytest.raises(PlanError, match=wrong) as caught:
        parse_plan("gas.yaml", body(**grades))
    assert str(caught.value).startswith("gas.yaml: ")


def test_a_plan_without_grades_is_no_plan() -> None:
    with pytest.raises(PlanError, match="at least one grade"):
        parse_plan("test", {**body(), "grades": {}})


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"missing\.yaml"):
        read_plan(tmp_path / "missing.yaml")
    with pytest.raises(PlanError, match="no such folder"):
        read_plans(tmp_path / "missing")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(yaml.safe_dump(body()))
    with pytest.raises(PlanError, match="two plans for gas_leak"):
        read_plans(tmp_path)


def test_a_plan_survives_the_way_through_the_database() -> None:
    for plan in read_plans(GUANGNING):
        assert parse_plan("stored", msgspec.json.decode(msgspec.json.encode(plan))) == plan
    assert set(PEOPLE) >= {person for plan in read_plans(GUANGNING) for person in plan.at(1).tell}
