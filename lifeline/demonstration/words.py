"""What happened and what was wanted, in words of both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from alerts.grades import GRADES, Grade
from alerts.rulefile import default_rules
from alerts.stages import STAGES_ZH
from simulators.drill import Text, Wanted

GRADE_OF: Mapping[int, Grade] = MappingProxyType({grade.number: grade for grade in GRADES})

STAGES: Mapping[str, Text] = MappingProxyType(
    {stage: Text(zh, stage.replace("_", " ")) for stage, zh in STAGES_ZH.items()}
)

_HAZARD: Mapping[str, Text] = MappingProxyType(
    {
        "raised": Text("{grade}险情", "{grade} hazard"),
        "upgraded": Text("升为{grade}", "up to {grade}"),
        "downgraded": Text("降为{grade}", "down to {grade}"),
        "cleared": Text("解除", "cleared"),
        "checked": Text("现场检查无险", "found harmless on site"),
        "acknowledged": Text("已确认", "acknowledged"),
        "latched": Text("锁定", "latched"),
        "commented": Text("备注", "remark"),
        "silenced": Text("静默", "silenced"),
        "false_alarm": Text("误报", "false alarm"),
    }
)
_INCIDENT: Mapping[str, Text] = MappingProxyType(
    {
        "opened": Text("立为事件", "incident opened"),
        "regraded": Text("事件现为{grade}", "incident now {grade}"),
        "closed": Text("结案", "incident closed"),
    }
)
_TASK: Mapping[str, Text] = MappingProxyType(
    {
        "unassigned": Text("无队伍可派", "nobody can be sent"),
        "ordered": Text("受命", "is ordered out"),
        "received": Text("收到命令", "has the order"),
        "accepted": Text("接受任务", "accepts"),
        "en_route": Text("出发", "is on its way"),
        "on_scene": Text("到达现场", "is on scene"),
        "working": Text("开始作业", "is at work"),
        "check_in": Text("报告安全", "reports that all is well"),
        "done": Text("处置完毕", "is done"),
        "checked": Text("核查通过", "was found to have done it"),
        "failed": Text("无法处置", "can't do it"),
        "refused": Text("拒绝任务", "refuses"),
        "cancelled": Text("任务取消", "is called off"),
    }
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of what happened: ``at`` by the wall clock, the grade it is about."""

    at: datetime
    grade: int
    text: Text


def of_hazard(event: Mapping[str, Any]) -> Happening:
    """A hazard was raised, regraded, cleared, checked or acknowledged."""
    number = event["grade"] or event["peak_grade"]
    grade, phrase = GRADE_OF[number], _HAZARD[event["event"]]
    zh = f"{phrase.zh.format(grade=grade.zh)} {event['code']} {event['reason_zh']}"
    en = f"{phrase.en.format(grade=grade.colour)} {event['code']} {event['reason_en']}"
    return Happening(event["recorded_at"], number, Text(zh.rstrip(), en.rstrip()))


def of_incident(event: Mapping[str, Any]) -> Happening | None:
    """An incident was opened, regraded or closed; None for the stages that its task tells."""
    phrase = _INCIDENT.get(event["event"])
    if phrase is None:
        return None
    grade = GRADE_OF[event["grade"]]
    zh, en = phrase.zh.format(grade=grade.zh), phrase.en.format(grade=grade.colour)
    number = event["incident_id"]
    return Happening(
        event["recorded_at"],
        event["grade"],
        Text(f"#{number} {zh}：{event['title_zh']}", f"#{number} {en}: {event['title_en']}"),
    )


def of_task(event: Mapping[str, Any]) -> Happening:
    """A squad was ordered out, or answered."""
    phrase = _TASK[event["event"]]
    number = event["incident_id"]
    zh = " ".join(part for part in (f"#{number}", event["squad_zh"], phrase.zh) if part)
    en = " ".join(part for part in (f"#{number}", event["squad_en"], phrase.en) if part)
    return Happening(event["recorded_at"], event["grade"], Text(zh, en))


def of_wanted(wanted: Wanted) -> Text:
    """A wanted outcome."""
    place = wanted.sensor or wanted.squad or ""
    hazard = hazard_name(wanted.hazard_type) if wanted.hazard_type else Text("险情", "hazard")
    grade = GRADE_OF.get(wanted.grade or 0)
    zh_grade, en_grade = (grade.zh, grade.colour) if grade else ("", "")
    if grade is not None and grade.number > 1:
        zh_grade, en_grade = f"{zh_grade}及以上", f"{en_grade} or graver"
    zh, en = {
        "hazard_graded": (f"{hazard.zh} 达{zh_grade or '某一级'}", f"{hazard.en} graded {en_grade or 'at all'}"),
        "hazard_cleared": (f"{hazard.zh} 解除", f"{hazard.en} cleared"),
        "incident_opened": ("立为事件", "incident opened"),
        "order_received": ("队伍收到命令", "order at the squad"),
        "order_confirmed": ("队伍确认命令", "order confirmed"),
        "task_unassigned": ("无队伍可派", "nobody could be sent"),
        "task_accepted": ("队伍接受任务", "squad accepts"),
        "task_refused": ("队伍拒绝任务", "squad refuses"),
        "squad_on_scene": ("队伍到场", "squad on scene"),
        "message_quarantined": ("报文隔离", "message quarantined"),
        "permit_granted": ("准许进入井室", "entry permitted"),
        "permit_refused": ("不准进入井室", "entry refused"),
        "permit_revoked": ("撤销进入许可", "entry permit revoked"),
        "task_done": ("队伍处置完毕", "squad is done"),
        "incident_closed": ("结案", "incident closed"),
    }[wanted.what]
    if wanted.at_most == 0:
        zh, en = f"{zh}（不应发生）", f"{en} (must not happen)"
    elif wanted.at_most == wanted.at_least:
        zh, en = f"{zh}（恰好 {wanted.at_most} 次）", f"{en} (exactly {wanted.at_most})"
    elif wanted.at_most is not None:
        zh, en = f"{zh}（{wanted.at_least}–{wanted.at_most} 次）", f"{en} ({wanted.at_least}-{wanted.at_most} times)"
    elif wanted.at_least > 1:
        zh, en = f"{zh}（至少 {wanted.at_least} 次）", f"{en} (at least {wanted.at_least} times)"
    return Text(f"{place} {zh}".strip(), f"{place} {en}".strip())


def hazard_name(hazard_type: str) -> Text:
    """What the rules call a hazard type; its own name when no rule that ships raises it."""
    return _hazard_names().get(hazard_type, Text(hazard_type, hazard_type))


@cache
def _hazard_names() -> dict[str, Text]:
    return {name: Text(rule.title.zh, rule.title.en) for file in default_rules() for name, rule in file.hazards.items()}
