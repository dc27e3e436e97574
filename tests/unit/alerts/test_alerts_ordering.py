"""Of readings of one time that come together it doesn't matter which comes first, also where sensors confirm others."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sensor_series import START, row_of, shipped, told, watch_of

from alerts.corroboration import Corroboration
from alerts.hazards import Finding
from alerts.rulebook import InForce
from alerts.sensorstate import Found, SensorState

SENSORS = 6
SPACING_DEGREES = 0.0006  # 61 m: each has neighbours within the rule's 100 m, and none has all
READINGS = st.dictionaries(st.integers(0, SENSORS - 1), st.sampled_from([1.0, 12.0, 47.0, 55.0, 91.0]), min_size=1)
ROUNDS = st.lists(st.tuples(st.sampled_from([10, 30, 300, 600, 900]), READINGS), min_size=1, max_size=12)


WATCH = watch_of("gas", {}, "gas_combustible")
IN_FORCE = InForce({("gas", name): found for name, found in shipped("gas", "gas_combustible").items()})


@dataclass
class Street:
    """Gas sensors that confirm each other, judged as the engine does."""

    states: dict[int, SensorState] = field(
        default_factory=lambda: {number: SensorState(WATCH) for number in range(SENSORS)}
    )
    confirming: Corroboration = field(default_factory=lambda: Corroboration.of(IN_FORCE))
    found: dict[int, list[Found]] = field(default_factory=dict)

    def judge(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """One batch."""
        findings = [Finding(row[0], *each) for row in rows for each in self.states[row[0]].take(row)]
        findings += self.confirming.follow(self.states, PLACES, findings)
        for finding in findings:
            each = Found(finding.track, finding.change, finding.latched)
            self.found.setdefault(finding.sensor_id, []).append(each)

    @property
    def story(self) -> dict[int, list[tuple[object, ...]]]:
        """What came of it all, by sensor."""
        return {number: told(self.found[number]) for number in sorted(self.found)}


@dataclass(frozen=True)
class Place:
    kind: str
    place: tuple[float, float]
    exercise_id: int = 0


PLACES = {number: Place("gas", (112.44 + number * SPACING_DEGREES, 23.63)) for number in range(SENSORS)}


@given(ROUNDS, st.data())
def test_the_order_of_readings_of_one_time_does_not_matter(rounds, data):
    in_order, shuffled = Street(), Street()
    time = START
    batch, other = [], []
    for gap_s, values in rounds:
        time += timedelta(seconds=gap_s)
        rows = [(number, *row_of("gas", time, ch4_lel_pct=values[number])[1:]) for number in sorted(values)]
        batch += rows
        other += data.draw(st.permutations(rows))
        if data.draw(st.booleans()):
            in_order.judge(batch)
            shuffled.judge(other)
            batch, other = [], []
    in_order.judge(batch)
    shuffled.judge(other)
    assert shuffled.story == in_order.story
