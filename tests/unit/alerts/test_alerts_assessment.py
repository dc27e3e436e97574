"""The pure assessment: what may and what may never happen, whatever the values."""

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.assessment import REST, Standing, Track, assess, build_track, measure, release
from alerts.engine import Watch, as_sent, rebuild
from alerts.grades import SEVERITY
from alerts.rules import RULES, Case, Rule, Words, read_rules
from ingest.kinds import KINDS

START = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
GAS = read_rules(RULES / "gas.yaml").hazards["gas_combustible"]


def gas_track(**attributes: str) -> Track:
    track = build_track(KINDS["gas"], "gas_combustible", 1, GAS, attributes)
    assert track is not None
    return track


def latching_track() -> Track:
    rule = Rule(
        title=Words("井盖倾斜", "cover tilted"),
        quantity="tilt_deg",
        cases=(Case(limits={"blue": 5, "yellow": 15, "orange": 30, "red": 90}),),
        skill="cover",
        source="test",
        on_samples={"blue": 2},
        deadband=5,
        off_delay_s=60,
        latch=("red",),
    )
    track = build_track(KINDS["manhole"], "cover_tilt", 2, rule, {})
    assert track is not None
    return track


def oxygen_track() -> Track:
    """A rule without blue, where the danger lies below."""
    rule = read_rules(RULES / "gas.yaml").hazards["oxygen"]
    track = build_track(KINDS["gas"], "oxygen", 3, rule, {})
    assert track is not None
    return track


TRACKS = (gas_track(), gas_track(placement="chamber"), latching_track(), oxygen_track())

# Values around every limit and deadband, at gaps around every delay.
edges = st.sampled_from([5, 10, 15, 16, 17.9, 18, 19.5, 19.7, 20, 25, 45, 50, 75, 80, 90])
series = st.lists(st.tuples(st.integers(1, 900), st.floats(0, 100) | edges), min_size=1, max_size=40)


def fold(track: Track, values: list[tuple[int, float]], standing: Standing = REST):
    time = START
    steps = []
    for gap_s, value in values:
        time += timedelta(seconds=gap_s)
        before = standing
        standing, change = assess(track, standing, time, value)
        steps.append((time, value, before, standing, change))
    return steps


@given(st.sampled_from(TRACKS), series)
def test_a_change_is_told_exactly_when_the_severity_moves(track, values):
    for time, _, before, after, change in fold(track, values):
        if before.severity == after.severity:
            assert change is None
        else:
            assert (change.before, change.after, change.at) == (before.severity, after.severity, time)
            assert change.reason_zh
            assert change.reason_en


@given(st.sampled_from(TRACKS), series)
def test_a_grade_is_left_one_at_a_time_and_only_after_the_off_delay(track, values):
    steps = fold(track, values)
    low_since = None
    levels = sorted({0, *(SEVERITY[colour] for colour in track.cases[0].limits)})
    for time, value, before, after, _ in steps:
        held = measure(track, track.cases[0], value)[1]
        if before.severity == 0 or held >= before.severity or before.latched or after.severity > before.severity:
            low_since = None
        elif low_since is None:
            low_since = time
        if after.severity < before.severity:
            assert low_since is not None
            assert time - low_since >= track.off_delay
            assert levels.index(before.severity) - levels.index(after.severity) == 1
            low_since = time


@given(st.sampled_from(TRACKS), series)
def test_a_grade_is_reached_only_while_its_limit_is_exceeded_for_its_on_delay(track, values):
    exceeded: list[datetime | None] = [None] * 4
    count = [0] * 4
    for time, value, before, after, _ in fold(track, values):
        reached = measure(track, track.cases[0], value)[0]
        for index in range(4):
            if index < reached:
                exceeded[index] = exceeded[index] or time
                count[index] += 1
            else:
                exceeded[index], count[index] = None, 0
        if after.severity > before.severity:
            index = after.severity - 1
            assert exceeded[index] is not None
            assert time - exceeded[index] >= track.on_delay[index]
            assert count[index] >= track.on_samples[index]


@given(series)
def test_a_latched_grade_stays_until_it_is_checked(values):
    track = latching_track()
    steps = fold(track, values)
    reds = [number for number, (*_, after, _) in enumerate(steps) if after.severity == 4]
    if reds:
        assert all(after.severity == 4 for *_, after, _ in steps[reds[0] :])
        freed = release(steps[-1][3])
        later = fold(track, [(1, 0.0), (60, 0.0), (60, 0.0), (60, 0.0), (60, 0.0)], freed)
        assert later[-1][3].severity == 0


@given(st.sampled_from(TRACKS), series, st.data())
def test_a_restart_changes_nothing(track, values, data):
    """Folding on from the state rebuilt out of open hazards and stored rows gives what no restart gives."""
    cut = data.draw(st.integers(0, len(values)))
    steps = fold(track, values)
    kept = steps[:cut]
    severity = kept[-1][3].severity if kept else 0
    changes = [change for *_, change in kept if change is not None]
    hazards = []
    if severity:
        latched = kept[-1][3].latched
        hazards = [
            {"hazard_type": track.hazard_type, "grade": 5 - severity, "graded_at": changes[-1].at, "latched": latched}
        ]
    width = 2 + len(KINDS["gas"].columns)
    rows = [tuple(value if position == track.position else None for position in range(width)) for _, value, *_ in kept]
    rows = [(1, time, *row[2:]) for (time, *_), row in zip(kept, rows, strict=True)]
    rebuilt = rebuild(Watch((track,), (), ()), rows, hazards)
    standing = rebuilt[0] if rebuilt else REST
    for time, value, _, wanted, wanted_change in steps[cut:]:
        standing, change = assess(track, standing, time, value)
        assert standing.severity == wanted.severity
        assert change == wanted_change


@given(st.sampled_from(TRACKS), series)
def test_only_grades_that_the_rule_has_a_limit_for_are_given(track, values):
    graded = {0, *(SEVERITY[colour] for colour in track.cases[0].limits)}
    assert {after.severity for *_, after, _ in fold(track, values)} <= graded


def test_red_needs_one_sample_and_blue_half_a_minute():
    track = gas_track()
    standing, change = assess(track, REST, START, 91.5)
    assert (standing.severity, change.after) == (4, 4)
    standing, change = assess(track, REST, START, 12)
    assert change is None
    standing, change = assess(track, standing, START + timedelta(seconds=29), 12)
    assert change is None
    standing, change = assess(track, standing, START + timedelta(seconds=30), 12)
    assert change.after == 1


def test_closed_chambers_are_yellow_at_20_and_open_ones_at_25():
    for track, value, severity in (
        (gas_track(placement="chamber"), 20, 2),
        (gas_track(placement="open"), 24.9, 1),
        (gas_track(placement="open"), 25, 2),
    ):
        standing, _ = assess(track, REST, START, value)
        standing, _ = assess(track, standing, START + timedelta(seconds=30), value)
        assert standing.severity == severity


def test_the_reason_names_value_limit_and_grade_in_both_languages():
    _, change = assess(gas_track(), REST, START, 82.04)
    assert change.reason_zh == "可燃气体浓度超限：甲烷 82.0 %LEL（限值 ≥ 80 %LEL），红色（I级）"
    assert change.reason_en == "combustible gas: methane 82.0 %LEL (≥ 80 %LEL), red (grade I)"


@pytest.mark.parametrize(("local_hour", "severity"), [(21, 0), (22, 2), (3, 2), (5, 2), (6, 0)])
def test_noise_limits_follow_the_local_hour(local_hour, severity):
    rule = read_rules(RULES / "noise.yaml").hazards["noise_exceedance"]
    track = build_track(KINDS["noise"], "noise_exceedance", 3, rule, {"noise_class": "2"})
    time = datetime(2026, 7, 1, local_hour, 0, tzinfo=UTC) - timedelta(hours=8)
    standing, _ = assess(track, REST, time, 56)
    standing, _ = assess(track, standing, time + timedelta(minutes=10), 56)
    assert standing.severity == severity


def test_a_noise_limit_itself_is_still_allowed():
    rule = read_rules(RULES / "noise.yaml").hazards["noise_exceedance"]
    track = build_track(KINDS["noise"], "noise_exceedance", 3, rule, {"noise_class": "2"})
    day = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
    assert measure(track, track.case_at(day), 60.0)[0] == 0
    assert measure(track, track.case_at(day), 60.1)[0] == 1


def test_a_rule_without_a_case_for_the_sensor_does_not_watch_it():
    rule = read_rules(RULES / "noise.yaml").hazards["noise_exceedance"]
    assert build_track(KINDS["noise"], "noise_exceedance", 3, rule, {}) is None


def test_states_are_graded_by_their_words():
    rule = read_rules(RULES / "manhole.yaml").hazards["cover_open"]
    pavement = build_track(KINDS["manhole"], "cover_open", 4, rule, {"road": "pavement"})
    carriageway = build_track(KINDS["manhole"], "cover_open", 4, rule, {"road": "carriageway"})
    assert assess(pavement, REST, START, "open")[0].severity == 3
    red = assess(carriageway, REST, START, "open")[0]
    assert (red.severity, red.latched) == (4, True)
    assert assess(pavement, REST, START, "closed") == (REST, None)


@given(st.floats(-1000, 1000).map(lambda value: round(value, 3)))
def test_a_stored_number_is_judged_as_it_was_sent(value):
    stored = struct.unpack("f", struct.pack("f", value))[0]
    assert as_sent((1, START, stored, None, "open")) == (1, START, value, None, "open")
