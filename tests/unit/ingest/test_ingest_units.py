"""Units: the figures that norms and manuals print."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.kinds import KINDS, Quantity
from ingest.units import UnitError, along, conversion


def _column(name: str) -> Quantity:
    return next(column for kind in KINDS.values() for column in kind.quantities if column.name == name)


def _converted(value: float, unit: str, name: str) -> float:
    scale, offset = conversion(unit, _column(name))
    return value * scale + offset


@pytest.mark.parametrize(
    ("value", "unit", "name", "wanted", "tolerance"),
    [
        (7.1, "ppm", "h2s_mg_m3", 10, 0.1),  # GBZ 2.1 at 20 °C
        (17.2, "ppm", "co_mg_m3", 20, 0.1),
        (7100, "ppb", "h2s_mg_m3", 10, 0.1),
        (10_000, "µg/m³", "h2s_mg_m3", 10, 1e-9),
        (5, "%vol", "ch4_lel_pct", 100, 1e-9),
        (10_000, "ppm", "ch4_lel_pct", 20, 1e-9),
        (20.9, "%", "o2_pct_vol", 20.9, 1e-9),
        (209_000, "ppm", "o2_pct_vol", 20.9, 1e-9),
        (2116, "mm", "depth_m", 2.116, 1e-9),
        (30, "cm", "depth_m", 0.3, 1e-9),
        (0.1, "bar", "depth_m", 1.0197, 1e-4),
        (1, "mH2O", "depth_m", 1, 1e-9),
        (9.80665, "kPa", "depth_m", 1, 1e-9),
        (68, "°F", "temperature_c", 20, 1e-9),
        (293.15, "K", "temperature_c", 20, 1e-9),
        (21, "℃", "temperature_c", 21, 1e-9),
        (0.5, "/", "battery_pct", 50, 1e-9),
        (1.5707963267948966, "rad", "tilt_deg", 90, 1e-9),
        (1, "mm/min", "rain_mm_h", 60, 1e-9),
        (10, "min", "window_s", 600, 1e-9),
        (3, "", "depth_m", 3, 0),
    ],
)
def test_printed_figures(value: float, unit: str, name: str, wanted: float, tolerance: float) -> None:
    assert _converted(value, unit, name) == pytest.approx(wanted, abs=tolerance)


@pytest.mark.parametrize(("unit", "name"), [("V", "battery_pct"), ("mm", "temperature_c"), ("%vol", "h2s_mg_m3")])
def test_what_can_not_be_converted_is_told_with_what_can(unit: str, name: str) -> None:
    with pytest.raises(UnitError, match=f"unit '{unit}' can't become .* expected one of"):
        conversion(unit, _column(name))


def test_every_quantity_takes_its_own_unit() -> None:
    for kind in KINDS.values():
        for column in kind.quantities:
            assert conversion(column.unit, column) == (1, 0)


@settings(max_examples=40)
@given(x=st.floats(-10, 10))
def test_a_curve_stays_between_its_ends_and_never_falls(x: float) -> None:
    curve = [(2.5, 0.0), (2.8, 10.0), (3.6, 100.0)]
    assert 0 <= along(curve, x) <= along(curve, x + 0.1) <= 100


def test_a_curve_is_straight_between_two_points() -> None:
    assert along([(2.0, 0.0), (3.0, 100.0)], 2.25) == 25
