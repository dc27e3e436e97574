"""Plans (预案) as data: what an incident of a type calls for, grade by grade.

A file per hazard type. Each grade adds tasks, checklist, materials and people to those of the lesser grades; its
limits, escalation, reports and preemption replace theirs. ``Plan.at`` folds that into the response to one grade.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
import yaml

from alerts.families import HUB
from alerts.grades import GRADES, Colour
from alerts.misreadings import what_is_wrong
from alerts.rules import Skill
from alerts.yamlfile import read_yaml
from dispatch.errors import DispatchRefusal
from dispatch.words import Words

Person = Literal["grid_person", "owner_unit", "leader", "duty_officer", "county_leader"]
"""Who is told, by function: the grid's responsible person, the asset's owner unit (权属单位), the leader on duty …"""

Preempt = Literal["never", "propose", "automatic"]
"""Whether a red incident may take a squad off a lesser one that it is on its way to."""

PEOPLE: tuple[Person, ...] = get_args(Person)
_Seconds = Annotated[float, msgspec.Meta(gt=0, le=30 * 86_400)]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class PlanError(DispatchRefusal):
    """A plan that can't be used; the message names the file and what to change."""


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Squads that a grade calls for: ``squads`` with ``skill`` for ``role``; work in a well needs a permit."""

    role: _Name
    skill: Skill
    title: Words
    squads: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    confined_space: bool = False


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds that each step of a task may take.

    An order that nobody confirms is repeated after ``remind_s`` and goes to the next squad after ``confirm_s``;
    ``check_in_s`` is between two reports from dangerous work.
    """

    remind_s: _Seconds
    confirm_s: _Seconds
    depart_s: _Seconds
    arrive_s: _Seconds
    finish_s: _Seconds
    check_in_s: _Seconds = 900.0


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step of the escalation: who is told ``after_s`` without confirmation, or past another step's limit."""

    after_s: _Seconds
    tell: Person


class Reports(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Re-report clocks in seconds: 初报 after the start, 续报 after the one before, 终报 after the work is done."""

    first_s: _Seconds
    follow_up_s: _Seconds
    final_s: _Seconds


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one grade adds, and what it replaces."""

    tasks: tuple[Assignment, ...] = ()
    checklist: tuple[Words, ...] = ()
    materials: dict[_Name, Annotated[int, msgspec.Meta(ge=1)]] = {}
    tell: tuple[Person, ...] = ()
    limits: Limits | None = None
    escalation: tuple[Rung, ...] = ()
    reports: Reports | None = None
    preempt: Preempt | None = None


class Role(msgspec.Struct, frozen=True):
    """One squad's part in a response. The report of the ``lead`` that all is done ends the response."""

    name: str
    skill: str
    title: Words
    lead: bool
    confined_space: bool = False


class Response(msgspec.Struct, frozen=True):
    """What a plan calls for at one grade; amounts of ``materials`` by item."""

    roles: tuple[Role, ...]
    checklist: tuple[Words, ...]
    materials: Mapping[str, int]
    tell: tuple[str, ...]
    limits: Limits
    escalation: tuple[Rung, ...]
    reports: Reports | None
    preempt: Preempt


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan for one hazard type; ``source`` says where its numbers come from."""

    hazard_type: _Name
    title: Words
    source: str
    grades: dict[Colour, Block]

    def at(self, grade: int) -> Response:
        """The response to an incident of ``grade``, 1 (red) to 4 (blue).

        A plan that begins with a graver grade answers a lesser one as that: an incident always gets a response.
        """
        blocks = [self.grades[known.colour] for known in GRADES if known.colour in self.grades]
        numbers = [known.number for known in GRADES if known.colour in self.grades]
        upto = [block for block, number in zip(blocks, numbers, strict=True) if number >= grade] or blocks[:1]
        return _fold(upto)


def _fold(blocks: list[Block]) -> Response:
    materials: dict[str, int] = {}
    for block in blocks:
        for item, amount in block.materials.items():
            materials[item] = materials.get(item, 0) + amount
    limits = next(block.limits for block in reversed(blocks) if block.limits is not None)
    return Response(
        roles=_roles([task for block in blocks for task in block.tasks]),
        checklist=tuple(item for block in blocks for item in block.checklist),
        materials=materials,
        tell=tuple(dict.fromkeys(person for block in blocks for person in block.tell)),
        limits=limits,
        escalation=next((block.escalation for block in reversed(blocks) if block.escalation), ()),
        reports=next((block.reports for block in reversed(blocks) if block.reports is not None), None),
        preempt=next((block.preempt for block in reversed(blocks) if block.preempt is not None), "never"),
    )


def _roles(tasks: list[Assignment]) -> tuple[Role, ...]:
    """A role for each squad: the second one for ``control`` is ``control-2``."""
    roles: list[Role] = []
    counts: dict[str, int] = {}
    for task in tasks:
        for _ in range(task.squads):
            number = counts[task.role] = counts.get(task.role, 0) + 1
            name = task.role if number == 1 else f"{task.role}-{number}"
            roles.append(Role(name, task.skill, task.title, not roles, task.confined_space))
    return tuple(roles)


_MINUTE = 60.0
USUAL_LIMITS = Limits(
    remind_s=1.5 * _MINUTE,
    confirm_s=3 * _MINUTE,
    depart_s=10 * _MINUTE,
    arrive_s=60 * _MINUTE,
    finish_s=480 * _MINUTE,
)
_USUAL_ESCALATION = (
    Rung(5 * _MINUTE, "leader"),
    Rung(10 * _MINUTE, "duty_officer"),
    Rung(20 * _MINUTE, "county_leader"),
)


def usual_response(skill: str) -> Response:
    """For an incident whose type has no plan in force: one squad with the skill that its rule names.

    For what is wrong with the hub itself nobody sets out: the duty officer is told.
    """
    if skill == HUB:
        return Response((), (), {}, ("duty_officer",), USUAL_LIMITS, _USUAL_ESCALATION, None, "never")
    role = Role("handle", skill, Words("到场处置", "handle it on site"), lead=True)
    return Response((role,), (), {}, ("duty_officer",), USUAL_LIMITS, _USUAL_ESCALATION, None, "never")


def read_plans(folder: Path) -> list[Plan]:
    """All plans of ``folder``; PlanError for the first that can't be used, and when two are for one hazard type."""
    if not folder.is_dir():
        raise PlanError.at(
            str(folder),
            zh="没有这个目录；预案是其中的 *.yaml 文件",
            en="there is no such folder; plans are the *.yaml files of one",
        )
    plans: dict[str, Plan] = {}
    for path in sorted(folder.glob("*.yaml")):
        plan = read_plan(path)
        if plan.hazard_type in plans:
            raise PlanError.at(
                str(path), zh=f"{plan.hazard_type} 有两份预案", en=f"there are two plans for {plan.hazard_type}"
            )
        plans[plan.hazard_type] = plan
    return list(plans.values())


def read_plan(path: Path) -> Plan:
    """Read and check one plan file; PlanError with file and place when it can't be used."""
    try:
        return parse_plan(str(path), read_yaml(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PlanError.at(str(path), zh=what_is_wrong(error), en=str(error)) from error


def parse_plan(place: str, body: Any) -> Plan:
    """A plan from its stored body, checked; PlanError begins with ``place``."""
    try:
        plan = msgspec.convert(body, Plan)
    except msgspec.ValidationError as error:
        raise PlanError.at(place, zh=what_is_wrong(error), en=str(error)) from error
    check_plan(place, plan)
    return plan


def check_plan(place: str, plan: Plan) -> None:
    """That every grade gets a whole response and a graver one is never slower; PlanError says what to change."""
    present = [grade for grade in GRADES if grade.colour in plan.grades]
    if not present:
        raise PlanError.at(place, zh="grades 至少一项", en="give at least one grade")
    least = plan.grades[present[0].colour]
    if not least.tasks or least.limits is None or not least.escalation:
        raise PlanError.at(
            place,
            zh=f"最低一级 {present[0].colour} 须有 tasks、limits 和 escalation",
            en=f"{present[0].colour}, the least grade, needs tasks, limits and escalation",
        )
    before: Limits | None = None
    for grade in present:
        block = plan.grades[grade.colour]
        _check_escalation(f"{place}: {grade.colour}", block, plan.at(grade.number).limits)
        if before is not None and block.limits is not None:
            _check_faster(f"{place}: {grade.colour}", before, block.limits)
        before = block.limits or before


def _check_escalation(place: str, block: Block, limits: Limits) -> None:
    times = [rung.after_s for rung in block.escalation]
    if times != sorted(set(times)):
        raise PlanError.at(
            place,
            zh="escalation 的每一步须晚于前一步",
            en="each step of the escalation comes later than the one before",
        )
    if limits.remind_s >= limits.confirm_s:
        raise PlanError.at(
            place,
            zh="remind_s 须短于 confirm_s，超过后者即询问下一支队伍",
            en="remind_s must be shorter than confirm_s, after which the next squad is asked",
        )


def _check_faster(place: str, lesser: Limits, graver: Limits) -> None:
    for name in ("remind_s", "confirm_s", "depart_s", "arrive_s"):
        if getattr(graver, name) > getattr(lesser, name):
            raise PlanError.at(place, zh=f"{name} 比较低等级的还长", en=f"{name} is longer than that of a lesser grade")
