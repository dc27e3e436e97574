"""What a decision looks at: the needs, the squads, who is free for what, and whom it has sent already. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import numpy as np

from dispatch import reasons
from dispatch.plans import Preempt
from dispatch.reasons import REFUSAL_STANDS, Candidate, PassedOver
from dispatch.squads import Engagement, Squad, on_duty, resting, whereabouts
from dispatch.travel import DETOUR, Table, distances_m
from dispatch.words import Words


class Need(msgspec.Struct, frozen=True):
    """A role in an incident that nobody has been sent for.

    ``grade`` 1 (red) to 4 (blue); position in degrees, None when unknown; ``since`` is when it was opened; ``declined``
    says when which squad refused the incident or was taken off it.
    """

    incident_id: int
    grade: int
    skill: str
    longitude: float | None
    latitude: float | None
    since: datetime
    declined: Mapping[str, datetime] = {}
    role: str = "handle"
    lead: bool = True
    preempt: Preempt = "never"
    exercise_id: int = 0


class _Field(msgspec.Struct, frozen=True):
    """For one skill: columns of those who could go, and who can't, whatever the incident."""

    able: Sequence[int]
    passed_over: tuple[PassedOver, ...]


class Situation:
    """All that the decision looks at, and which squads it has sent where."""

    def __init__(
        self,
        needs: Sequence[Need],
        squads: Iterable[Squad],
        engaged: Mapping[str, Sequence[Engagement]],
        now: datetime,
    ) -> None:
        self.now = now
        self.engaged = engaged
        self.squads = sorted(squads, key=lambda squad: squad.squad_id)
        self.room = [squad.capacity - len(engaged.get(squad.squad_id, ())) for squad in self.squads]
        self.sent: list[PassedOver | None] = [None] * len(self.squads)
        self._fields: dict[str, _Field] = {}
        self._lacking: dict[str, tuple[tuple[PassedOver, ...], Words]] = {}
        places = [(need.longitude or 0.0, need.latitude or 0.0) for need in needs]
        self.far_m = distances_m(places, [whereabouts(squad, now)[0] for squad in self.squads])
        pace = np.array([DETOUR / (squad.speed_km_h / 3.6) for squad in self.squads])
        turnout = np.array([float(squad.turnout_s) for squad in self.squads])
        self.travel_s: Table = turnout + self.far_m * pace
        unknown = np.array([need.longitude is None or need.latitude is None for need in needs], dtype=bool)
        self.travel_s[unknown] = 0.0
        self.unknown = unknown
        self.skills = np.array([float(len(squad.skills)) for squad in self.squads])
        self.columns = {squad.squad_id: column for column, squad in enumerate(self.squads)}

    def field(self, skill: str) -> _Field:
        """Who could go for ``skill``."""
        if skill not in self._fields:
            able, passed_over = [], []
            for column, squad in enumerate(self.squads):
                obstacle = self._obstacle(squad, skill)
                if obstacle is None:
                    able.append(column)
                else:
                    passed_over.append(obstacle)
            self._fields[skill] = _Field(able, tuple(passed_over))
        return self._fields[skill]

    def _obstacle(self, squad: Squad, skill: str) -> PassedOver | None:
        unfit = self.unfit(squad, skill)
        tasks = self.engaged.get(squad.squad_id, ())
        if unfit is None and len(tasks) >= squad.capacity:
            return reasons.busy(squad, tasks)
        if unfit is None and resting(squad, self.now):
            return reasons.rests(squad, self.now)
        return unfit

    def unfit(self, squad: Squad, skill: str) -> PassedOver | None:
        """Why the squad couldn't go even if it were free."""
        if skill not in squad.skills:
            return reasons.lacks_skill(squad, skill)
        if not on_duty(squad, self.now):
            return reasons.off_duty(squad)
        if squad.out_since is not None:
            return reasons.out_of_service(squad)
        return None

    def is_declined(self, need: Need, column: int) -> bool:
        """Whether the squad's no still stands."""
        at = need.declined.get(self.squads[column].squad_id)
        return at is not None and self.now - at < REFUSAL_STANDS

    def rivals(self, need: Need, column: int | None) -> tuple[list[PassedOver], list[int]]:
        """Beside the squad of ``column``, those who can't go for this need, and columns of those who could."""
        field = self.field(need.skill)
        passed_over, could = list(field.passed_over), []
        for other in field.able:
            sent = self.sent[other]
            if other == column:
                continue
            if need.declined and self.is_declined(need, other):
                passed_over.append(reasons.declined(self.squads[other].squad_id))
            elif sent is not None and self.room[other] <= 0:
                passed_over.append(sent)
            else:
                could.append(other)
        return passed_over, could

    def lacking(self, need: Need) -> tuple[tuple[PassedOver, ...], Words]:
        """Why nobody can go. It is the same for all needs of a skill that nobody declined, until somebody is sent."""
        if need.declined:
            return self._explain(need)
        if need.skill not in self._lacking:
            self._lacking[need.skill] = self._explain(need)
        return self._lacking[need.skill]

    def _explain(self, need: Need) -> tuple[tuple[PassedOver, ...], Words]:
        passed_over, _ = self.rivals(need, None)
        return tuple(passed_over), reasons.shortfall(need.skill, passed_over)

    def send(self, column: int, need: Need) -> None:
        """Take up a place of the squad of ``column``."""
        self.room[column] -= 1
        self.sent[column] = reasons.taken(self.squads[column].squad_id, need.incident_id)
        self._lacking.clear()

    def candidate(self, row: int, need: Need, column: int) -> Candidate:
        """The squad of ``column`` as one who could go."""
        squad = self.squads[column]
        asked_before = squad.squad_id in need.declined
        if self.unknown[row]:
            return Candidate(squad, None, None, asked_before)
        return Candidate(squad, float(self.far_m[row, column]), float(self.travel_s[row, column]), asked_before)
