"""What a drill teaches: times against limits, what fell short, findings under the headings of an assessment.

The headings are those of 应急预案管理办法 for the assessment of drills: execution, practicability of the plan, command
and linkage, people, equipment, improvements.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lifeline.demonstration.words import of_wanted
from lifeline.rehearsal.findings import Finding, findings_of
from lifeline.rehearsal.headings import HEADINGS
from lifeline.rehearsal.means import materials_of, squads_of
from lifeline.rehearsal.record import Case
from lifeline.rehearsal.rehearse import Rehearsed
from lifeline.rehearsal.timings import STEPS, Timing, timing_of
from simulators.judgement import Outcome

_MET_WEIGHT = 60


def assess_drill(rehearsed: Rehearsed, last: Mapping[str, Any] | None) -> dict[str, Any]:
    """The report as JSON values; ``last`` is the report of an earlier run of the same drill."""
    drill, record, report = rehearsed.drill, rehearsed.record, rehearsed.report
    timings = [timing_of(step, drill, record.cases) for step in STEPS]
    squads, materials = squads_of(record.parts), materials_of(record.cases, record.stocks)
    findings = findings_of(rehearsed, timings, squads, materials)
    messages = [_message(row, rehearsed) for row in record.messages]
    whole: dict[str, Any] = {
        "drill": drill.name,
        "title": msgspec.to_builtins(drill.title),
        "exercise_id": rehearsed.exercise.exercise_id,
        "seed": rehearsed.seed,
        "starts": rehearsed.played.start.isoformat(),
        "duration_s": drill.duration_s,
        "held_at": rehearsed.held_at.isoformat(timespec="seconds"),
        "took_s": round(rehearsed.took_s, 1),
        "passed": report.passed,
        "score": score(report.outcomes, timings),
        "counts": report.counts,
        "outcomes": [outcome_as_json(outcome) for outcome in report.outcomes],
        "timings": msgspec.to_builtins(timings),
        "squads": msgspec.to_builtins(squads),
        "materials": [{**msgspec.to_builtins(one), "short": one.short} for one in materials],
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
        "held_at": last.get("held_at"),
        "findings": len(last.get("findings", ())),
        "slowest": slowest,
    }
