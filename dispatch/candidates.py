"""Who could be sent for a task, with reasons, for the officer who looks whether the hub chose well."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from database.pool import Connection
from database.queries import load_queries
from dispatch.assignment import Choice, assign
from dispatch.exercises import REAL, enrolled
from dispatch.reasons import PassedOver
from dispatch.situation import Need
from dispatch.squads import Engagement, Squad, load_roster, on_duty, whereabouts
from dispatch.steps import unknown_task
from dispatch.travel import arrival_s, distance_m
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class Ranked(msgspec.Struct, frozen=True):
    """A squad for a task: would the hub send it, may an officer, and why; metres and seconds, None when unknown.

    ``why`` is best, or the word for what speaks against it; ``ordered`` that the task is with it now.
    """

    squad_id: str
    name: Words
    could_go: bool
    may_be_sent: bool
    ordered: bool
    why: str
    reason: Words
    distance_m: int | None
    arrival_s: int | None


def rank(
    need: Need,
    squads: Iterable[Squad],
    engaged: Mapping[str, Sequence[Engagement]],
    now: datetime,
    ordered: str | None = None,
) -> list[Ranked]:
    """Every squad for ``need``: the hub's choice, then who could go, then who can't, each by expected arrival."""
    known = {squad.squad_id: squad for squad in squads}
    [choice] = assign([need], known.values(), engaged, now)
    found = [_ranked(need, known[one.squad_id], one, now, ordered) for one in choice.passed_over]
    if choice.squad_id is not None:
        best = _ranked(need, known[choice.squad_id], None, now, ordered)
        found.append(msgspec.structs.replace(best, reason=choice.reason))
    return sorted(
        found,
        key=lambda one: (one.why != "best", not one.could_go, one.arrival_s is None, one.arrival_s or 0, one.squad_id),
    )


def _ranked(need: Need, squad: Squad, passed: PassedOver | None, now: datetime, ordered: str | None) -> Ranked:
    far, arrival = _journey(need, squad, now)
    return Ranked(
        squad_id=squad.squad_id,
        name=Words(squad.name_zh, squad.name_en),
        could_go=passed is None or passed.why in {"later", "asked_before"},
        may_be_sent=squad.out_since is None and on_duty(squad, now) and squad.squad_id != ordered,
        ordered=squad.squad_id == ordered,
        why="best" if passed is None else passed.why,
        reason=Words("", "") if passed is None else Words(passed.zh, passed.en),
        distance_m=far,
        arrival_s=arrival,
    )


def _journey(need: Need, squad: Squad, now: datetime) -> tuple[int | None, int | None]:
    if need.longitude is None or need.latitude is None:
        return None, None
    far = distance_m(need.longitude, need.latitude, *whereabouts(squad, now)[0])
    return round(far), round(arrival_s(far, squad.speed_km_h, squad.turnout_s))


def by_hand(need: Need, squad: Squad, engaged: Mapping[str, Sequence[Engagement]], why: str, now: datetime) -> Choice:
    """The choice of ``squad`` by an officer who says ``why``; what the hub has to say of it stays on record."""
    [best] = rank(need, [squad], engaged, now)
    hub = "" if best.could_go else f"（{best.reason.zh}）"
    hub_en = "" if best.could_go else f" ({best.reason.en})"
    reason = Words(
        f"{squad.name_zh}：由值班员指派，理由：{why}{hub}",
        f"{squad.name_en}: sent by an officer, because: {why}{hub_en}",
    )
    return Choice(need.incident_id, need.role, squad.squad_id, best.distance_m, best.arrival_s, reason, (), None)


async def candidates_of(connection: Connection, task_id: int, now: datetime) -> list[Ranked]:
    """Every squad for what a task is about, as if it had not been ordered yet; UnknownTaskError."""
    row = await connection.fetchrow(_SQL.need, task_id)
    if row is None:
        raise unknown_task(task_id)
    need = Need(
        row["incident_id"],
        row["grade"],
        row["skill"],
        row["longitude"],
        row["latitude"],
        row["opened_at"],
        dict(zip(row["declined_by"] or (), row["declined_at"] or (), strict=True)),
        row["role"],
        row["lead"],
        exercise_id=row["exercise_id"],
    )
    roster = await load_roster(connection, now)
    squads = roster.squads
    if need.exercise_id != REAL:
        team = (await enrolled(connection, [need.exercise_id])).get(need.exercise_id, frozenset())
        squads = tuple(squad for squad in squads if squad.squad_id in team)
    engaged = {
        squad_id: tuple(task for task in tasks if task.task_id != task_id) for squad_id, tasks in roster.engaged.items()
    }
    return rank(need, squads, engaged, now, row["squad_id"])
