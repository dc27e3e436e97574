"""Why a grade changed, as a sentence in both languages with the values that decided."""

from typing import Any

from alerts.grades import grade_of
from alerts.rules import Case
from alerts.tracks import Track
from ingest.kinds import Quantity, State

_FAULTS = {
    "implausible": ("读数超出可信范围", "a value outside the plausible range"),
    "stuck": ("读数长时间不变", "the same value for too long"),
    "spike": ("读数突跳后复原", "a single value far off those around it"),
}


def explain(track: Track, case: Case, before: int, after: int, value: Any, *, lifted: str | None) -> tuple[str, str]:
    """Chinese and English reason for the step of ``track`` from severity ``before`` to ``after`` at ``value``.

    ``lifted`` names what made the grade graver than the value's own limits: ``rise`` or ``neighbours``.
    """
    if track.watches_silence:
        return _explain_silence(track, after)
    what_zh, what_en = _what(track, value)
    if after > before:
        grade = grade_of(after)
        limit_zh, limit_en = _limit_words(track, case, after)
        if lifted is not None:
            limit_zh, limit_en = _lift_words(track)[lifted]
        return (
            f"{what_zh}{limit_zh}，{grade.zh}（{grade.numeral}级）",
            f"{what_en}{limit_en}, {grade.colour} (grade {grade.numeral})",
        )
    minutes = track.off_delay.total_seconds() / 60
    left = grade_of(before)
    if after:
        grade = grade_of(after)
        return (
            f"{what_zh}，已低于{left.zh}级 {minutes:g} 分钟，降为{grade.zh}（{grade.numeral}级）",
            f"{what_en}, clear of {left.colour} for {minutes:g} min, lowered to {grade.colour} (grade {grade.numeral})",
        )
    if track.column is None:  # what was wrong is told by the event that raised it
        title = track.rule.title
        what_zh, what_en = title.zh, title.en
    return (
        f"{what_zh}，已恢复正常 {minutes:g} 分钟，解除",
        f"{what_en}, back to normal for {minutes:g} min, cleared",
    )


def out_of_range(track: Track, value: Any) -> tuple[str, str]:
    """Why a hazard is latched whose value was more than the sensor can tell."""
    what_zh, what_en = _what(track, value)
    assert track.rule.over_range is not None
    assert isinstance(track.column, Quantity)
    range_ends = f"{track.rule.over_range:g} {track.column.unit}"
    return (
        f"{what_zh}，超出传感器量程（{range_ends}），此后读数回落不足为凭，须经现场核查方可解除",
        f"{what_en}, beyond the sensor's range ({range_ends}): a lower reading proves nothing, stays until checked",
    )


def lapsed() -> tuple[str, str]:
    """Why a hazard ends that no rule speaks of any more."""
    return "已无适用于该传感器的规则，解除", "no rule applies to this sensor any more, cleared"


def dismissed(actor: str) -> tuple[str, str]:
    """Why a hazard ends that a person cleared."""
    return f"由 {actor} 人工解除", f"cleared by hand by {actor}"


def _explain_silence(track: Track, after: int) -> tuple[str, str]:
    title = track.rule.title
    if after == 0:
        return f"{title.zh}：已恢复上报，解除", f"{title.en}: reports again, cleared"
    grade = grade_of(after)
    missed = track.rule.missed.get(grade.colour, 0)
    minutes = track.interval.total_seconds() / 60
    return (
        f"{title.zh}：连续 {missed} 个上报周期（每 {minutes:g} 分钟）无数据，{grade.zh}（{grade.numeral}级）",
        f"{title.en}: nothing for {missed} intervals of {minutes:g} min, {grade.colour} (grade {grade.numeral})",
    )


def _what(track: Track, value: Any) -> tuple[str, str]:
    column, title = track.column, track.rule.title
    if column is None:
        zh, en = _FAULTS.get(value, ("读数异常", "values that can't be believed"))
        return f"{title.zh}：{zh}", f"{title.en}: {en}"
    shown = str(value) if isinstance(column, State) else f"{_number(value, column)} {column.unit}"
    return f"{title.zh}：{column.zh} {shown}", f"{title.en}: {column.en} {shown}"


def _lift_words(track: Track) -> dict[str, tuple[str, str]]:
    rise, near = track.rule.rise, track.rule.neighbours
    words = {}
    if rise is not None and isinstance(track.column, Quantity):
        minutes, by = f"{rise.within_s / 60:g}", f"{rise.by:g} {track.column.unit}"
        words["rise"] = (
            f"，{minutes} 分钟内上升超过 {by}，提高一级",
            f", up by more than {by} in {minutes} min, one grade graver",
        )
    if near is not None and near.of is not None:
        words["neighbours"] = (
            f"，{near.within_m:g} 米内有{near.of.name.zh}",
            f", with {near.of.name.en} within {near.within_m:g} m",
        )
    elif near is not None:
        words["neighbours"] = (
            f"，{near.within_m:g} 米内 {near.count} 处同时告警",
            f", confirmed by {near.count} sensors within {near.within_m:g} m",
        )
    return words


def _limit_words(track: Track, case: Case, severity: int) -> tuple[str, str]:
    limit = case.limits.get(grade_of(severity).colour)
    if limit is None or not isinstance(track.column, Quantity):
        return "", ""
    relation = {(True, True): ">", (True, False): "≥", (False, True): "<", (False, False): "≤"}[
        (track.rule.direction == "above", track.rule.strict)
    ]
    words = f"{relation} {limit:g} {track.column.unit}"
    return f"（限值 {words}）", f" ({words})"


def _number(value: float, column: Quantity) -> str:
    decimals = max(0, len(f"{column.resolution:.6f}".rstrip("0").partition(".")[2]))
    return f"{value:.{decimals}f}"
