"""The stages of a case in 数字城管 (GB/T 30428 series), decided purely: who may do what, when, and what it needs.

reported → filed → dispatched → handling → fed_back → verified → closed. A case comes back to the centre (filed) with a
reason, and only the centre may send it on, so a unit can't pass it to another. Units may leave out steps: what they
report comes late, twice, or not at all. What is repeated or overtaken changes nothing, so a unit's report never fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, get_args

from alerts.errors import AlertRefusal
from alerts.families import HUB

Stage = Literal["reported", "filed", "dispatched", "handling", "fed_back", "verified", "closed"]
Action = Literal["file", "dispatch", "handle", "feed_back", "verify", "override", "close", "return", "dismiss"]
How = Literal["sensor", "person", "override"]
STAGES: tuple[Stage, ...] = get_args(Stage)

STEPS: Mapping[Stage, Mapping[Action, Stage]] = MappingProxyType(
    {
        "reported": {"file": "filed", "handle": "handling", "feed_back": "fed_back", "dismiss": "closed"},
        "filed": {"dispatch": "dispatched", "handle": "handling", "feed_back": "fed_back", "dismiss": "closed"},
        "dispatched": {"handle": "handling", "feed_back": "fed_back", "return": "filed"},
        "handling": {"feed_back": "fed_back", "return": "filed"},
        "fed_back": {"verify": "verified", "override": "verified", "return": "filed"},
        "verified": {"close": "closed"},
        "closed": {},
    }
)

# Stages in which an action has nothing left to say.
_OVERTAKEN: Mapping[Action, frozenset[Stage]] = {
    "file": frozenset(STAGES[1:]),
    "dispatch": frozenset({"dispatched", "handling"}),  # further squads may set out
    "handle": frozenset({"handling", "fed_back", "verified", "closed"}),
    "feed_back": frozenset({"fed_back", "verified", "closed"}),
    "verify": frozenset({"verified", "closed"}),
    "override": frozenset({"verified", "closed"}),
    "close": frozenset({"closed"}),
    "return": frozenset({"reported", "filed", "verified", "closed"}),
    "dismiss": frozenset({"closed"}),
}

EVENTS: Mapping[Action, str] = {
    "file": "filed",
    "dispatch": "dispatched",
    "handle": "handling",
    "feed_back": "fed_back",
    "verify": "verified",
    "override": "verified",
    "close": "closed",
    "return": "returned",
    "dismiss": "dismissed",
}
STAGES_ZH: Mapping[Stage, str] = MappingProxyType(
    {
        "reported": "上报",
        "filed": "立案",
        "dispatched": "派遣",
        "handling": "处置",
        "fed_back": "反馈",
        "verified": "核查",
        "closed": "结案",
    }
)
"""The stages as people call them."""

_ACTIONS_ZH: Mapping[Action, str] = {
    "file": "立案",
    "dispatch": "派遣",
    "handle": "处置",
    "feed_back": "反馈",
    "verify": "核查",
    "override": "强制核查",
    "close": "结案",
    "return": "退回",
    "dismiss": "不予处置",
}
_OF_UNITS = frozenset({"handle", "feed_back", "return"})
_REASONED = frozenset({"return", "override", "dismiss"})


class StageError(AlertRefusal):
    """The step isn't possible as the case stands; the message says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """An incident as its stages see it: how many hazards it has, and how many of them are open."""

    incident_id: int
    stage: Stage
    hazards: int = 0
    hazards_open: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What ``actor`` does to a case at ``at``: 'squad:NAME' is a unit, others are the centre's.

    ``detail`` is kept with the event.
    """

    incident_id: int
    action: Action
    actor: str
    at: datetime
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


def advance(case: Case, step: Step) -> Stage | None:
    """The stage after ``step``; None when it is repeated or overtaken. StageError when it isn't possible."""
    place, place_zh, doing_zh = f"incident {case.incident_id}", f"事件 {case.incident_id}", _ACTIONS_ZH[step.action]
    if step.actor.startswith("squad:") and step.action not in _OF_UNITS:
        raise StageError(
            zh=f"{place_zh}：{doing_zh}由指挥中心办理；队伍只能反馈或退回",
            en=f"{place}: {step.action} is the centre's to do; a squad hands back or returns the case",
        )
    if step.action in _REASONED and not step.reason.strip():
        raise StageError(zh=f"{place_zh}：{doing_zh}须说明理由", en=f"{place}: {step.action} needs a reason")
    reached = STEPS[case.stage].get(step.action)
    if reached is None:
        if case.stage in _OVERTAKEN[step.action]:
            return None
        can_zh, can = _possible(case.stage)
        raise StageError(
            zh=f"{place_zh}处于{STAGES_ZH[case.stage]}阶段，不能{doing_zh}；{can_zh}",
            en=f"{place} is {case.stage}: {step.action} is not possible, {can}",
        )
    if step.action == "verify" and case.hazards_open:
        raise StageError(
            zh=f"{place_zh}：按传感器仍有 {case.hazards_open} 处隐患未解除；请等待解除、退回，或说明理由后强制核查",
            en=f"{place}: {case.hazards_open} of its hazards are still open by their sensors;"
            " wait until they clear, return the case, or override with a reason",
        )
    return reached


def verified_how(case: Case, step: Step) -> How:
    """How a case is verified: by its sensors or by what the hub measures of itself, by a person, or against them."""
    if step.action == "override":
        return "override" if case.hazards_open else "person"
    return "sensor" if case.hazards or step.actor == HUB else "person"


def _possible(stage: Stage) -> tuple[str, str]:
    if not STEPS[stage]:
        return "已结案的不再变动，再次发生即为新事件", "a closed case stays closed; what comes back is a new one"
    actions_zh = "、".join(_ACTIONS_ZH[action] for action in STEPS[stage])
    return f"可以{actions_zh}", f"but {', '.join(STEPS[stage])}"
