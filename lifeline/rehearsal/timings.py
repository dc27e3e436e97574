"""How long the steps of a drill's cases took, held against the plan's limits."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from lifeline.rehearsal.headings import Heading
from lifeline.rehearsal.record import Case
from simulators.drill import Drill, Limits, Text


class Timing(msgspec.Struct, frozen=True):
    """One step over all cases, in drill seconds: the limit, how many took it, how many in time, the slowest."""

    step: str
    zh: str
    en: str
    limit_s: int
    cases: int
    in_time: int
    slowest_s: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """From one event of a case to another, the limit of the same name, and what helps when it takes too long."""

    name: str
    text: Text
    begins: str
    ends: str
    heading: Heading
    proposal: Text


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
        "received",
        "command",
        Text(
            "补充备用通信手段，明确未确认时的升级联系人",
            "add a second channel, and name who is called when nobody answers",
        ),
    ),
    Step(
        "arrive",
        Text("到场", "arrive"),
        "received",
        "on_scene",
        "people",
        Text("调整队伍驻点或前置备勤", "move the squad's post, or place it ahead of the danger"),
    ),
    Step(
        "done",
        Text("处置", "handle"),
        "on_scene",
        "done",
        "practicability",
        Text("核对处置步骤与物资清单", "go over the plan's steps and its list of materials"),
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


def _limit(step: Step, limits: Limits) -> int:
    limit: int = getattr(limits, f"{step.name}_s")
    return limit


def timing_of(step: Step, drill: Drill, cases: Sequence[Case]) -> Timing:
    """How long ``step`` took in the cases that went through it."""
    limit_s = _limit(step, drill.limits)
    took = [taken for case in cases if (taken := _took(step, drill, case)) is not None]
    return Timing(
        step.name,
        step.text.zh,
        step.text.en,
        limit_s,
        len(took),
        sum(taken <= limit_s for taken in took),
        round(max(took), 1) if took else None,
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
