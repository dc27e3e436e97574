"""The models give the figures that their sources print, and never leave what is physically possible."""

from math import inf, isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.kinds import KINDS
from simulators.physics.cover import Theft, lift_head_m
from simulators.physics.gas import LITRES_PER_MIN, METHANE_LEL_FRACTION, Chamber, lel_pct, plume_fraction
from simulators.physics.noise import (
    add_levels,
    level_at,
    second_levels,
    traffic_level_db,
    traffic_share,
    window_of,
)
from simulators.physics.ponding import Basin, Catchment, Inlet
from simulators.physics.sensing import lagged, quantised
from simulators.physics.storm import MAOMING_2016, Storm

WELL = Chamber(volume_m3=1.5)
POND = Basin(Catchment(area_m2=20_000, runoff_coefficient=0.9), Inlet(6.0, 0.6, pipe_m3_s=0.35), k=2000)
fractions = st.floats(0, 1)


class TestGas:
    @pytest.mark.parametrize(("lel", "hours"), [(25, 0.34), (50, 0.76)])
    def test_a_litre_a_minute_fills_a_well(self, lel: float, hours: float) -> None:
        fraction = lel / 100 * METHANE_LEL_FRACTION
        reached_s = WELL.time_to_reach(fraction, leak_m3_s=LITRES_PER_MIN, air_changes_per_h=0.5)
        assert reached_s / 3600 == pytest.approx(hours, abs=0.005)

    def test_the_time_to_reach_is_when_the_concentration_is_there(self) -> None:
        reached_s = WELL.time_to_reach(0.02, leak_m3_s=LITRES_PER_MIN, air_changes_per_h=0.5)
        there = WELL.concentration(0, leak_m3_s=LITRES_PER_MIN, air_changes_per_h=0.5, elapsed_s=reached_s)
        assert there == pytest.approx(0.02)

    def test_a_small_leak_levels_off(self) -> None:
        leak = 0.2 * LITRES_PER_MIN
        final = WELL.concentration(0, leak_m3_s=leak, air_changes_per_h=0.5, elapsed_s=1e6)
        assert lel_pct(final) == pytest.approx(31, abs=0.6)
        assert WELL.time_to_reach(0.02, leak_m3_s=leak, air_changes_per_h=0.5) == inf

    def test_a_sealed_well_keeps_what_it_holds(self) -> None:
        assert WELL.concentration(0.03, leak_m3_s=0, air_changes_per_h=0, elapsed_s=3600) == 0.03
        assert WELL.time_to_reach(0.03, leak_m3_s=0, air_changes_per_h=0) == inf

    @given(fractions, fractions, st.floats(0, 1), st.floats(0, 100), st.floats(0, 1e6))
    def test_concentration_is_a_fraction(
        self, initial: float, background: float, leak: float, changes: float, elapsed: float
    ) -> None:
        chamber = Chamber(1.5, background)
        after = chamber.concentration(initial, leak_m3_s=leak, air_changes_per_h=changes, elapsed_s=elapsed)
        assert -1e-12 <= after <= 1 + 1e-12

    @given(fractions, st.floats(0, 0.01), st.floats(0, 60), st.floats(1, 3600))
    def test_two_half_steps_are_one_step(self, initial: float, leak: float, changes: float, elapsed: float) -> None:
        def step(concentration: float, seconds: float) -> float:
            return WELL.concentration(concentration, leak_m3_s=leak, air_changes_per_h=changes, elapsed_s=seconds)

        assert isclose(step(step(initial, elapsed / 2), elapsed / 2), step(initial, elapsed), abs_tol=1e-12)

    def test_a_plume_thins_with_distance_and_wind(self) -> None:
        near = plume_fraction(0.01, distance_m=10, wind_m_s=2)
        # Briggs urban D at 10 m: σy 1.597 m, σz 1.398 m.
        assert near == pytest.approx(0.01 / (np.pi * 2 * 1.597 * 1.398), rel=1e-3)
        assert plume_fraction(0.01, distance_m=40, wind_m_s=2) < near / 10
        assert plume_fraction(0.01, distance_m=10, wind_m_s=4) == pytest.approx(near / 2)
        assert plume_fraction(10, distance_m=0.01, wind_m_s=1) == 1.0


class TestStorm:
    @pytest.mark.parametrize(("years", "depth"), [(2, 69), (5, 78), (20, 92)])
    def test_one_hour_depths(self, years: float, depth: float) -> None:
        assert MAOMING_2016.depth_mm(years, 60) == pytest.approx(depth, abs=0.5)

    @pytest.mark.parametrize("ratio", [0.3, 0.4, 0.5])
    def test_the_hyetograph_integrates_to_the_depth(self, ratio: float) -> None:
        storm = Storm(20, 120, peak_ratio=ratio)
        minutes = np.linspace(0, 120, 48_001)
        rain = [storm.intensity_mm_h(float(minute)) / 60 for minute in minutes]
        assert np.trapezoid(rain, minutes) == pytest.approx(MAOMING_2016.depth_mm(20, 120), rel=1e-4)
        assert storm.depth_mm(120) == pytest.approx(MAOMING_2016.depth_mm(20, 120))

    @given(st.floats(0, 119), st.floats(0.01, 1))
    def test_the_depth_grows_by_the_intensity(self, at: float, step: float) -> None:
        storm = Storm(5, 120)
        grown = storm.depth_mm(at + step) - storm.depth_mm(at)
        corners = [storm.intensity_mm_h(minute) * step / 60 for minute in (at, at + step)]
        highest = storm.intensity_mm_h(48) * step / 60
        assert min(corners) - 1e-9 <= grown <= highest + 1e-9

    def test_it_peaks_where_it_should_and_rains_at_no_other_time(self) -> None:
        storm = Storm(2, 100)
        peak = max(range(101), key=storm.intensity_mm_h)
        assert peak == 40
        assert storm.intensity_mm_h(-1) == storm.intensity_mm_h(101) == 0
        assert storm.depth_mm(-5) == pytest.approx(0)
        assert storm.depth_mm(500) == storm.depth_mm(100)


class TestPonding:
    def test_runoff_follows_the_rational_method(self) -> None:
        # 1 ha, ψ 0.9, 36 mm/h: 100 L/(s·hm²) of rain, 90 L/s of runoff.
        assert Catchment(10_000, 0.9).runoff_m3_s(36) == pytest.approx(0.09)

    def test_an_inlet_is_a_weir_then_an_orifice_then_its_pipe(self) -> None:
        inlet = Inlet(perimeter_m=2, area_m2=0.3, pipe_m3_s=0.5)
        assert inlet.outflow_m3_s(0.05, clogging=0) == pytest.approx(1.66 * 2 * 0.05**1.5)
        assert inlet.outflow_m3_s(0.3, clogging=0) == pytest.approx(0.67 * 0.3 * (2 * 9.81 * 0.3) ** 0.5)
        assert inlet.outflow_m3_s(3, clogging=0) == 0.5
        assert inlet.outflow_m3_s(0.05) == pytest.approx(1.66 * 2 * 0.05**1.5 / 2)
        assert inlet.outflow_m3_s(3, outfall=0.2) == pytest.approx(0.1)
        assert inlet.outflow_m3_s(0) == 0

    def test_heavier_rain_ponds_deeper_and_a_backed_up_outfall_deeper_still(self) -> None:
        def deepest(rain: float, outfall: float) -> float:
            return POND.depth_after(0, rain_mm_h=rain, elapsed_s=3600, clogging=0.5, outfall=outfall)

        assert deepest(10, 1) < deepest(80, 1) < deepest(80, 0.2)

    def test_a_pond_drains_when_the_rain_is_over(self) -> None:
        full = POND.depth_after(0, rain_mm_h=100, elapsed_s=3600, clogging=0.5, outfall=0.1)
        assert full > 0.3
        assert POND.depth_after(full, rain_mm_h=0, elapsed_s=6 * 3600, clogging=0.5, outfall=1) < 0.01

    @given(st.floats(0, 5), st.floats(0, 300), st.floats(0, 7200), fractions, fractions)
    def test_depth_is_never_negative(
        self, depth: float, rain: float, elapsed: float, clogging: float, outfall: float
    ) -> None:
        after = POND.depth_after(depth, rain_mm_h=rain, elapsed_s=elapsed, clogging=clogging, outfall=outfall)
        assert after >= 0

    @given(st.floats(0, 5))
    def test_volume_and_depth_are_each_others_inverse(self, depth: float) -> None:
        assert POND.depth_m(POND.volume_m3(depth)) == pytest.approx(depth)


class TestCover:
    def test_the_head_that_lifts_a_cover(self) -> None:
        assert lift_head_m(60, 0.7) == pytest.approx(0.16, abs=0.005)

    def test_a_stolen_cover_tips_within_seconds_and_stays_tipped(self) -> None:
        theft = Theft(final_tilt_deg=90, tip_s=4, silent_after_s=120, shocks=6)
        assert theft.tilt_deg(0) == 0
        assert theft.tilt_deg(2) == pytest.approx(45)
        assert theft.tilt_deg(4) == theft.tilt_deg(60) == 90


class TestNoise:
    def test_levels_add_by_energy(self) -> None:
        assert add_levels([60, 60]) == pytest.approx(63.01, abs=0.01)
        assert add_levels([70, 50]) == pytest.approx(70.04, abs=0.01)
        with pytest.raises(ValueError, match="no levels"):
            add_levels([])

    @given(st.lists(st.floats(0, 150), min_size=1, max_size=20))
    def test_a_sum_is_at_least_its_loudest(self, levels: list[float]) -> None:
        assert max(levels) - 1e-9 <= add_levels(levels) <= max(levels) + 10 * np.log10(len(levels)) + 1e-9

    def test_construction_at_sixty_metres(self) -> None:
        assert level_at(85, from_m=10, to_m=60) == pytest.approx(69.4, abs=0.05)

    def test_traffic_by_hour(self) -> None:
        assert traffic_share(3) == pytest.approx(0.1)
        assert traffic_share(8) == max(traffic_share(minute / 60) for minute in range(1440)) == 1.0
        assert traffic_share(7.5) == pytest.approx((traffic_share(7) + traffic_share(8)) / 2)
        assert traffic_share(23.999) == pytest.approx(traffic_share(0), abs=0.001)
        assert traffic_level_db(1000) == 70
        assert traffic_level_db(100) == pytest.approx(60)

    def test_a_window_of_seconds(self) -> None:
        levels = np.array([50.0] * 90 + [80.0] * 10)
        window = window_of(levels)
        assert window.laeq_db == pytest.approx(10 * np.log10((90 * 1e5 + 10 * 1e8) / 100))
        assert (window.lmax_db, window.l50_db, window.l90_db) == (80, 50, 50)
        assert window.l10_db > 50

    @given(st.integers(0, 2**32), st.floats(30, 100), st.floats(0, 6))
    def test_the_statistics_are_in_order(self, seed: int, leq: float, spread: float) -> None:
        window = window_of(second_levels(np.random.default_rng(seed), leq, seconds=600, spread_db=spread))
        assert window.l90_db <= window.l50_db <= window.l10_db <= window.lmax_db
        assert window.l90_db - 1e-9 <= window.laeq_db <= window.lmax_db + 1e-9

    def test_fluctuation_keeps_the_energy_mean(self) -> None:
        levels = second_levels(np.random.default_rng(7), 62, seconds=200_000, spread_db=4)
        assert window_of(levels).laeq_db == pytest.approx(62, abs=0.1)


class TestSensing:
    def test_ninety_percent_after_t90(self) -> None:
        assert lagged(0, 100, elapsed_s=30) == pytest.approx(90)
        assert lagged(0, 100, elapsed_s=60) == pytest.approx(99)
        assert lagged(40, 100, elapsed_s=0) == 40

    def test_values_come_in_steps_and_stay_in_range(self) -> None:
        depth = KINDS["waterlogging"].quantity("depth_m")
        methane = KINDS["gas"].quantity("ch4_lel_pct")
        assert quantised(0.12345, depth) == 0.123
        assert quantised(-0.0001, depth) == 0
        assert str(quantised(-0.0001, depth)) == "0.0"
        assert quantised(250.04, methane) == 200
        assert quantised(19.96, methane) == 20.0

    @given(st.sampled_from([q for kind in KINDS.values() for q in kind.quantities]), st.floats(-1e6, 1e6))
    def test_every_quantity_stays_in_its_range(self, quantity, value: float) -> None:  # type: ignore[no-untyped-def]
        shown = quantised(value, quantity)
        assert quantity.minimum <= shown <= quantity.maximum
        assert quantised(shown, quantity) == shown
