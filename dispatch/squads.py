"""Squads: who can be sent, what they can do, where they stand, when they are on duty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

# Asia/Shanghai: one fixed offset since 1992, so no time-zone data has to be installed.
LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Squad:
    """A squad as registered.

    Position in degrees, WGS 84. Duty hours are local times: a start after the end spans midnight, equal ones mean
    round the clock.
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


@dataclass(frozen=True, slots=True)
class Roster:
    """All squads, and the open task of each that has one."""

    squads: tuple[Squad, ...]
    busy: dict[str, int]

    def free_skills(self, now: datetime) -> set[str]:
        """Skills for which a squad on duty is free at ``now``."""
        free = [squad for squad in self.squads if squad.squad_id not in self.busy and on_duty(squad, now)]
        return {skill for squad in free for skill in squad.skills}


def on_duty(squad: Squad, now: datetime) -> bool:
    """Whether ``now`` (aware) lies in the squad's duty hours: start included, end not."""
    start, end = squad.duty_start, squad.duty_end
    clock = now.astimezone(LOCAL).time()
    if start == end:
        return True
    if start < end:
        return start <= clock < end
    return clock >= start or clock < end


async def load_roster(connection: Connection) -> Roster:
    """Every squad with its open task, in order of squad_id."""
    rows = await connection.fetch(_SQL.roster)
    squads = tuple(
        Squad(
            row["squad_id"],
            row["name_zh"],
            row["name_en"],
            frozenset(row["skills"]),
            row["longitude"],
            row["latitude"],
            row["duty_start"],
            row["duty_end"],
            row["phone"],
        )
        for row in rows
    )
    return Roster(squads, {row["squad_id"]: row["task_id"] for row in rows if row["task_id"] is not None})


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
                now,
            )
            for squad in squads
        ],
    )
