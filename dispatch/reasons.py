"""Why a squad was chosen, passed over, or could not be found: words for the officer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from dispatch.squads import POSITION_HOLDS, Engagement, Squad, whereabouts
from dispatch.words import Words, skill_zh

REFUSAL_STANDS = timedelta(minutes=15)

Why = Literal[
    "lacks_skill", "off_duty", "out_of_service", "busy", "resting", "declined", "taken", "later", "asked_before"
]


class PassedOver(msgspec.Struct, frozen=True, omit_defaults=True):
    """A squad that was not chosen: why, in a word and in sentences; distance in metres where it was decisive."""

    squad_id: str
    why: Why
    zh: str
    en: str
    distance_m: int | None = None
    task_id: int | None = None
    incident_id: int | None = None


class Candidate(msgspec.Struct, frozen=True):
    """A squad that could go: metres and seconds to the place, None when that is unknown."""

    squad: Squad
    distance_m: float | None
    arrival_s: float | None
    asked_before: bool


def lacks_skill(squad: Squad, skill: str) -> PassedOver:
    """It can't do this work."""
    return PassedOver(squad.squad_id, "lacks_skill", f"不具备{skill_zh(skill)}处置能力", f"lacks the skill {skill}")


def off_duty(squad: Squad) -> PassedOver:
    """Neither its shifts nor its hours hold the time."""
    hours = f"{squad.duty_start:%H:%M}–{squad.duty_end:%H:%M}" if squad.shifts is None else ""
    zh, en = (f"（{hours}）", f" ({hours})") if hours else ("", "")
    return PassedOver(squad.squad_id, "off_duty", f"不在岗{zh}", f"off duty{en}")


def out_of_service(squad: Squad) -> PassedOver:
    """It said that it can't go."""
    zh, en = f"停止出勤：{squad.out_reason}", f"out of service: {squad.out_reason}"
    return PassedOver(squad.squad_id, "out_of_service", zh, en)


def busy(squad: Squad, tasks: Sequence[Engagement]) -> PassedOver:
    """It has as many tasks as it can do at once."""
    numbers_zh = "、".join(str(task.task_id) for task in tasks)
    numbers_en = " and ".join(str(task.task_id) for task in tasks)
    zh, en = f"正在执行任务{numbers_zh}", f"busy with task {numbers_en}"
    return PassedOver(squad.squad_id, "busy", zh, en, task_id=tasks[0].task_id)


def rests(squad: Squad, now: datetime) -> PassedOver:
    """The rest after its latest task isn't over."""
    assert squad.rested_at is not None
    minutes = max(1, round((squad.rested_at - now).total_seconds() / 60))
    return PassedOver(squad.squad_id, "resting", f"休整中，还需{minutes}分钟", f"resting for {minutes} min more")


def declined(squad_id: str) -> PassedOver:
    """It refused this incident, or was taken off it, a short while ago."""
    minutes = round(REFUSAL_STANDS.total_seconds() / 60)
    zh, en = f"已拒绝或被撤回，{minutes}分钟内不再询问", f"refused it or was taken off it, not asked for {minutes} min"
    return PassedOver(squad_id, "declined", zh, en)


def taken(squad_id: str, incident_id: int) -> PassedOver:
    """It was sent to another incident in the same decision."""
    zh, en = f"派往事件{incident_id}", f"sent to incident {incident_id}"
    return PassedOver(squad_id, "taken", zh, en, incident_id=incident_id)


def not_best(candidate: Candidate, best: Candidate) -> PassedOver:
    """It could go, but another one was preferred."""
    squad_id = candidate.squad.squad_id
    far = None if candidate.distance_m is None else round(candidate.distance_m)
    if candidate.asked_before and not best.asked_before:
        return PassedOver(squad_id, "asked_before", "曾拒绝或被撤回", "refused it or was taken off it before", far)
    if candidate.arrival_s is None or best.arrival_s is None:
        return PassedOver(squad_id, "later", "位置未知，未优先选择", "not preferred: the place is unknown")
    if candidate.arrival_s == best.arrival_s:
        return PassedOver(squad_id, "later", "同时可到，留作他用", "as soon there, kept for other needs", far)
    minutes = round(candidate.arrival_s / 60)
    return PassedOver(squad_id, "later", f"到达较晚，约{minutes}分钟", f"there later, in about {minutes} min", far)


def chosen(best: Candidate, skill: str, now: datetime) -> Words:
    """Why this squad goes."""
    squad = best.squad
    zh = f"{squad.name_zh}：在岗、空闲、具备{skill_zh(skill)}处置能力"
    en = f"{squad.name_en}: on duty, free, has the skill {skill}"
    if best.arrival_s is None or best.distance_m is None:
        zh, en = f"{zh}；事件位置未知", f"{en}; the incident's place is unknown"
    else:
        minutes, far = round(best.arrival_s / 60), f"{best.distance_m / 1000:.1f}"
        zh, en = f"{zh}，预计{minutes}分钟到达（{far}公里）", f"{en}, expected in {minutes} min ({far} km)"
        if squad.seen_at is not None and not whereabouts(squad, now)[1]:
            minutes = round(POSITION_HOLDS.total_seconds() / 60)
            zh, en = (
                f"{zh}；其上报位置已超过{minutes}分钟，按驻地计算",
                f"{en}; from its home, as its position is stale",
            )
    if best.asked_before:
        zh, en = f"{zh}；曾拒绝，现无其他队伍可派", f"{en}; it declined before, but nobody else can go"
    return Words(zh, en)


_SHORTFALL: Sequence[tuple[Why, str, str]] = (
    ("busy", "{n}支正在执行任务", "{n} busy"),
    ("taken", "{n}支派往其他事件", "{n} sent elsewhere"),
    ("resting", "{n}支休整中", "{n} resting"),
    ("out_of_service", "{n}支停止出勤", "{n} out of service"),
    ("off_duty", "{n}支不在岗", "{n} off duty"),
    ("declined", "{n}支已拒绝", "{n} declined"),
)


def shortfall(skill: str, passed_over: Iterable[PassedOver]) -> Words:
    """What is missing when nobody can go."""
    counts = Counter(passed.why for passed in passed_over)
    parts = [(zh.format(n=counts[why]), en.format(n=counts[why])) for why, zh, en in _SHORTFALL if counts[why]]
    if not parts:
        return Words(f"没有具备{skill_zh(skill)}处置能力的队伍", f"no squad has the skill {skill}")
    zh, en = "，".join(part[0] for part in parts), ", ".join(part[1] for part in parts)
    return Words(f"具备{skill_zh(skill)}处置能力的队伍均无法出动：{zh}", f"nobody with the skill {skill} can go: {en}")
