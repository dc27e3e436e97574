"""What fell short in a drill, each with a proposal for the plan."""

from collections.abc import Sequence

import msgspec

from dispatch.words import skill_zh
from lifeline.demonstration.words import hazard_name, of_wanted
from lifeline.rehearsal.headings import Heading
from lifeline.rehearsal.means import Material, Squads
from lifeline.rehearsal.record import Record
from lifeline.rehearsal.rehearse import Rehearsed
from lifeline.rehearsal.timings import STEPS, Step, Timing
from simulators.judgement import Outcome


class Finding(msgspec.Struct, frozen=True):
    """Something that fell short, and what to change for it in the plans for ``hazard_types``."""

    heading: Heading
    zh: str
    en: str
    proposal_zh: str
    proposal_en: str
    hazard_types: tuple[str, ...] = ()


def findings_of(
    rehearsed: Rehearsed, timings: Sequence[Timing], squads: Sequence[Squads], materials: Sequence[Material]
) -> list[Finding]:
    """Everything that fell short; what is about no case in particular is about the plans of all of them."""
    drill, record = rehearsed.drill, rehearsed.record
    wanted = {wanted.hazard_type for wanted in drill.wanted} - {None}
    everything = tuple(sorted({case.hazard_type for case in record.cases} or {str(name) for name in wanted}))
    found = _found(rehearsed, timings, squads, materials)
    return [one if one.hazard_types else msgspec.structs.replace(one, hazard_types=everything) for one in found]


def _found(
    rehearsed: Rehearsed, timings: Sequence[Timing], squads: Sequence[Squads], materials: Sequence[Material]
) -> list[Finding]:
    drill, record = rehearsed.drill, rehearsed.record
    found = [_of_outcome(outcome) for outcome in rehearsed.report.outcomes if not outcome.met]
    found += [
        _of_timing(step, timing)
        for step, timing in zip(STEPS, timings, strict=True)
        if timing.slowest_s is not None and timing.in_time < timing.cases
    ]
    found += _of_people(record, max(drill.duration_s, drill.last_s))
    found += [_of_squads(one) for one in squads if one.came < one.called]
    found += [_of_material(one) for one in materials if one.short]
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
                tuple(sorted({case.hazard_type for case in open_cases})),
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
        (outcome.wanted.hazard_type,) if outcome.wanted.hazard_type is not None else (),
    )


def _of_timing(step: Step, timing: Timing) -> Finding:
    late = timing.cases - timing.in_time
    limit = f"{timing.limit_s:.0f}" if timing.limit_s == timing.most_s else f"{timing.limit_s:.0f}–{timing.most_s:.0f}"
    return Finding(
        step.heading,
        f"{timing.zh}超时 {late}/{timing.cases} 起，最慢 {timing.slowest_s:.0f} 秒，限 {limit} 秒",
        f"{timing.en}: {late} of {timing.cases} late, slowest {timing.slowest_s:.0f} s, limit {limit} s",
        step.proposal.zh,
        step.proposal.en,
        timing.late,
    )


def _of_people(record: Record, end_s: float) -> list[Finding]:
    waited = [case for case in record.cases if "unassigned" in case.steps_s]
    refused = [case for case in record.cases if "refused" in case.steps_s]
    found = []
    if waited:
        types = tuple(sorted({case.hazard_type for case in waited}))
        zh = "、".join(hazard_name(one).zh for one in types)
        en = ", ".join(hazard_name(one).en for one in types)
        waits_s = [
            case.steps_s.get("ordered", case.steps_s.get("closed", end_s)) - case.steps_s["opened"] for case in waited
        ]
        found.append(
            Finding(
                "people",
                f"{len(waited)} 起事件（{zh}）一时无队伍可派，最长等待 {max(waits_s):.0f} 秒",
                f"{len(waited)} cases ({en}) had nobody to go at first, the longest wait was {max(waits_s):.0f} s",
                "补充相应技能的队伍或明确增援次序",
                "add squads with the skill, or say who comes to help in which order",
                types,
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
                tuple(sorted({case.hazard_type for case in refused})),
            )
        )
    return found


def _of_squads(squads: Squads) -> Finding:
    missing = squads.called - squads.came
    return Finding(
        "practicability",
        f"预案步骤“{squads.zh}”需 {squads.called} 队次（{skill_zh(squads.skill)}），{missing} 队次未到场",
        f"the plan's step '{squads.en}' calls for {squads.called} squads ({squads.skill}), {missing} never came",
        "核对该步骤能否由现有力量完成，或改由他队承担",
        "check that the step can be done with the squads there are, or give it to others",
        (squads.hazard_type,),
    )


def _of_material(material: Material) -> Finding:
    return Finding(
        "equipment",
        f"{material.zh}最多同时需 {material.called} {material.unit}，可用 {material.free}，缺 {material.short}",
        f"{material.en}: {material.called} were called for at once, {material.free} were free, {material.short} short",
        "补充储备，或签订调用协议",
        "add to the stores, or agree on loans",
        material.hazard_types,
    )


def _of_messages(record: Record) -> list[Finding]:
    unread = [row for row in record.messages if row["received_at"] is None]
    if not unread:
        return []
    types = {row["hazard_type"] for row in unread} - {None}
    return [
        Finding(
            "command",
            f"{len(unread)} 条通知没有回执",
            f"{len(unread)} messages were never confirmed",
            "规定无回执时改用电话或对讲，并指定责任人",
            "say who calls by phone or radio when no receipt comes",
            tuple(sorted(types)),
        )
    ]
