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


class Placed(Protocol):
    """A sensor with a kind and, when it is known, a place."""

    @property
    def kind(self) -> str: ...

    @property
    def place(self) -> Place | None: ...


@dataclass(slots=True)
class Corroboration:
    """The grave hazards of every kind and type whose rule heeds neighbours."""

    rules: dict[tuple[str, str], Neighbours] = field(default_factory=dict)
    grave: dict[tuple[str, str], Grave] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: InForce) -> "Corroboration":
        """For the rules in force; no hazard is known yet."""
        heeding = {key: rule.neighbours for key, (_, rule) in rules.rules.items() if rule.neighbours is not None}
        return cls(heeding, {key: Grave(near.within_m) for key, near in heeding.items()})

    @property
    def hazard_types(self) -> list[str]:
        """The hazard types that confirm each other."""
        return sorted({hazard_type for _, hazard_type in self.rules})

    def heed(self, sensor_id: int, sensor: Placed, hazard_type: str, severity: int) -> Place | None:
        """Note the severity of a hazard; its place when it came to be grave, or ceased to be."""
        key = (sensor.kind, hazard_type)
        near = self.rules.get(key)
        if near is None or sensor.place is None:
            return None
        grave = self.grave[key]
        known, enough = sensor_id in grave.places, severity >= SEVERITY[near.at]
        if known == enough:
            return None
        if enough:
            grave.join(sensor_id, sensor.place)
        else:
            grave.leave(sensor_id)
        return sensor.place

    def enter(self, sensor_id: int, state: SensorState, kind: str) -> None:
        """Tell a state that was brought back whether it is confirmed; the register's grade holds that already."""
        if state.standings is None:
            return
        for index, track in enumerate(state.watch.tracks):
            near = self.rules.get((kind, track.hazard_type))
            if near is not None and self.grave[kind, track.hazard_type].confirmed(sensor_id, near.count):
                standing = state.standings[index]
                state.standings[index] = corroborate(track, standing, True, standing.graded_at or state.last)

    def follow(
        self, states: Mapping[int, SensorState], sensors: Mapping[int, Placed], findings: Sequence[Finding]
    ) -> list[Finding]:
        """What ``findings`` mean for the sensors near them, as further findings."""
        moved: dict[tuple[str, str], dict[Place, Finding]] = {}
        for finding in findings:
            sensor, hazard_type = sensors[finding.sensor_id], finding.track.hazard_type
            place = self.heed(finding.sensor_id, sensor, hazard_type, finding.change.after)
            if place is not None:
                moved.setdefault((sensor.kind, hazard_type), {})[place] = finding
        found: list[Finding] = []
        for key, places in moved.items():
            latest = max(finding.change.at for finding in places.values())
            near = self.grave[key].around(places) | {finding.sensor_id for finding in places.values()}
            for sensor_id in sorted(near):
                confirmed = self.grave[key].confirmed(sensor_id, self.rules[key].count)
                state = states.get(sensor_id)
                if state is not None and state.standings is not None and _tell(state, key[1], confirmed, latest):
                    found += [Finding(sensor_id, *step) for step in state.advance(latest)]
        return found


def _tell(state: SensorState, hazard_type: str, confirmed: bool, at: datetime) -> bool:
    """Tell one standing of ``state`` whether it is confirmed; True when that is news."""
    standings = state.standings or []
    for index, track in enumerate(state.watch.tracks):
        if track.hazard_type == hazard_type and standings[index].corroborated != confirmed:
            standings[index] = corroborate(track, standings[index], confirmed, at)
            return True
    return False
