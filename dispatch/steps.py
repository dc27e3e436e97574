"""A task's life, from the order to the report that it is done: pure.

What a squad reports may come twice, late, or with steps left out: MQTT delivers at least once, and a crew has more to
do than press buttons. So a repeated or overtaken report changes nothing, setting out and arriving may be reported
without what comes before, and only one step can't be left out: a task is done only by a squad that was on scene,
because its report, if it leads the response, frees the latches of the incident's hazards.

A crew at dangerous work reports again and again (check_in); each report starts its timer anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, get_args

from alerts.stages import Action as CaseAction
from dispatch.errors import DispatchRefusal
from dispatch.words import STATUS_ZH, Words

Status = Literal[
    "unassigned",
    "ordered",
    "accepted",
    "en_route",
    "on_scene",
    "working",
    "done",
    "checked",
    "failed",
    "refused",
    "cancelled",
]
Action = Literal["accept", "refuse", "en_route", "on_scene", "working", "check_in", "done", "fail", "check", "cancel"]
ACTIONS: tuple[Action, ...] = get_args(Action)

_ACTIONS_ZH: Mapping[Action, str] = {
    "accept": "接令",
    "refuse": "拒绝",
    "en_route": "出发",
    "on_scene": "到场",
    "working": "开始作业",
    "check_in": "报告平安",
    "done": "完成",
    "fail": "报告无法处置",
    "check": "验收",
    "cancel": "撤回",
}
_LEAVE: Mapping[Action, Status] = {"refuse": "refused", "cancel": "cancelled"}
_GIVE_UP: Mapping[Action, Status] = {"fail": "failed", "cancel": "cancelled"}
_WITH_REASON = frozenset({"refused", "failed"})
_NO_REASON = "未说明原因 / no reason given"

STEPS: Mapping[Status, Mapping[Action, Status]] = MappingProxyType(
    {
        "unassigned": {},
        "ordered": {"accept": "accepted", "en_route": "en_route", "on_scene": "on_scene", **_LEAVE},
        "accepted": {"en_route": "en_route", "on_scene": "on_scene", "fail": "failed", **_LEAVE},
        "en_route": {"on_scene": "on_scene", "fail": "failed", **_LEAVE},
        "on_scene": {"working": "working", "check_in": "on_scene", "done": "done", **_GIVE_UP},
        "working": {"check_in": "working", "done": "done", **_GIVE_UP},
        "done": {"check": "checked"},
        "checked": {},
        "failed": {},
        "refused": {},
        "cancelled": {},
    }
)

# Statuses in which an action has nothing left to say: it was done, or a later report implied it.
_IMPLIED: Mapping[Action, frozenset[Status]] = {
    "accept": frozenset({"accepted", "en_route", "on_scene", "working", "done", "checked"}),
    "en_route": frozenset({"en_route", "on_scene", "working", "done", "checked"}),
    "on_scene": frozenset({"on_scene", "working", "done", "checked"}),
    "working": frozenset({"working", "done", "checked"}),
    "check_in": frozenset({"done", "checked"}),
    "done": frozenset({"done", "checked"}),
    "check": frozenset({"checked"}),
    "fail": frozenset({"failed"}),
    "refuse": frozenset({"refused"}),
    "cancel": frozenset({"cancelled"}),
}

# What a status means for the case, as far as this squad goes; one whose squad doesn't go is returned.
_STEP: Mapping[Status, CaseAction] = {
    "accepted": "handle",
    "en_route": "handle",
    "on_scene": "handle",
    "working": "handle",
    "done": "feed_back",
    "checked": "feed_back",
    "failed": "return",
    "refused": "return",
    "cancelled": "return",
}

# The limit of the plan that each status runs against, in seconds.
_LIMIT: Mapping[Status, str] = {
    "accepted": "depart_s",
    "en_route": "arrive_s",
    "on_scene": "finish_s",
    "working": "finish_s",
}
_AT_WORK = frozenset({"on_scene", "working"})
_USUAL_LIMIT_S = 600.0


class UnknownTaskError(DispatchRefusal):
    """There is no task of this number."""


class TransitionError(DispatchRefusal):
    """The action isn't possible in the task's present status."""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as it stands."""

    task_id: int
    incident_id: int
    squad_id: str | None
    status: Status
    created_at: datetime
    updated_at: datetime
    lead: bool = True
    confined_space: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    clock_at: datetime | None = None
    check_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What ``actor`` ('squad:NAME' or 'key:NAME') says happened to a task at ``at``; None: the order was received."""

    action: Action | None
    actor: str
    at: datetime
    note: str = ""


@dataclass(slots=True)
class Move:
    """A task and the reports folded into it, to be written in one go."""

    before: TaskView
    received: bool  # whether the order's receipt was in before
    after: TaskView = field(init=False)
    log: list[tuple[str, Report]] = field(default_factory=list)  # event and who reported it
    steps: list[tuple[CaseAction, Report]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.after = self.before

    @property
    def called_off(self) -> bool:
        """Whether the squad has to be told that its order doesn't stand any more."""
        return self.after.status == "cancelled" != self.before.status and self.before.squad_id is not None

    def fold(self, report: Report) -> bool:
        """Take in a report; False when it says nothing new. TransitionError when it isn't possible."""
        if report.action is None:
            new = not self.received
            if new:
                self.log.append(("received", report))
        else:
            status = step(self.after, report.action)
            new = status is not None and self._pass(status, report)
        if report.actor.startswith("squad:"):
            new, self.received = new or not self.received, True
        return new

    def _pass(self, status: Status, report: Report) -> bool:
        if status == self.after.status:
            return self._check_in(report)
        if _STEP[status] != _STEP.get(self.after.status):
            self.steps.append((_STEP[status], report))
        if status in _WITH_REASON and not report.note.strip():
            report = replace(report, note=_NO_REASON)  # a refusal is heard all the same: the next squad has to go
        self.after = _timed(replace(self.after, status=status), report.at)
        self.log.append((status, report))
        return True

    def _check_in(self, report: Report) -> bool:
        """Start the crew's timer anew; a repeated or overtaken report doesn't, nor one from work without a timer."""
        before = self.after.check_in_at
        if before is None:
            return False
        check_in_at = report.at + _limit(self.after, "check_in_s")
        if check_in_at <= before:
            return False
        self.after = replace(self.after, check_in_at=check_in_at)
        self.log.append(("check_in", report))
        return True


def _timed(task: TaskView, at: datetime) -> TaskView:
    """The task with the clocks of the step that it began at ``at``."""
    limit = _LIMIT.get(task.status)
    check_in_at = at + _limit(task, "check_in_s") if task.confined_space and task.status in _AT_WORK else None
    clocks = [at + _limit(task, limit)] if limit is not None else []
    clocks += [check_in_at] if check_in_at is not None else []
    return replace(task, clock_at=min(clocks, default=None), check_in_at=check_in_at)


def _limit(task: TaskView, name: str) -> timedelta:
    return timedelta(seconds=task.limits.get(name, _USUAL_LIMIT_S))


def step(task: TaskView, action: Action) -> Status | None:
    """The status after ``action``; None when a repeated or overtaken report changes nothing.

    Raises TransitionError with a sentence for people when the action isn't possible.
    """
    reached = STEPS[task.status].get(action)
    if reached is not None:
        return reached
    if task.status in _IMPLIED[action]:
        return None
    obstacle = _obstacle(task, action)
    raise TransitionError(
        zh=f"任务 {task.task_id} 不能{_ACTIONS_ZH[action]}：{obstacle.zh}",
        en=f"task {task.task_id}: {action} is not possible, {obstacle.en}",
    )


def unknown_task(task_id: int) -> UnknownTaskError:
    """The error for a number that no task has."""
    return UnknownTaskError(zh=f"没有任务 {task_id}", en=f"there is no task {task_id}")


def _obstacle(task: TaskView, action: Action) -> Words:
    if task.status == "unassigned":
        return Words("尚未派出队伍", "no squad has been ordered yet")
    if action in {"done", "working", "check_in"} and "on_scene" in STEPS[task.status]:
        return Words("队伍须先报告到场", "a squad reports that only after it reported on_scene")
    if action == "refuse" and task.status in {"on_scene", "working"}:
        return Words(
            "队伍已到场；请报告无法处置，或撤回任务另派队伍",
            "the squad is on scene: report that it can't be done, or cancel the task to send another one",
        )
    if action == "check":
        return Words("只有已完成的任务才能验收", "only a task that is done can be checked")
    return Words(f"任务的状态为{STATUS_ZH[task.status]}", f"the task is {task.status}")
