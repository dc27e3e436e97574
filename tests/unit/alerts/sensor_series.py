"""Series of readings for the alert engine's properties, and what came of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from alerts.recall import restore
from alerts.rulefile import RULES, read_rules
from alerts.rules import Case, Fault, Rule, Stuck, Words
from alerts.sensorstate import Found, SensorState
from alerts.watch import Watch, build_watch
from ingest.kinds import KINDS

START = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


def shipped(kind: str, *names: str) -> dict[str, tuple[int, Rule]]:
    """Some rules that come with the program."""
    hazards = read_rules(RULES / f"{kind}.yaml").hazards
    return {name: (number, hazards[name]) for number, name in enumerate(names or hazards, 1)}


def watch_of(kind: str, attributes: Mapping[str, str], *names: str, interval_s: int | None = None) -> Watch:
    """The watch of a sensor under shipped rules."""
    return build_watch(kind, shipped(kind, *names), attributes, interval_s)


def row_of(kind: str, time: datetime, **values: Any) -> tuple[Any, ...]:
    """A stored row of sensor 1."""
    return (1, time, *(values.get(name) for name in KINDS[kind].column_names))


LATCHING = Rule(
    title=Words("井盖倾斜", "cover tilted"),
    quantity="tilt_deg",
    cases=(Case(limits={"blue": 5, "yellow": 15, "orange": 30, "red": 90}),),
    skill="cover",
    source="test",
    on_samples={"blue": 2, "yellow": 2},
    of_samples={"yellow": 3},
    on_delay_s={"blue": 30},
    deadband=5,
    off_delay_s=60,
    latch=("red",),
)
STUCK = Rule(
    title=Words("传感器故障", "sensor fault"),
    fault=Fault("blue", plausible={"ch4_lel_pct": (0, 95)}, stuck=Stuck("ch4_lel_pct", for_s=600, above=1)),
    skill="maintenance",
    source="test",
    off_delay_s=300,
    maintenance=True,
)


@dataclass(frozen=True)
class Subject:
    """A watch, the quantity that is varied, and the values around its limits and deadbands."""

    kind: str
    watch: Watch
    quantity: str
    edges: tuple[float, ...]


SUBJECTS = (
    Subject("gas", watch_of("gas", {}, "gas_combustible"), "ch4_lel_pct", (5, 9, 10, 20, 25, 45, 50, 75, 80, 99, 101)),
    Subject("gas", watch_of("gas", {"placement": "chamber"}, "gas_combustible"), "ch4_lel_pct", (4, 10, 15, 20, 50)),
    Subject("gas", watch_of("gas", {}, "oxygen"), "o2_pct_vol", (15, 16, 18, 18.2, 19.5, 19.7, 21)),
    Subject("manhole", build_watch("manhole", {"cover_tilt": (1, LATCHING)}, {}), "tilt_deg", (0, 4, 5, 15, 30, 90)),
    Subject(
        "waterlogging",
        watch_of("waterlogging", {"place": "road"}, "ponding"),
        "depth_m",
        (0, 0.04, 0.06, 0.1, 0.12, 0.16, 0.22, 0.28, 0.5),
    ),
    Subject("noise", watch_of("noise", {"noise_class": "2"}, "noise_exceedance"), "laeq_db", (48, 53, 58, 61, 66, 76)),
    Subject("manhole", watch_of("manhole", {}, "well_level"), "water_below_cover_m", (0, 0.05, 0.3, 0.35, 1)),
    Subject(
        "gas",
        build_watch("gas", {**shipped("gas", "gas_combustible"), "sensor_fault": (9, STUCK)}, {}, 300),
        "ch4_lel_pct",
        (3, 12, 22, 55, 97),
    ),
)
GAPS = st.sampled_from([1, 15, 30, 60, 120, 299, 300, 600, 900, 3600, 8000])
NUDGES = st.sampled_from([0, 0, 0.001, 0.1])
RUNS = st.sampled_from([1, 1, 2, 3])
subjects = st.sampled_from(SUBJECTS)


@st.composite
def series(
    draw: st.DrawFn, among: st.SearchStrategy[Subject] = subjects
) -> tuple[Subject, list[tuple[datetime, float]]]:
    """A subject and readings of it, oldest first."""
    subject = draw(among)
    steps = draw(st.lists(st.tuples(GAPS, st.sampled_from(subject.edges), NUDGES, RUNS), min_size=1, max_size=14))
    readings, time = [], START
    for gap_s, edge, nudge, run in steps:
        for number in range(run):  # readings between the same limits
            time += timedelta(seconds=gap_s)
            readings.append((time, round(edge + nudge * (1 + number % 2), 3)))
    return subject, readings


def fold(subject: Subject, readings: Sequence[tuple[datetime, float]], state: SensorState | None = None) -> list[Found]:
    """All changes that the readings bring about."""
    state = state or SensorState(subject.watch)
    return [
        found
        for time, value in readings
        if not state.stays(row := row_of(subject.kind, time, **{subject.quantity: value}))
        for found in state.take(row)
    ]


def told(found: Sequence[Found]) -> list[tuple[object, ...]]:
    """What matters of changes."""
    return [(each.track.hazard_type, each.change, each.latched) for each in found]


def register(found: Sequence[Found]) -> list[dict[str, Any]]:
    """What the register holds after these changes: the latest hazard of each type."""
    hazards: dict[str, dict[str, Any]] = {}
    for track, change, latched in found:
        known = hazards.get(track.hazard_type)
        if change.before == 0 or known is None:
            known = hazards[track.hazard_type] = {
                "hazard_type": track.hazard_type,
                "raised_at": change.at,
                "checked_at": None,
                "dismissed_at": None,
                "cleared_at": None,
            }
        known["latched"] = latched
        if change.after != change.before:
            known["graded_at"] = change.at
        if change.after:
            known["grade"] = 5 - change.after
        else:
            known["cleared_at"] = change.at
    return list(hazards.values())


def recalled(subject: Subject, readings: Sequence[tuple[datetime, float]], found: Sequence[Found]) -> SensorState:
    """The state rebuilt from the register and from as many rows as are read after a restart."""
    watch = subject.watch
    if not readings:
        return restore(watch, [], [])
    since = readings[-1][0] - watch.window
    kept = [reading for i, reading in enumerate(readings) if reading[0] >= since or i >= len(readings) - watch.depth]
    rows = [row_of(subject.kind, time, **{subject.quantity: value}) for time, value in kept]
    lately = readings[-1][0] - watch.memory
    hazards = [row for row in register(found) if row["cleared_at"] is None or row["cleared_at"] > lately]
    return restore(watch, rows, hazards)
