"""What may and what may never happen, whatever the readings and whenever anybody looks."""

from copy import deepcopy
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_series import START, SUBJECTS, fold, recalled, row_of, series, told

from alerts.assessment import release
from alerts.grades import grade_of
from alerts.sensorstate import SensorState


@given(series())
def test_at_most_one_hazard_is_open_and_its_grades_follow_each_other(given_series):
    severities: dict[str, int] = {}
    times: dict[str, object] = {}
    for track, change, latched in fold(*given_series):
        assert change.before == severities.get(track.hazard_type, 0)
        assert change.before != change.after or latched
        assert change.at >= times.get(track.hazard_type, START)
        assert change.reason_zh
        assert change.reason_en
        severities[track.hazard_type], times[track.hazard_type] = change.after, change.at


@given(series())
def test_a_grade_is_left_one_at_a_time_and_never_before_the_off_delay(given_series):
    by_type: dict[str, list[object]] = {}
    for track, change, latched in fold(*given_series):
        by_type.setdefault(track.hazard_type, []).append((track, change, latched))
    for changes in by_type.values():
        for (track, before, was_latched), (_, change, _) in pairwise(changes):
            if change.after < change.before:
                assert change.at - before.at >= track.off_delay
                assert not was_latched
                graded = sorted({0, *track.graded(change.at)})
                assert graded.index(change.before) - graded.index(change.after) == 1


@given(series())
def test_a_grade_is_only_left_while_the_value_is_past_the_deadband(given_series):
    """Between the latest value that still held the grade and the step down lies the whole off-delay."""
    subject, readings = given_series
    for track, change, _ in fold(subject, readings):
        if change.after < change.before and track.position > 0 and track.rule.rise is None:
            sign = 1 if track.rule.direction == "above" else -1
            case = track.case_at(change.at)
            limit = case.limits[grade_of(change.before).colour]
            during = [value for time, value in readings if change.at - track.off_delay < time < change.at]
            assert all((value - limit) * sign <= -track.rule.margin(grade_of(change.before).colour) for value in during)


@given(series(), st.data())
def test_it_does_not_matter_when_the_clock_looks(given_series, data):
    subject, readings = given_series
    state, found = SensorState(subject.watch), []
    for (time, value), (until, _) in zip(readings, [*readings[1:], (readings[-1][0], 0.0)], strict=True):
        found += fold(subject, [(time, value)], state)
        looks = data.draw(st.lists(st.integers(0, int((until - time).total_seconds())), max_size=3))
        for seconds in sorted(looks):
            found += state.advance(time + timedelta(seconds=seconds))
    assert told(found) == told(fold(subject, readings))


@settings(max_examples=300)
@given(series(), st.data())
def test_a_restart_anywhere_changes_nothing(given_series, data):
    """Folding on from what the register and the latest rows tell gives what no restart gives."""
    subject, readings = given_series
    cut = data.draw(st.integers(0, len(readings)))
    state = SensorState(subject.watch)
    before = fold(subject, readings[:cut], state)
    rebuilt = recalled(subject, readings[:cut], before)
    assert told(fold(subject, readings[cut:], rebuilt)) == told(fold(subject, readings[cut:], state))


@settings(max_examples=300)
@given(series())
def test_the_short_way_of_hazards_that_go_on_comes_to_what_the_long_one_does(given_series):
    subject, readings = given_series
    short, long = SensorState(subject.watch), SensorState(subject.watch)
    for reading in readings:
        long.steady = None
        assert told(fold(subject, [reading], short)) == told(fold(subject, [reading], long))
        assert looked_at(short) == looked_at(long)


def looked_at(state: SensorState) -> SensorState:
    """A twin whose standings say what has been so far; those of ``state`` may be told later."""
    twin = deepcopy(state, {id(state.watch): state.watch})
    assert twin.standings is None or len(twin.standings) == len(twin.watch.tracks)
    return twin


@given(series(st.just(SUBJECTS[0])))
def test_what_was_out_of_range_never_falls_unchecked_however_low_it_reads(given_series):
    subject, readings = given_series
    state = SensorState(subject.watch)
    found = fold(subject, readings, state)
    over = [time for time, value in readings if value >= 100]
    later = [each for each in found if over and each.change.at > over[0]]
    assert later == []
    assert not over or (state.standings is not None and state.standings[0].latched)


@given(series(st.sampled_from([subject for subject in SUBJECTS if subject.quantity == "tilt_deg"])))
def test_a_latched_grade_stays_until_it_is_checked_and_goes_by_the_clock_then(given_series):
    subject, readings = given_series
    state = SensorState(subject.watch)
    found = fold(subject, readings, state)
    reds = [number for number, each in enumerate(found) if each.change.after == 4]
    if reds:
        assert found[reds[0] + 1 :] == []
        calm = readings[-1][0] + timedelta(seconds=60)
        state.take(row_of("manhole", calm, tilt_deg=0.0))
        assert state.standings is not None
        state.amend(0, release(state.standings[0], calm + timedelta(seconds=30)))
        later = state.advance(calm + timedelta(hours=1))
        assert [each.change.after for each in later] == [3, 2, 1, 0]
        assert later[0].change.at == calm + timedelta(seconds=90)
