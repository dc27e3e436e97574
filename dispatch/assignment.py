"""Who is sent where: one pure decision for all open needs at once, with its reasons.

Graver grades choose first, and in each grade those who lead a response before those who support one. Among the needs
of a rank as many as can be are served, with the least sum of expected arrival; where there are too few squads, a second
that a need has waited counts as much as a second of travel. A squad that refused an incident, or was taken off it,
isn't asked about it again for ``REFUSAL_STANDS``; after that it is asked only when no other squad can go, since an
incident must not wait for ever on a no that was said in other circumstances.

A red need that nobody is free for may take a squad that is on its way to a lesser one, or have that proposed, as its
plan says. A squad at work is left there, and an exercise takes nobody off real work.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

import msgspec
import numpy as np

from dispatch import reasons
from dispatch.reasons import PassedOver
from dispatch.situation import Need, Situation
from dispatch.squads import Engagement, Squad
from dispatch.travel import Table
from dispatch.words import Words

_ASKED_AGAIN_S = 1e6  # beyond any journey
_IN_TURN = 1e9  # among those asked before, the one asked longest ago comes first
_A_SKILL_S = 1e-3  # between squads that arrive together, the one with fewer skills leaves more for others
_BEFORE_ARRIVAL = frozenset({"ordered", "accepted", "en_route"})
_RED = 1


class Preemption(msgspec.Struct, frozen=True):
    """A squad that a graver incident takes off its task, or could take when an officer agrees."""

    squad_id: str
    task_id: int
    incident_id: int
    automatic: bool
    reason: Words


class Choice(msgspec.Struct, frozen=True):
    """What was decided for one need: a squad, or None with the shortfall explained."""

    incident_id: int
    role: str
    squad_id: str | None
    distance_m: int | None
    arrival_s: int | None
    reason: Words
    passed_over: tuple[PassedOver, ...]
    shortfall: Words | None
    preemption: Preemption | None = None


def assign(
    needs: Iterable[Need], squads: Iterable[Squad], engaged: Mapping[str, Sequence[Engagement]], now: datetime
) -> list[Choice]:
    """Decide for all ``needs``, gravest first. ``engaged`` are the open tasks of each squad that has any.

    The result doesn't depend on the order of the inputs; no squad gets more tasks than its capacity. Every squad is
    either chosen or passed over with a reason, for each need.
    """
    ordered = sorted(needs, key=lambda need: (need.grade, not need.lead, need.since, need.incident_id, need.role))
    situation = Situation(ordered, squads, engaged, now)
    choices: list[Choice] = []
    ranks = groupby(enumerate(ordered), key=lambda pair: (pair[1].grade, pair[1].lead))
    for _, rank in ranks:
        choices += _serve(situation, list(rank))
    return _preempt(situation, ordered, choices)


def _serve(situation: Situation, rank: Sequence[tuple[int, Need]]) -> list[Choice]:
    """Decide for the needs of one rank, given with their rows."""
    free = [column for column, room in enumerate(situation.room) if room > 0]
    found = _solve(situation, rank, free) if free else {}
    for row, need in rank:
        if row in found:
            situation.send(found[row], need)
    return [_choice(situation, row, need, found.get(row)) for row, need in rank]


def _solve(situation: Situation, rank: Sequence[tuple[int, Need]], free: Sequence[int]) -> dict[int, int]:
    """The column of the squad for each row that gets one: the most rows served, then the least seconds."""
    from scipy.optimize import linear_sum_assignment  # a third of a second to read: not while the hub starts

    slots = [column for column in free for _ in range(situation.room[column])]
    cost = np.array([_costs(situation, row, need)[slots] for row, need in rank])
    possible = np.isfinite(cost)
    if not possible.any():
        return {}
    waited = np.array([max(0.0, (situation.now - need.since).total_seconds()) for _, need in rank])
    # Leaving a need without a squad costs more than any way to serve all the others.
    unserved = (len(rank) + 1) * (float(cost[possible].max()) + float(waited.max()) + 1.0) + waited
    gain = np.where(possible, cost - unserved[:, None], 0.0)
    lines, places = linear_sum_assignment(gain)
    pairs = zip(lines.tolist(), places.tolist(), strict=True)
    return {rank[line][0]: slots[place] for line, place in pairs if possible[line, place]}


def _costs(situation: Situation, row: int, need: Need) -> Table:
    """What each squad costs for this need, in seconds; infinite for one that can't go."""
    able = situation.field(need.skill).able
    costs: Table = np.full(len(situation.squads), np.inf)
    costs[able] = situation.travel_s[row, able] + situation.skills[able] * _A_SKILL_S
    for squad_id in need.declined:
        column = situation.columns.get(squad_id)
        if column is not None:
            ago_s = (situation.now - need.declined[squad_id]).total_seconds()
            asked_again_s = _ASKED_AGAIN_S + _IN_TURN / max(1.0, ago_s)
            costs[column] += np.inf if situation.is_declined(need, column) else asked_again_s
    return costs


def _choice(situation: Situation, row: int, need: Need, column: int | None) -> Choice:
    if column is None:
        passed, lacking = situation.lacking(need)
        return Choice(need.incident_id, need.role, None, None, None, lacking, passed, lacking)
    best = situation.candidate(row, need, column)
    passed_over, others = situation.rivals(need, column)
    candidates = [situation.candidate(row, need, other) for other in others]
    passed_over += [reasons.not_best(candidate, best) for candidate in candidates]
    return Choice(
        need.incident_id,
        need.role,
        best.squad.squad_id,
        None if best.distance_m is None else round(best.distance_m),
        None if best.arrival_s is None else round(best.arrival_s),
        reasons.chosen(best, need.skill, situation.now),
        tuple(passed_over),
        None,
    )


def _preempt(situation: Situation, needs: Sequence[Need], choices: Sequence[Choice]) -> list[Choice]:
    """For red needs that lead and that nobody is free for, look at who is on the way to something less grave."""
    gone: set[str] = set()
    decided = []
    for row, (need, choice) in enumerate(zip(needs, choices, strict=True)):
        if choice.squad_id is None and need.grade == _RED and need.lead and need.preempt != "never":
            found = _en_route_elsewhere(situation, row, need, gone)
            if found is not None:
                gone.add(situation.squads[found[0]].squad_id)
                choice = _take_off(situation, row, need, choice, *found)
        decided.append(choice)
    return decided


def _en_route_elsewhere(situation: Situation, row: int, need: Need, gone: set[str]) -> tuple[int, Engagement] | None:
    found: list[tuple[float, int, Engagement]] = []
    for column, squad in enumerate(situation.squads):
        tasks = situation.engaged.get(squad.squad_id, ())
        fit = situation.unfit(squad, need.skill) is None and not situation.is_declined(need, column)
        lesser = [task for task in tasks if _may_leave(task, need)]
        if fit and squad.squad_id not in gone and tasks and len(lesser) == len(tasks):
            found.append((float(situation.travel_s[row, column]), column, max(lesser, key=lambda task: task.grade)))
    return min(found, key=lambda one: one[:2])[1:] if found else None


def _may_leave(task: Engagement, need: Need) -> bool:
    lesser = task.grade > need.grade and task.exercise_id == need.exercise_id
    return lesser and task.status in _BEFORE_ARRIVAL


def _take_off(situation: Situation, row: int, need: Need, choice: Choice, column: int, task: Engagement) -> Choice:
    squad = situation.squads[column]
    automatic = need.preempt == "automatic"
    verb_zh, verb_en = ("改派", "is taken off") if automatic else ("建议改派", "could be taken off")
    reason = Words(
        f"{squad.name_zh}正前往较轻的事件{task.incident_id}，{verb_zh}至红色事件{need.incident_id}",
        f"{squad.name_en} is on its way to incident {task.incident_id} of lesser grade and {verb_en} it for red"
        f" incident {need.incident_id}",
    )
    preemption = Preemption(squad.squad_id, task.task_id, task.incident_id, automatic, reason)
    if not automatic:
        return msgspec.structs.replace(choice, preemption=preemption)
    going = situation.candidate(row, need, column)
    return msgspec.structs.replace(
        choice,
        squad_id=squad.squad_id,
        distance_m=None if going.distance_m is None else round(going.distance_m),
        arrival_s=None if going.arrival_s is None else round(going.arrival_s),
        reason=reason,
        passed_over=tuple(passed for passed in choice.passed_over if passed.squad_id != squad.squad_id),
        shortfall=None,
        preemption=preemption,
    )
