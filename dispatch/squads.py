"""Squads: who can be sent, what they can do, where they stand, when they are on duty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import msgspec

from database.pool import Connection
from database.queries import load_queries
from dispatch.errors import DispatchRefusal
from dispatch.travel import Point

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

# Asia/Shanghai: one fixed offset since 1992, so no time-zone data has to be installed.
LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")

Spans = tuple[tuple[datetime, datetime], ...]
"""Times from, included, and to, not included."""

_TASKS = ("task_ids", "incident_ids", "grades", "statuses", "exercise_ids")  # in the order of an Engagement

POSITION_HOLDS = timedelta(minutes=10)
"""A position that was reported longer ago says nothing any more; the squad is then taken to be at home."""


Standing = Literal["out_of_service", "off_duty", "available", "assigned", "en_route", "on_scene", "resting"]
"""How a squad stands: at the furthest of its tasks, or else whether it could be sent."""

_AT: tuple[tuple[Standing, frozenset[str]], ...] = (
    ("on_scene", frozenset({"on_scene", "working"})),
    ("en_route", frozenset({"en_route"})),
    ("assigned", frozenset({"ordered", "accepted"})),
)


class UnknownSquadError(DispatchRefusal):
    """There is no squad of this name."""


class Member(msgspec.Struct, frozen=True):
    """A person of a squad and what they are trained for."""

    name: str
    phone: str = ""
    skills: tuple[str, ...] = ()


class Vehicle(msgspec.Struct, frozen=True):
    """A vehicle of a squad and what it carries."""

    plate: str
    kind: str = ""
    equipment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Squad:
    """A squad as registered, and how it stands.

    Home and last position in degrees, WGS 84. Duty hours are local times: a start after the end spans midnight, equal
    ones mean round the clock; ``shifts`` of the rota take their place where there are any. ``capacity`` is in tasks
    at the same time; ``rested_at`` is when the rest after its latest task ends.
    """

    squad_id: str
    name_zh: str
    name_en: str
    skills: frozenset[str]
    longitude: float
    latitude: float
    duty_start: time
    duty_end: time
    phone: str
    capacity: int = 1
    rest_s: int = 0
    speed_km_h: float = 40.0
    turnout_s: int = 120
    seen: Point | None = None
    seen_at: datetime | None = None
    out_since: datetime | None = None
    out_reason: str = ""
    rested_at: datetime | None = None
    shifts: Spans | None = None
    leave: Spans = ()


@dataclass(frozen=True, slots=True)
class Engagement:
    """An open task of a squad: for which incident, of which grade and exercise, and how far it is."""

    task_id: int
    incident_id: int
    grade: int
    status: str
    exercise_id: int = 0


@dataclass(frozen=True, slots=True)
class Roster:
    """All squads, and the open tasks of each that has any."""

    squads: tuple[Squad, ...]
    engaged: Mapping[str, tuple[Engagement, ...]]

    def free_skills(self, now: datetime) -> set[str]:
        """Skills for which a squad could be sent at ``now``."""
        free = (squad for squad in self.squads if self._is_free(squad, now))
        return {skill for squad in free for skill in squad.skills}

    def _is_free(self, squad: Squad, now: datetime) -> bool:
        room = len(self.engaged.get(squad.squad_id, ())) < squad.capacity
        return room and on_duty(squad, now) and squad.out_since is None and not resting(squad, now)


def on_duty(squad: Squad, now: datetime) -> bool:
    """Whether ``now`` (aware) lies in a shift of the squad's, or else in its duty hours, and in no leave of it."""
    if _within(squad.leave, now):
        return False
    if squad.shifts is not None:
        return _within(squad.shifts, now)
    start, end = squad.duty_start, squad.duty_end
    clock = now.astimezone(LOCAL).time()
    if start == end:
        return True
    if start < end:
        return start <= clock < end
    return clock >= start or clock < end


def _within(spans: Spans, now: datetime) -> bool:
    return any(start <= now < end for start, end in spans)


def resting(squad: Squad, now: datetime) -> bool:
    """Whether the rest after its latest task is not over at ``now``."""
    return squad.rested_at is not None and now < squad.rested_at


def whereabouts(squad: Squad, now: datetime) -> tuple[Point, bool]:
    """Where the squad is taken to be, and whether that is its reported position and not its home."""
    if squad.seen is not None and squad.seen_at is not None and now - squad.seen_at <= POSITION_HOLDS:
        return squad.seen, True
    return (squad.longitude, squad.latitude), False


def standing(squad: Squad, tasks: Sequence[Engagement], now: datetime) -> Standing:
    """How the squad stands at ``now``; ``tasks`` are its open ones. A squad that is out stays so after its shift."""
    statuses = {task.status for task in tasks}
    for name, of in _AT:
        if statuses & of:
            return name
    if squad.out_since is not None:
        return "out_of_service"
    if not on_duty(squad, now):
        return "off_duty"
    return "resting" if resting(squad, now) else "available"


async def set_service(connection: Connection, squad_id: str, out_for: str | None, now: datetime) -> None:
    """Take a squad out of service, ``out_for`` says why (no vehicle, say), or with None back into it.

    The dispatcher's next run sends somebody else on what the squad hasn't begun on site. Repeating it keeps the time
    since when. UnknownSquadError when there is no such squad.
    """
    if await connection.fetchval(_SQL.set_service, squad_id, out_for, now) is None:
        raise UnknownSquadError(
            zh=f"没有队伍 {squad_id}；全部见 `lifeline squads list`",
            en=f"there is no squad {squad_id}: see `lifeline squads list`",
        )


async def load_roster(connection: Connection, now: datetime) -> Roster:
    """Every squad with its open tasks and its shifts around ``now``, in order of squad_id."""
    squads, engaged = [], {}
    for row in await connection.fetch(_SQL.roster, now):
        fields = dict(row)
        tasks = [fields.pop(name) for name in _TASKS]
        squad = _squad(fields)
        squads.append(squad)
        if tasks[0]:
            engaged[squad.squad_id] = tuple(map(Engagement, *tasks))
    return Roster(tuple(squads), engaged)


def _squad(fields: dict[str, Any]) -> Squad:
    seen = (fields.pop("seen_longitude"), fields.pop("seen_latitude"))
    shifts = _spans(fields.pop("starts"), fields.pop("ends"))
    leave = _spans(fields.pop("leave_starts"), fields.pop("leave_ends"))
    ended_at = fields.pop("ended_at")
    rest = timedelta(seconds=fields["rest_s"])
    return Squad(
        **{**fields, "skills": frozenset(fields["skills"])},
        seen=seen if None not in seen else None,
        rested_at=ended_at + rest if ended_at is not None and rest else None,
        shifts=shifts or None,
        leave=leave,
    )


def _spans(starts: Sequence[datetime] | None, ends: Sequence[datetime] | None) -> Spans:
    return tuple(zip(starts or (), ends or (), strict=True))


async def save_squads(connection: Connection, squads: Sequence[Squad], now: datetime) -> None:
    """Register squads, or change those registered under the same squad_id."""
    await connection.executemany(
        _SQL.save,
        [
            (
                squad.squad_id,
                squad.name_zh,
                squad.name_en,
                sorted(squad.skills),
                squad.longitude,
                squad.latitude,
                squad.duty_start,
                squad.duty_end,
                squad.phone,
                squad.capacity,
                squad.rest_s,
                squad.speed_km_h,
                squad.turnout_s,
                now,
            )
            for squad in squads
        ],
    )
