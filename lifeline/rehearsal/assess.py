"""What a drill teaches: times against limits, what fell short, findings under the headings of an assessment.

The headings are those of 应急预案管理办法 for the assessment of drills: execution, practicability of the plan, command
and linkage, people, equipment, improvements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from lifeline.demonstration.words import of_wanted
from lifeline.rehearsal.record import Case, Record
from lifeline.rehearsal.rehearse import Rehearsed
from simulators.drill import Drill, Limits, Text
from simulators.judgement import Outcome

Heading = Literal["execution", "practicability", "command", "people", "equipment"]
HEADINGS: Mapping[Heading, Text] = {
    "execution": Text("演练执行情况", "execution"),
    "practicability": Text("预案合理性与可操作性", "practicability of the plan"),
    "command": Text("指挥协调与应急联动", "command and linkage"),
    "people": Text("应急人员处置", "people"),
    "equipment": Text("演练所用设备装备", "equipment"),
}
_MET_WEIGHT = 60


class Timing(msgspec.Struct, frozen=True):
    """One step over all cases, in drill seconds: the limit, how many took it, how many in time, the slowest."""

    step: str
    zh: str
    en: str
    limit_s: int
    cases: int
    in_time: int
    slowest_s: float | None


class Finding(msgspec.Struct, frozen=True):
    """Something that fell short, and what to change in the plan for it."""

    heading: str
    zh: str
    en: str
    proposal_zh: str
    proposal_en: str


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    text: Text
    begins: str
    ends: str
    heading: Heading
    proposal: Text


_STEPS = (
    _Step(
        "detect",
        Text("发现", "detect"),
        "caused",
        "opened",
        "equipment",
        Text("缩短采样与报警上报间隔，或加密布点", "sample and report alarms more often, or set more sensors"),
    ),
    _Step(
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
    _Step(
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
    _Step(
        "arrive",
        Text("到场", "arrive"),
        "received",
        "on_scene",
        "people",
        Text("调整队伍驻点或前置备勤", "move the squad's post, or place it ahead of the danger"),
    ),
    _Step(
        "done",
        Text("处置", "handle"),
        "on_scene",
        "done",
        "practicability",
        Text("核对处置步骤与物资清单", "go over the plan's steps and its list of materials"),
    ),
    _Step(
        "close",
        Text("结案", "close"),
        "opened",
        "closed",
        "practicability",
        Text("核对结案条件与时限", "go over the conditions and limit of closing a case"),
    ),
)


def assess_drill(rehearsed: Rehearsed, last: Mapping[str, Any] | None) -> dict[str, Any]:
    """The report as JSON values; ``last`` is the report of an earlier run of the same drill."""
    drill, record, report = rehearsed.drill, rehearsed.record, rehearsed.report
    timings = [_timing(step, drill, record.cases) for step in _STEPS]
    findings = list(_findings(rehearsed, timings))
    messages = [_message(row, rehearsed) for row in record.messages]
    whole: dict[str, Any] = {
        "drill": drill.name,
        "title": msgspec.to_builtins(drill.title),
        "exercise_id": rehearsed.exercise.exercise_id,
        "seed": rehearsed.seed,
        "starts": rehearsed.played.start.isoformat(),
        "duration_s": drill.duration_s,
        "took_s": round(rehearsed.took_s, 1),
        "passed": report.passed,
        "score": score(report.outcomes, timings),
        "counts": report.counts,
        "outcomes": [outcome_as_json(outcome) for outcome in report.outcomes],
        "timings": msgspec.to_builtins(timings),
        "cases": [_case(case) for case in record.cases],
        "messages": messages,
        "network": {"delivered": rehearsed.played.messages, **msgspec.to_builtins(rehearsed.played.carried)},
        "findings": msgspec.to_builtins(findings),
        "assessment": _assessment(findings, report.outcomes, timings),
    }
    whole["last_run"] = _compared(whole, last) if last is not None and last.get("drill") == drill.name else None
    return whole


def outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    """A wanted outcome and what became of it."""
    seen = outcome.observation
    text = of_wanted(outcome.wanted)
    return {
        **{name: value for name, value in msgspec.to_builtins(outcome.wanted).items() if value is not None},
        "text": msgspec.to_builtins(text),
        "happened": outcome.met,
        "at_s": round(seen.at_s, 1) if seen else None,
        "reason": msgspec.to_builtins(outcome.reason),
    }


def score(outcomes: Sequence[Outcome], timings: Sequence[Timing]) -> int:
    """0 to 100: 60 points for what was wanted and happened, 40 for steps within their limits."""
    met = sum(outcome.met for outcome in outcomes) / len(outcomes) if outcomes else 1.0
    taken = sum(timing.cases for timing in timings)
    in_time = sum(timing.in_time for timing in timings) / taken if taken else 1.0
    return round(_MET_WEIGHT * met + (100 - _MET_WEIGHT) * in_time)


def _limit(step: _Step, limits: Limits) -> int:
    limit: int = getattr(limits, f"{step.name}_s")
    return limit


def _timing(step: _Step, drill: Drill, cases: Sequence[Case]) -> Timing:
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


def _took(step: _Step, drill: Drill, case: Case) -> float | None:
    steps = {"caused": _caused_s(drill, case), **case.steps_s}
    if step.begins not in steps or step.ends not in steps:
        return None
    return max(0.0, steps[step.ends] - steps[step.begins])


def _caused_s(drill: Drill, case: Case) -> float:
    """When what the case is about began: the latest thing done to its sensor, else the first of the drill."""
    opened_s = case.steps_s["opened"]
    own = [one.at_s for one in drill.injections if case.sensor in one.sensors and one.causes and one.at_s <= opened_s]
    return float(max(own, default=drill.first_s))


def _findings(rehearsed: Rehearsed, timings: Sequence[Timing]) -> list[Finding]:
    drill, record = rehearsed.drill, rehearsed.record
    found = [_of_outcome(outcome) for outcome in rehearsed.report.outcomes if not outcome.met]
    found += [
        _of_timing(step, timing)
        for step, timing in zip(_STEPS, timings, strict=True)
        if timing.slowest_s is not None and timing.in_time < timing.cases
    ]
    found += _of_people(record)
    found += _of_messages(record)
    carried = rehearsed.played.carried
    bad = carried.lost + carried.broken + carried.overflowed
    if bad:
        found.append(
            Finding(
                "equipment",
                f"{carried.sent} 条上报中丢失 {carried.lost}、损坏 {carried.broken}、缓存溢出 {carried.overflowed}",
                f"of {carried.sent} reports {carried.lost} were lost, {carried.broken} broken, "
                f"{carried.overflowed} dropped from full buffers",
                "检查网关与信号，增大设备缓存",
                "look at gateways and coverage, give devices larger buffers",
            )
        )
    open_cases = [case for case in record.cases if "closed" not in case.steps_s]
    if open_cases:
        found.append(
            Finding(
                "practicability",
                f"演练结束时 {len(open_cases)} 起事件未结案",
                f"{len(open_cases)} cases were open at the end of {drill.duration_s / 3600:.1f} h",
                "增加处置力量，或为次要事件规定先期处置",
                "send more, or give lesser cases a first measure of their own",
            )
        )
    return found


def _of_outcome(outcome: Outcome) -> Finding:
    wanted = of_wanted(outcome.wanted)
    return Finding(
        "execution",
        f"{wanted.zh}：{outcome.reason.zh}",
        f"{wanted.en}: {outcome.reason.en}",
        "复核规则、预案和演练脚本",
        "go over rule, plan and script",
    )


def _of_timing(step: _Step, timing: Timing) -> Finding:
    late = timing.cases - timing.in_time
    return Finding(
        step.heading,
        f"{timing.zh}超时 {late}/{timing.cases} 起，最慢 {timing.slowest_s:.0f} 秒，限 {timing.limit_s} 秒",
        f"{timing.en}: {late} of {timing.cases} late, slowest {timing.slowest_s:.0f} s, limit {timing.limit_s} s",
        step.proposal.zh,
        step.proposal.en,
    )


def _of_people(record: Record) -> list[Finding]:
    waited = [case for case in record.cases if "unassigned" in case.steps_s]
    refused = [case for case in record.cases if "refused" in case.steps_s]
    found = []
    if waited:
        kinds = "、".join(sorted({case.hazard_type for case in waited}))
        longest_s = max(
            case.steps_s.get("ordered", case.steps_s["unassigned"]) - case.steps_s["opened"] for case in waited
        )
        found.append(
            Finding(
                "people",
                f"{len(waited)} 起事件（{kinds}）一时无队伍可派，最长等待 {longest_s:.0f} 秒",
                f"{len(waited)} cases ({kinds}) had nobody to go at first, the longest wait was {longest_s:.0f} s",
                "补充相应技能的队伍或明确增援次序",
                "add squads with the skill, or say who comes to help in which order",
            )
        )
    if refused:
        found.append(
            Finding(
                "people",
                f"{len(refused)} 起事件有队伍拒绝任务",
                f"in {len(refused)} cases a squad refused",
                "查明拒绝原因，核对队伍技能与值守",
                "find out why, and check the squad's skills and hours",
            )
        )
    return found


def _of_messages(record: Record) -> list[Finding]:
    unread = [row for row in record.messages if row["received_at"] is None]
    if not unread:
        return []
    return [
        Finding(
            "command",
            f"{len(unread)} 条命令没有回执",
            f"{len(unread)} orders were never confirmed",
            "规定无回执时改用电话或对讲，并指定责任人",
            "say who calls by phone or radio when no receipt comes",
        )
    ]


def _case(case: Case) -> dict[str, Any]:
    return {
        "incident_id": case.incident_id,
        "sensor": case.sensor,
        "hazard_type": case.hazard_type,
        "grade": case.grade,
        "stage": case.stage,
        "title": {"zh": case.title[0], "en": case.title[1]},
        "steps_s": {name: round(at_s, 1) for name, at_s in case.steps_s.items()},
    }


def _message(row: Mapping[str, Any], rehearsed: Rehearsed) -> dict[str, Any]:
    start = rehearsed.played.start
    times = {
        name: round((row[f"{name}_at"] - start).total_seconds(), 1) if row[f"{name}_at"] is not None else None
        for name in ("created", "sent", "received")
    }
    named = {name: row[name] for name in ("key", "recipient", "channel", "attempts")}
    return {**named, "title": row["title_zh"], **{f"{name}_s": at_s for name, at_s in times.items()}}


def _assessment(
    findings: Sequence[Finding], outcomes: Sequence[Outcome], timings: Sequence[Timing]
) -> dict[str, dict[str, Any]]:
    met = sum(outcome.met for outcome in outcomes)
    in_time, taken = sum(timing.in_time for timing in timings), sum(timing.cases for timing in timings)
    sections: dict[str, dict[str, Any]] = {}
    for name, text in HEADINGS.items():
        own = [finding for finding in findings if finding.heading == name]
        sections[name] = {
            "zh": text.zh,
            "en": text.en,
            "verdict": "good" if not own else "to_improve",
            "findings": len(own),
        }
    sections["execution"] |= {"outcomes_met": met, "outcomes": len(outcomes)}
    sections["practicability"] |= {"steps_in_time": in_time, "steps": taken}
    sections["improvements"] = {
        "zh": "改进意见",
        "en": "improvements",
        "verdict": "good" if not findings else "to_improve",
        "proposals": [{"zh": one.proposal_zh, "en": one.proposal_en} for one in findings],
    }
    return sections


def _compared(now: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
    before = {timing["step"]: timing for timing in last.get("timings", ())}
    slowest = {
        timing["step"]: {"before_s": before.get(timing["step"], {}).get("slowest_s"), "now_s": timing["slowest_s"]}
        for timing in now["timings"]
    }
    return {
        "seed": last.get("seed"),
        "passed": last.get("passed"),
        "score": last.get("score"),
        "score_change": now["score"] - last["score"] if "score" in last else None,
        "findings": len(last.get("findings", ())),
        "slowest": slowest,
    }
