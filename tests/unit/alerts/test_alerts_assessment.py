"""The pure assessment, case by case: what raises a grade, what lifts, mutes, voids and lowers it, and what is said."""

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sensor_series import START, row_of, shipped, watch_of

from alerts.assessment import corroborate, shelve
from alerts.recall import as_sent
from alerts.sensorstate import SensorState
from alerts.standing import REST
from alerts.watch import build_watch


class Sensor:
    """One sensor; times in seconds from START."""

    def __init__(self, kind, *names, interval_s=None, **attributes):
        self.kind = kind
        self.state = SensorState(watch_of(kind, attributes, *names, interval_s=interval_s))

    def says(self, seconds, **values):
        row = row_of(self.kind, START + timedelta(seconds=seconds), **values)
        return [] if self.state.stays(row) else brief(self.state.take(row))

    def waits_until(self, seconds, *, heard_from=None):
        heard = None if heard_from is None else START + timedelta(seconds=heard_from)
        return brief(self.state.advance(START + timedelta(seconds=seconds), heard_from=heard))

    def severity(self, hazard_type):
        names = [track.hazard_type for track in self.state.watch.tracks]
        return self.state.standings[names.index(hazard_type)].severity if self.state.standings else 0


def brief(found):
    return [
        (each.track.hazard_type, each.change.after, int((each.change.at - START).total_seconds())) for each in found
    ]


def test_red_is_raised_at_once_and_blue_by_the_clock_after_half_a_minute():
    assert Sensor("gas", "gas_combustible").says(0, ch4_lel_pct=91.5) == [("gas_combustible", 4, 0)]
    sensor = Sensor("gas", "gas_combustible")
    assert sensor.says(0, ch4_lel_pct=12) == []
    assert sensor.waits_until(29) == []
    assert sensor.waits_until(40) == [("gas_combustible", 1, 30)]


def test_a_value_lowers_by_the_clock_while_it_can_be_taken_to_hold():
    sensor = Sensor("gas", "gas_combustible", interval_s=600)
    sensor.says(0, ch4_lel_pct=91.5)
    assert sensor.says(60, ch4_lel_pct=0.5) == []
    assert sensor.waits_until(100_000) == [("gas_combustible", 3, 660), ("gas_combustible", 2, 1260)]
    assert sensor.severity("gas_combustible") == 2  # after two silent intervals nothing is known any more
    assert sensor.says(100_000, ch4_lel_pct=0.5) == []
    assert sensor.waits_until(100_600) == [("gas_combustible", 1, 100_600)]


@pytest.mark.parametrize(("placement", "value", "severity"), [("chamber", 20, 2), ("open", 24.9, 1), ("open", 25, 2)])
def test_closed_chambers_are_yellow_at_20_and_open_ones_at_25(placement, value, severity):
    sensor = Sensor("gas", "gas_combustible", placement=placement)
    sensor.says(0, ch4_lel_pct=value)
    sensor.waits_until(30)
    assert sensor.severity("gas_combustible") == severity


def test_the_reason_names_value_limit_and_grade_in_both_languages():
    state = SensorState(watch_of("gas", {}, "gas_combustible"))
    [(_, change, _)] = state.take(row_of("gas", START, ch4_lel_pct=82.04))
    assert change.reason_zh == "可燃气体浓度超限：甲烷 82.0 %LEL（限值 ≥ 80 %LEL），红色（I级）"
    assert change.reason_en == "combustible gas: methane 82.0 %LEL (≥ 80 %LEL), red (grade I)"


@pytest.mark.parametrize(("local_hour", "severity"), [(21, 0), (22, 2), (3, 2), (5, 2), (6, 0)])
def test_noise_limits_follow_the_local_hour(local_hour, severity):
    state = SensorState(watch_of("noise", {"noise_class": "1"}, "noise_exceedance"))
    begin = datetime(2026, 7, 1, (local_hour - 8) % 24, tzinfo=UTC)
    for minutes in (0, 10):
        state.take(row_of("noise", begin + timedelta(minutes=minutes), laeq_db=51))
    assert (state.standings[0].severity if state.standings else 0) == severity


def test_a_limit_that_is_still_allowed_reaches_nothing():
    for value, found in ((60.0, []), (60.1, [("noise_exceedance", 1, 600)])):
        sensor = Sensor("noise", "noise_exceedance", noise_class="2")
        sensor.says(0, laeq_db=value)
        assert sensor.says(600, laeq_db=value) == found


def test_a_rule_without_a_case_for_the_sensor_does_not_watch_it():
    assert watch_of("noise", {}, "noise_exceedance").tracks == ()


def test_states_are_graded_by_their_words():
    assert Sensor("manhole", "cover_open", road="pavement").says(0, cover_state="open") == [("cover_open", 3, 0)]
    sensor = Sensor("manhole", "cover_open", road="carriageway")
    assert sensor.says(0, cover_state="open") == [("cover_open", 4, 0)]
    assert sensor.state.standings[0].latched


def test_a_fast_rise_lifts_a_grade_even_out_of_rest():
    slow, fast = Sensor("waterlogging", "ponding"), Sensor("waterlogging", "ponding")
    for seconds, depth in ((0, 0.06), (1800, 0.11), (2100, 0.12)):
        slow.says(seconds, depth_m=depth)
    assert slow.severity("ponding") == 1
    for seconds, depth in ((0, 0.02), (240, 0.11)):
        assert fast.says(seconds, depth_m=depth) == []
    assert fast.says(280, depth_m=0.12) == [("ponding", 2, 280)]


def test_a_rise_that_took_longer_lifts_nothing():
    sensor = Sensor("waterlogging", "ponding")
    sensor.says(0, depth_m=0.02)
    sensor.says(301, depth_m=0.11)
    assert sensor.says(590, depth_m=0.12) == [("ponding", 1, 590)]


def test_neighbours_confirm_and_cease_to_confirm():
    sensor = Sensor("gas", "gas_combustible")
    assert sensor.says(0, ch4_lel_pct=55) == [("gas_combustible", 3, 0)]
    [track] = sensor.state.watch.tracks
    sensor.state.amend(0, corroborate(track, sensor.state.standings[0], True, START + timedelta(seconds=5)))
    [(_, change, _)] = sensor.state.advance(START + timedelta(seconds=5))
    assert change.after == 4
    assert "confirmed by 2 sensors within 100 m" in change.reason_en
    sensor.state.amend(0, corroborate(track, sensor.state.standings[0], False, START + timedelta(seconds=60)))
    assert sensor.waits_until(659) == []
    assert sensor.waits_until(660) == [("gas_combustible", 3, 660)]


def test_a_graver_hazard_of_the_sensor_mutes_a_lesser_one_until_it_is_over():
    sensor = Sensor("manhole", "cover_tilt", "cover_open", road="pavement")
    assert sensor.says(0, cover_state="open", tilt_deg=40.0) == [("cover_open", 3, 0)]
    assert sensor.says(60, cover_state="closed", tilt_deg=40.0) == []
    assert sensor.waits_until(120) == [("cover_open", 0, 120), ("cover_tilt", 3, 120)]


def test_a_graver_one_is_not_muted_by_a_lesser_one():
    sensor = Sensor("manhole", "cover_tilt", "cover_open", road="pavement")
    sensor.says(0, cover_state="open", tilt_deg=95.0)
    assert (sensor.severity("cover_open"), sensor.severity("cover_tilt")) == (3, 4)


def test_a_gauge_that_hangs_from_a_tilted_cover_measures_nothing():
    sensor = Sensor("manhole", "well_level")
    assert sensor.says(0, water_below_cover_m=-0.1, tilt_deg=40.0) == []
    assert sensor.waits_until(60) == []
    assert sensor.says(90, water_below_cover_m=-0.1, tilt_deg=1.0) == [("well_level", 3, 90)]


def test_a_person_clears_and_what_stays_bad_comes_again_after_the_rearm_time():
    sensor = Sensor("gas", "gas_combustible", interval_s=3600)
    sensor.says(0, ch4_lel_pct=91.5)
    [track] = sensor.state.watch.tracks
    sensor.state.amend(0, shelve(track, sensor.state.standings[0], START + timedelta(seconds=100)))
    assert sensor.says(200, ch4_lel_pct=91.5) == []
    assert sensor.waits_until(1899) == []
    assert sensor.waits_until(1900) == [("gas_combustible", 4, 1900)]


def test_silence_is_told_by_the_clock_and_ends_with_the_next_reading():
    sensor = Sensor("waterlogging", "sensor_silent")
    assert sensor.says(0, depth_m=0.0) == []
    assert sensor.state.next_due() == START + timedelta(seconds=600)
    assert sensor.waits_until(599, heard_from=0) == []
    assert sensor.waits_until(5000) == []  # while nobody listens
    assert sensor.waits_until(700, heard_from=650) == [("sensor_silent", 1, 650)]
    assert sensor.waits_until(1300, heard_from=650) == [("sensor_silent", 2, 1200)]
    assert sensor.says(1400, depth_m=0.0) == [("sensor_silent", 1, 1400), ("sensor_silent", 0, 1400)]


def test_a_sensor_that_is_silent_for_its_own_interval_only():
    sensor = Sensor("waterlogging", "sensor_silent", interval_s=60)
    sensor.says(0, depth_m=0.0)
    assert sensor.waits_until(120, heard_from=0) == [("sensor_silent", 1, 120)]


def test_a_value_that_never_moves_is_a_fault_and_lowers_nothing():
    sensor = Sensor("noise", "noise_exceedance", "sensor_fault", noise_class="1")
    found = [each for minutes in range(0, 200, 10) for each in sensor.says(minutes * 60, laeq_db=61.3)]
    assert found == [("noise_exceedance", 2, 600), ("sensor_fault", 1, 10800)]
    for minutes in range(200, 270, 10):
        sensor.says(minutes * 60, laeq_db=40.0 + minutes / 100)
    assert sensor.severity("noise_exceedance") == 2
    assert sensor.severity("sensor_fault") == 0
    for minutes in range(270, 320, 10):
        sensor.says(minutes * 60, laeq_db=40.0 + minutes / 100)
    assert sensor.severity("noise_exceedance") == 0


def test_a_spike_is_a_fault_of_the_sensor_and_no_flood():
    sensor = Sensor("waterlogging", "ponding", "sensor_fault")
    assert [sensor.says(s, depth_m=d) for s, d in ((0, 0.01), (300, 0.9), (600, 0.01))][-1] == [
        ("sensor_fault", 1, 600)
    ]
    assert sensor.severity("ponding") == 0


def test_what_can_not_be_is_a_fault_and_is_not_judged():
    sensor = Sensor("gas", "oxygen", "sensor_fault")
    assert sensor.says(0, o2_pct_vol=45.0) == [("sensor_fault", 1, 0)]
    sensor = Sensor("manhole", "well_level", "sensor_fault")
    assert sensor.says(0, water_below_cover_m=-0.9) == [("sensor_fault", 1, 0)]
    assert sensor.waits_until(60) == []


@given(st.floats(-1000, 1000).map(lambda value: round(value, 3)))
def test_a_stored_number_is_judged_as_it_was_sent(value):
    stored = struct.unpack("f", struct.pack("f", value))[0]
    assert as_sent((1, START, stored, None, "open")) == (1, START, value, None, "open")


def test_a_rise_between_two_limits_still_lifts_a_hazard_that_goes_on():
    sensor = Sensor("waterlogging", "ponding", place="road")
    assert [sensor.says(time, depth_m=0.29) for time in (0, 290)][1] == [("ponding", 3, 290)]
    assert [sensor.says(time, depth_m=0.29 + time / 1e6) for time in range(590, 6000, 300)] == [[]] * 19
    assert sensor.says(6000, depth_m=0.36) == []
    assert sensor.says(6010, depth_m=0.36) == [("ponding", 4, 6010)]


def test_a_hazard_that_goes_on_is_graver_from_the_hour_on_at_which_limits_are_lower():
    sensor = Sensor("noise", "noise_exceedance", noise_class="2")
    evening = 9 * 3600 + 1200  # 21:20
    found = [change for number in range(9) for change in sensor.says(evening + 600 * number, laeq_db=64.0)]
    assert found == [("noise_exceedance", 1, evening + 600), ("noise_exceedance", 3, 36_600)]


def test_ordinary_readings_leave_a_sensor_at_rest():
    rules = shipped("gas")
    state = SensorState(build_watch("gas", rules, {"placement": "chamber"}))
    row = row_of("gas", START, ch4_lel_pct=2.0, h2s_mg_m3=0.1, co_mg_m3=1.0, o2_pct_vol=20.9, battery_pct=80.0)
    assert state.stays(row)
    assert (state.standings, state.last) == (None, START)
    assert REST.severity == 0
