"""Whether somebody may enter, from gas readings alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.permits import FRESH, Sample, judge

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
GOOD = {"o2_pct_vol": 20.8, "ch4_lel_pct": 2.0, "h2s_mg_m3": 1.0, "co_mg_m3": 3.0}


def samples(age: timedelta = timedelta(minutes=2), **changed: float) -> list[Sample]:
    return [Sample("gas-1", quantity, value, NOW - age, 5) for quantity, value in (GOOD | changed).items()]


def test_good_air_is_granted_until_its_readings_are_stale() -> None:
    found = judge(samples(), NOW)
    assert (found.verdict, found.valid_until) == ("granted", NOW - timedelta(minutes=2) + FRESH)
    assert found.reason.en == "may enter: O2 20.8 %vol, CH4 2 %LEL, H2S 1 mg/m³, CO 3 mg/m³"


@pytest.mark.parametrize(
    ("quantity", "value", "verdict"),
    [
        ("o2_pct_vol", 19.5, "granted"),
        ("o2_pct_vol", 19.4, "refused"),
        ("o2_pct_vol", 23.5, "granted"),
        ("o2_pct_vol", 23.6, "refused"),
        ("ch4_lel_pct", 9.9, "granted"),
        ("ch4_lel_pct", 10.0, "refused"),
        ("h2s_mg_m3", 10.0, "refused"),
        ("co_mg_m3", 20.0, "refused"),
    ],
)
def test_each_limit(quantity: str, value: float, verdict: str) -> None:
    assert judge(samples(**{quantity: value}), NOW).verdict == verdict


def test_a_stale_or_missing_reading_is_not_known_and_says_which() -> None:
    assert judge([], NOW).verdict == "unknown"
    assert judge(samples(FRESH + timedelta(seconds=1)), NOW).verdict == "unknown"
    without = [sample for sample in samples() if sample.quantity != "h2s_mg_m3"]
    found = judge(without, NOW)
    assert found.verdict == "unknown"
    assert "H2S" in found.reason.en
    assert "硫化氢" in found.reason.zh
    assert "CH4" not in found.reason.en


def test_danger_refuses_even_where_something_is_not_known() -> None:
    assert judge([Sample("gas-2", "ch4_lel_pct", 40.0, NOW, 30)], NOW).verdict == "refused"


@given(st.lists(st.tuples(st.sampled_from(sorted(GOOD)), st.floats(0, 100), st.integers(-60, 1800)), max_size=12))
def test_a_further_dangerous_reading_never_opens_the_way(found: list[tuple[str, float, int]]) -> None:
    given_ = [Sample("s", quantity, value, NOW - timedelta(seconds=age_s), 1) for quantity, value, age_s in found]
    before = judge(given_, NOW)
    after = judge([*given_, Sample("t", "ch4_lel_pct", 60.0, NOW, 1)], NOW)
    assert after.verdict == "refused"
    if before.verdict == "granted":
        assert before.valid_until is not None
        assert before.valid_until >= NOW


def test_a_sensor_that_went_silent_on_a_dangerous_value_is_not_outvoted_by_its_neighbour() -> None:
    silent = Sample("gas-2", "ch4_lel_pct", 40.0, NOW - FRESH - timedelta(minutes=5), 20)
    found = judge([*samples(), silent], NOW)
    assert found.verdict == "unknown"
    assert "no reliable reading of CH4" in found.reason.en
    harmless = Sample("gas-2", "ch4_lel_pct", 1.0, NOW - FRESH - timedelta(minutes=5), 20)
    assert judge([*samples(), harmless], NOW).verdict == "granted"


def test_a_sensor_whose_clock_runs_ahead_is_believed_at_once() -> None:
    ahead = timedelta(minutes=-4)
    assert judge([*samples(), Sample("gas-2", "ch4_lel_pct", 40.0, NOW - ahead, 20)], NOW).verdict == "refused"
    found = judge(samples(ahead), NOW)
    assert (found.verdict, found.valid_until) == ("granted", NOW + FRESH)
