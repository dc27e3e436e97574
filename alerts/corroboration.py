"""Corroboration at work: as hazards grow grave or cease to be, those near them are confirmed or no longer are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from alerts.assessment import corroborate
from alerts.grades import SEVERITY
from alerts.hazards import Finding
from alerts.neighbours import Grave, Place
from alerts.rulebook import InForce
from alerts.rules import Neighbours
from alerts.sensorstate import SensorState

Pair = tuple[str, str]
"""Kind and hazard type."""
Key = tuple[int, str, str]
"""Exercise, 0 for none, kind and hazard type: what is of an exercise confirms nothing outside."""


class Placed(Protocol):
    """A sensor with a kind and, when it is known, a place; ``exercise_id`` is 0 but for the twins of an exercise."""

    @property
    def kind(self) -> str: ...

    @property
    def place(self) -> Place | None: ...

    @property
    def exercise_id(self) -> int: ...


@dataclass(slots=True)
class Corroboration:
    """The grave hazards of the types whose rule heeds neighbours, and those of other types that confirm them."""

    rules: dict[Pair, Neighbours] = field(default_factory=dict)
    _confirming: dict[Pair, list[Pair]] = field(default_factory=dict)  # which rules heed hazards of another type
    _own: dict[Key, Grave] = field(default_factory=dict)
    _others: dict[Key, Grave] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: InForce) -> "Corroboration":
        """For the rules in force; no hazard is known yet."""
        found = cls({pair: rule.neighbours for pair, (_, rule) in rules.rules.items() if rule.neighbours is not None})
        for pair, near in found.rules.items():
            if near.of is not None:
                found._confirming.setdefault((near.of.kind, near.of.hazard_type), []).append(pair)
        return found

    @property
    def hazard_types(self) -> list[str]:
        """The hazard types that confirm each other or are confirmed."""
        return sorted({hazard_type for _, hazard_type in (*self.rules, *self._confirming)})

    def heed(self, sensor_id: int, sensor: Placed, hazard_type: str, severity: int) -> list[Key]:
        """Note the severity of a hazard; whose confirmation that may have changed."""
        pair = (sensor.kind, hazard_type)
        moved = []
        near = self.rules.get(pair)
        if near is not None and _note(self._own, pair, near, sensor_id, sensor, severity >= SEVERITY[near.at]):
            moved.append((sensor.exercise_id, *pair))
        for heeding in self._confirming.get(pair, ()):
            near = self.rules[heeding]
            enough = near.of is not None and severity >= SEVERITY[near.of.at]
            if _note(self._others, heeding, near, sensor_id, sensor, enough):
                moved.append((sensor.exercise_id, *heeding))
        return moved

    def confirmed(self, key: Key, sensor_id: int) -> bool:
        """Whether a sensor's hazard is grave, and enough others are near it."""
        near, own = self.rules[key[1:]], self._own.get(key)
        place = own.places.get(sensor_id) if own is not None else None
        around = (self._others if near.of is not None else self._own).get(key)
        return place is not None and around is not None and around.are_near(place, near.count)

    def enter(self, sensor_id: int, state: SensorState, sensor: Placed, now: datetime) -> None:
        """Tell a state that was brought back whether it is confirmed.

        Where the register's grade doesn't hold that already, it became so while the state was away: from ``now`` on.
        """
        if state.standings is None:
            return
        for index, track in enumerate(state.watch.tracks):
            key = (sensor.exercise_id, sensor.kind, track.hazard_type)
            if key[1:] in self.rules and self.confirmed(key, sensor_id):
                standing = state.standings[index]
                told = standing.severity >= SEVERITY[self.rules[key[1:]].to]
                at = standing.graded_at or state.last if told else now
                state.amend(index, corroborate(track, standing, True, at))

    def follow(
        self, states: Mapping[int, SensorState], sensors: Mapping[int, Placed], findings: Sequence[Finding]
    ) -> list[Finding]:
        """What ``findings`` mean for the sensors near them, as further findings."""
        moved: dict[Key, list[Finding]] = {}
        for finding in findings:
            sensor, hazard_type = sensors[finding.sensor_id], finding.track.hazard_type
            for key in self.heed(finding.sensor_id, sensor, hazard_type, finding.change.after):
                moved.setdefault(key, []).append(finding)
        found: list[Finding] = []
        for key, causes in moved.items():
            latest = max(finding.change.at for finding in causes)
            places = {place for finding in causes if (place := sensors[finding.sensor_id].place) is not None}
            near = {one.sensor_id for one in causes if one.track.hazard_type == key[2]}
            if key in self._own:
                near |= self._own[key].around(places)
            for sensor_id in sorted(near):
                state, confirmed = states.get(sensor_id), self.confirmed(key, sensor_id)
                if state is not None and state.standings is not None and _tell(state, key[2], confirmed, latest):
                    found += [Finding(sensor_id, *step) for step in state.advance(latest)]
        return found


def _note(graves: dict[Key, Grave], pair: Pair, near: Neighbours, number: int, sensor: Placed, enough: bool) -> bool:
    """Enter a sensor among those that are grave, or take it out; True when that is news."""
    if sensor.place is None:
        return False
    grave = graves.setdefault((sensor.exercise_id, *pair), Grave(near.within_m))
    if (number in grave.places) == enough:
        return False
    if enough:
        grave.join(number, sensor.place)
    else:
        grave.leave(number)
    return True


def _tell(state: SensorState, hazard_type: str, confirmed: bool, at: datetime) -> bool:
    """Tell one standing of ``state`` whether it is confirmed; True when that is news."""
    standings = state.standings or []
    for index, track in enumerate(state.watch.tracks):
        if track.hazard_type == hazard_type and standings[index].corroborated != confirmed:
            state.amend(index, corroborate(track, standings[index], confirmed, at))
            return True
    return False
