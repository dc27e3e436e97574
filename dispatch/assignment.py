"""Who is sent where: one pure decision for all open needs at once, with its reasons.

Graver needs choose first, among equals the one that has waited longest; each takes the nearest squad that is on duty,
free and has the skill. A squad with an open task is never sent elsewhere: taking it off a lesser incident is a
person's decision. A squad that refused an incident, or was taken off it, isn't asked about it again for
``REFUSAL_STANDS``; after that it is asked only when no other squad can go, since an incident must not wait for ever
on a no that was said in other circumstances.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Literal, NamedTuple

import msgspec

from dispatch.squads import Squad, on_duty

REFUSAL_STANDS = timedelta(minutes=15)
_EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG

Why = Literal["lacks_skill", "off_duty", "busy", "declined", "taken", "farther", "asked_before"]
_SKILLS_ZH = {
    "gas": "燃气",
    "drainage": "排水",
    "cover": "井盖",
    "noise": "噪声",
    "traffic": "交通",
    "medical": "医疗",
}


class Words(msgspec.Struct, frozen=True):
    """The same sentence for people in both languages."""

    zh: str
    en: str


class Need(msgspec.Struct, frozen=True):
    """An incident that nobody has been sent to.

    ``grade`` 1 (red) to 4 (blue); position in degrees, None when unknown; ``since`` is when it was opened; ``declined``
    says when which squad refused it or was taken off it.
    """

    incident_id: int
    grade: int
    skill: str
    longitude: float | None
    latitude: float | None
    since: datetime
    declined: Mapping[str, datetime] = {}


class PassedOver(msgspec.Struct, frozen=True, omit_defaults=True):
    """A squad that was not chosen: why, in a word and in sentences; distance in metres where it was decisive."""

    squad_id: str
    why: Why
    zh: str
    en: str
    distance_m: int | None = None
    task_id: int | None = None
    incident_id: int | None = None


class Choice(msgspec.Struct, frozen=True):
    """What was decided for one need: a squad, or None with the shortfall explained."""

    incident_id: int
    squad_id: str | None
    distance_m: int | None
    reason: Words
    passed_over: tuple[PassedOver, ...]
    shortfall: Words | None


class _Place(NamedTuple):
    """A point on the unit sphere."""

    x: float
    y: float
    z: float


class _Candidate(NamedTuple):
    """Ordered as squads are preferred; between equally near ones, the one with fewer skills leaves more for others."""

    asked_before: bool
    distance_m: float
    skills: int
    squad_id: str


class _Field(NamedTuple):
    """For one skill: who could go, and who can't, whatever the incident."""

    able: Sequence[Squad]
    passed_over: Sequence[PassedOver]


def distance_m(longitude_a: float, latitude_a: float, longitude_b: float, latitude_b: float) -> float:
    """Great-circle distance in metres between two positions in degrees.

    From the chord between the points on the unit sphere, which is the haversine formula (R. W. Sinnott, 1984) and as
    exact for near points; the Earth taken as a sphere, so up to 0.5 % off.
    """
    return _arc_m(_place(longitude_a, latitude_a), _place(longitude_b, latitude_b))


def _place(longitude: float, latitude: float) -> _Place:
    lon, lat = radians(longitude), radians(latitude)
    return _Place(cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat))


def _arc_m(a: _Place, b: _Place) -> float:
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return 2 * _EARTH_RADIUS_M * asin(min(1.0, sqrt(x * x + y * y + z * z) / 2))


def assign(needs: Iterable[Need], squads: Iterable[Squad], busy: Mapping[str, int], now: datetime) -> list[Choice]:
    """Decide for all ``needs``, gravest first. ``busy`` is the open task of each squad that has one.

    The result doesn't depend on the order of the inputs; no squad is chosen twice. Every squad is either chosen or
    passed over with a reason, for each need.
    """
    roster = {squad.squad_id: squad for squad in sorted(squads, key=lambda squad: squad.squad_id)}
    places = {squad.squad_id: _place(squad.longitude, squad.latitude) for squad in roster.values()}
    off_duty = {squad.squad_id for squad in roster.values() if not on_duty(squad, now)}
    fields: dict[str, _Field] = {}
    taken: dict[str, PassedOver] = {}
    choices = []
    for need in sorted(needs, key=lambda need: (need.grade, need.since, need.incident_id)):
        field = fields.get(need.skill)
        if field is None:
            field = fields[need.skill] = _field(need.skill, roster.values(), off_duty, busy)
        choice = _choose(need, field, roster, places, taken, now)
        if choice.squad_id is not None:
            taken[choice.squad_id] = _taken(choice.squad_id, need.incident_id)
        choices.append(choice)
    return choices


def _field(skill: str, squads: Iterable[Squad], off_duty: set[str], busy: Mapping[str, int]) -> _Field:
    able, passed_over = [], []
    for squad in squads:
        squad_id = squad.squad_id
        if skill not in squad.skills:
            zh, en = f"不具备{_skill_zh(skill)}处置能力", f"lacks the skill {skill}"
            passed_over.append(PassedOver(squad_id, "lacks_skill", zh, en))
        elif squad_id in off_duty:
            hours = f"{squad.duty_start:%H:%M}–{squad.duty_end:%H:%M}"
            passed_over.append(PassedOver(squad_id, "off_duty", f"不在岗（{hours}）", f"off duty ({hours})"))
        elif squad_id in busy:
            task_id = busy[squad_id]
            zh, en = f"正在执行任务{task_id}", f"busy with task {task_id}"
            passed_over.append(PassedOver(squad_id, "busy", zh, en, task_id=task_id))
        else:
            able.append(squad)
    return _Field(able, passed_over)


def _choose(
    need: Need,
    field: _Field,
    roster: Mapping[str, Squad],
    places: Mapping[str, _Place],
    taken: Mapping[str, PassedOver],
    now: datetime,
) -> Choice:
    passed_over = list(field.passed_over)
    candidates: list[_Candidate] = []
    here = None
    if need.longitude is not None and need.latitude is not None:
        here = _place(need.longitude, need.latitude)
    for squad in field.able:
        squad_id = squad.squad_id
        gone = taken.get(squad_id)
        declined_at = need.declined.get(squad_id)
        if declined_at is not None and now - declined_at < REFUSAL_STANDS:
            passed_over.append(_declined(squad_id, declined_at))
        elif gone is not None:
            passed_over.append(gone)
        else:
            far = _arc_m(here, places[squad_id]) if here is not None else 0.0
            candidates.append(_Candidate(declined_at is not None, far, len(squad.skills), squad_id))
    if not candidates:
        shortfall = _shortfall(need.skill, passed_over)
        return Choice(need.incident_id, None, None, shortfall, tuple(passed_over), shortfall)
    best = min(candidates)
    passed_over += [_farther(candidate, best, here is not None) for candidate in candidates if candidate is not best]
    away_m = round(best.distance_m) if here is not None else None
    reason = _reason(roster[best.squad_id], need.skill, away_m, best.asked_before)
    return Choice(need.incident_id, best.squad_id, away_m, reason, tuple(passed_over), None)


def _taken(squad_id: str, incident_id: int) -> PassedOver:
    zh, en = f"刚派往事件{incident_id}", f"just sent to incident {incident_id}"
    return PassedOver(squad_id, "taken", zh, en, incident_id=incident_id)


def _declined(squad_id: str, at: datetime) -> PassedOver:
    minutes = round(REFUSAL_STANDS.total_seconds() / 60)
    zh, en = f"已拒绝或被撤回，{minutes}分钟内不再询问", f"refused it or was taken off it, not asked for {minutes} min"
    return PassedOver(squad_id, "declined", zh, en)


def _farther(candidate: _Candidate, best: _Candidate, placed: bool) -> PassedOver:
    far = round(candidate.distance_m) if placed else None
    if candidate.asked_before and not best.asked_before:
        return PassedOver(
            candidate.squad_id, "asked_before", "曾拒绝或被撤回", "refused it or was taken off it before", far
        )
    if far is None:
        return PassedOver(candidate.squad_id, "farther", "位置未知，未优先选择", "not preferred: the place is unknown")
    kilometres = f"{candidate.distance_m / 1000:.1f}"
    if candidate.distance_m == best.distance_m:
        return PassedOver(candidate.squad_id, "farther", "距离相同，留作他用", "as near, kept for other needs", far)
    return PassedOver(candidate.squad_id, "farther", f"较远，{kilometres}公里", f"farther: {kilometres} km", far)


def _reason(squad: Squad, skill: str, away_m: int | None, asked_before: bool) -> Words:
    skill_zh = _skill_zh(skill)
    if away_m is None:
        zh = f"{squad.name_zh}：在岗、空闲、具备{skill_zh}处置能力；事件位置未知"
        en = f"{squad.name_en}: on duty, free, has the skill {skill}; the incident's place is unknown"
    else:
        zh = f"{squad.name_zh}：在岗、空闲、具备{skill_zh}处置能力的最近队伍，相距{away_m / 1000:.1f}公里"
        en = f"{squad.name_en}: nearest free squad on duty with the skill {skill}, {away_m / 1000:.1f} km away"
    if asked_before:
        zh, en = f"{zh}；曾拒绝，现无其他队伍可派", f"{en}; it declined before, but nobody else can go"
    return Words(zh, en)


_SHORTFALL: Sequence[tuple[Why, str, str]] = (
    ("busy", "{n}支正在执行任务", "{n} busy"),
    ("taken", "{n}支刚派往其他事件", "{n} just sent elsewhere"),
    ("off_duty", "{n}支不在岗", "{n} off duty"),
    ("declined", "{n}支已拒绝", "{n} declined"),
)


def _shortfall(skill: str, passed_over: Sequence[PassedOver]) -> Words:
    counts = Counter(passed.why for passed in passed_over)
    parts = [(zh.format(n=counts[why]), en.format(n=counts[why])) for why, zh, en in _SHORTFALL if counts[why]]
    if not parts:
        return Words(f"没有具备{_skill_zh(skill)}处置能力的队伍", f"no squad has the skill {skill}")
    zh, en = "，".join(part[0] for part in parts), ", ".join(part[1] for part in parts)
    return Words(f"具备{_skill_zh(skill)}处置能力的队伍均无法出动：{zh}", f"nobody with the skill {skill} can go: {en}")


def _skill_zh(skill: str) -> str:
    return _SKILLS_ZH.get(skill, skill)
