"""How long the steps of a drill's cases took, held against the limits of their plans and of the drill."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from dispatch.plans import USUAL_LIMITS
from lifeline.rehearsal.headings import Heading
from lifeline.rehearsal.record import Case
from simulators.drill import Drill, Text


class Timing(msgspec.Struct, frozen=True):
    """One step over all cases, in drill seconds: how many took it, how many in time, the slowest.

    Plans have a limit for each grade: ``limit_s`` is the strictest that was met with, ``most_s`` the most lenient.
    ``late`` are the hazard types of the cases that took too long.
    """

    step: str
    zh: str
    en: str
    limit_s: float
    most_s: float
    by_plan: bool
    cases: int
    in_time: int
    slowest_s: float | None
    late: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """From one event of a case to another, its limit, and what helps when it takes too long.

    ``plan_limits`` of the case's plan it may take together; where there are none, the drill's limit of its name holds.
    """

    name: str
    text: Text
    begins: str
    ends: str
    heading: Heading
    proposal: Text
    plan_limits: tuple[str, ...] = ()

    def limit_s(self, drill: Drill, case: Case | None) -> float:
        """Seconds that ``case`` may take; of no case in particular: of one without a plan."""
        if not self.plan_limits:
            limit: int = getattr(drill.limits, f"{self.name}_s")
            return limit
        limits = (case.limits if case is not None else None) or USUAL_LIMITS
        return float(sum(getattr(limits, name) for name in self.plan_limits))


STEPS = (
    Step(
        "detect",
        Text("发现", "detect"),
        "caused",
        "opened",
        "equipment",
        Text("缩短采样与报警上报间隔，或加密布点", "sample and report alarms more often, or set more sensors"),
    ),
    Step(
        "file",
        Text("立案", "file"),
        "opened",
        "filed",
        "command",
        Text("明确立案责任人与自动立案条件", "say who files, and what is filed at once"),
    ),
    Step(
        "order",
        Text("派遣", "dispatch"),
        "opened",
        "ordered",
        "people",
        Text(
            "增加该技能的值守队伍或与邻镇签订支援协议",
            "keep more squads with the skill on duty, or agree on mutual aid",
        ),
    ),
    Step(
        "confirm",
        Text("确认", "confirm"),
        "ordered",
        "accepted",
        "command",
        Text(
            "补充备用通信手段，明确未确认时的升级联系人",
            "add a second channel, and name who is called when nobody answers",
        ),
        ("confirm_s",),
    ),
    Step(
        "arrive",
        Text("到场", "arrive"),
        "accepted",
        "on_scene",
        "people",
        Text("调整队伍驻点或前置备勤", "move the squad's post, or place it ahead of the danger"),
        ("depart_s", "arrive_s"),
    ),
    Step(
        "done",
        Text("处置", "handle"),
        "on_scene",
        "done",
        "practicability",
        Text("核对处置步骤与物资清单", "go over the plan's steps and its list of materials"),
        ("finish_s",),
    ),
    Step(
        "close",
        Text("结案", "close"),
        "opened",
        "closed",
        "practicability",
        Text("核对结案条件与时限", "go over the conditions and limit of closing a case"),
    ),
)


def timing_of(step: Step, drill: Drill, cases: Sequence[Case]) -> Timing:
    """How long ``step`` took in the cases that went through it."""
    took = [(case, taken) for case in cases if (taken := _took(step, drill, case)) is not None]
    limits = [step.limit_s(drill, case) for case, _ in took] or [step.limit_s(drill, None)]
    late = [case.hazard_type for case, taken in took if taken > step.limit_s(drill, case)]
    return Timing(
        step=step.name,
        zh=step.text.zh,
        en=step.text.en,
        limit_s=min(limits),
        most_s=max(limits),
        by_plan=bool(step.plan_limits),
        cases=len(took),
        in_time=len(took) - len(late),
        slowest_s=round(max(taken for _, taken in took), 1) if took else None,
        late=tuple(sorted(set(late))),
    )


def _took(step: Step, drill: Drill, case: Case) -> float | None:
    steps = {"caused": _caused_s(drill, case), **case.steps_s}
    if step.begins not in steps or step.ends not in steps:
        return None
    return max(0.0, steps[step.ends] - steps[step.begins])


def _caused_s(drill: Drill, case: Case) -> float:
    """When what the case is about began: the latest thing done to its sensor, else the first of the drill."""
    opened_s = case.steps_s["opened"]
    own = [one.at_s for one in drill.injections if case.sensor in one.sensors and one.causes and one.at_s <= opened_s]
    return float(max(own, default=drill.first_s))
