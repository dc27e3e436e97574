"""What sensors stand in together: one storm, gas along ducts and with the wind; and what devices make of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log10
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.fleet import Fleet, SensorReading
from simulators.injection import Injection
from simulators.physics.gas import exchange, plume_fraction
from simulators.physics.noise import add_levels, add_seconds, level_at, rain_level_db, second_levels, window_of
from simulators.physics.ponding import Catchment
from simulators.physics.sewer import Well
from simulators.physics.weather import StormAt, Weather, Wind
from simulators.roster import VirtualSensor

START = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
WELLS = tuple(
    VirtualSensor(f"gas-{number}", "gas", 60, {"placement": "chamber", "chamber": "row"}) for number in range(4)
)
WEST = VirtualSensor("post-w", "gas", 60, {"placement": "open"}, longitude=112.4400, latitude=23.6300)
EAST = VirtualSensor("post-e", "gas", 60, {"placement": "open"}, longitude=112.4402, latitude=23.6300)
GAUGE = VirtualSensor("wl-1", "waterlogging", 60, {"place": "road"})
COVER = VirtualSensor("mh-1", "manhole", 60, {"road": "carriageway"})
METER = VirtualSensor("nz-1", "noise", 600, {"noise_class": "2"})
STORM = Weather(storms=(StormAt(600, 20, 60),))


def played(
    *sensors: VirtualSensor, hours: float, injections: tuple[Injection, ...] = (), weather: Weather = STORM
) -> list[SensorReading]:
    fleet = Fleet(sensors, seed=1, start=START, time_zone=ZONE, injections=injections, weather=weather)
    return list(fleet.readings(START + timedelta(hours=hours)))


def values(readings: list[SensorReading], code: str, name: str) -> list[float]:
    return [float(reading.values[name]) for reading in readings if reading.code == code]


def test_the_mean_of_a_storm_is_its_rain() -> None:
    minutes = [STORM.rain_mm_h(second, second + 60) / 60 for second in range(0, 5400, 60)]
    assert sum(minutes) == pytest.approx(92, abs=0.5)  # one hour of twenty years, as DOMAIN prints it
    assert STORM.rain_mm_h(1800, 1800) > 0
    assert minutes[0] == 0
    assert minutes[-1] == 0


def test_one_storm_drives_gauges_wells_and_meters() -> None:
    readings = played(GAUGE, COVER, METER, hours=2)
    calm = played(GAUGE, COVER, METER, hours=2, weather=Weather())
    assert max(values(readings, "wl-1", "rain_mm_h")) > 150
    assert max(values(readings, "wl-1", "depth_m")) > 0.1 > max(values(calm, "wl-1", "depth_m"))
    assert min(values(readings, "mh-1", "water_below_cover_m")) < min(values(calm, "mh-1", "water_below_cover_m")) - 0.5
    assert max(values(readings, "nz-1", "laeq_db")) > max(values(calm, "nz-1", "laeq_db")) + 3


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.floats(0, 0.01), st.floats(0, 60))
def test_ducts_lose_no_gas(fractions: list[float], duct_m3_s: float, elapsed_s: float) -> None:
    after = exchange(fractions, 1.5, duct_m3_s, elapsed_s)
    assert sum(after) == pytest.approx(sum(fractions))
    assert min(fractions) - 1e-9 <= min(after)
    assert max(after) <= max(fractions) + 1e-9


def test_gas_goes_along_the_duct_and_thins_out() -> None:
    leak = Injection(0, ("gas-0",), {"leak_l_min": 5.0})
    readings = played(*WELLS, hours=1, injections=(leak,), weather=Weather())
    peaks = [max(values(readings, sensor.code, "ch4_lel_pct")) for sensor in WELLS]
    assert peaks[0] > 80
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[1] > 15
    alone = played(
        replace(WELLS[1], attributes={"placement": "chamber", "chamber": "other"}), hours=1, weather=Weather()
    )
    assert max(values(alone, "gas-1", "ch4_lel_pct")) < 5


def test_a_chain_is_the_same_however_it_is_asked() -> None:
    leak = Injection(120, ("gas-1",), {"leak_l_min": 5.0})
    fleet = Fleet(WELLS, seed=1, start=START, time_zone=ZONE, injections=(leak,))
    pieces = [reading for minute in range(1, 61) for reading in fleet.readings(START + timedelta(minutes=minute))]
    assert pieces == played(*WELLS, hours=1, injections=(leak,), weather=Weather())


def test_the_wind_carries_a_leak_to_the_neighbour_downwind_only() -> None:
    leak = Injection(0, ("post-w",), {"leak_l_min": 10_000.0})
    westerly = played(WEST, EAST, hours=0.5, injections=(leak,), weather=Weather(wind=Wind(1.5, 270)))
    easterly = played(WEST, EAST, hours=0.5, injections=(leak,), weather=Weather(wind=Wind(1.5, 90)))
    assert max(values(westerly, "post-e", "ch4_lel_pct")) > 4 > max(values(easterly, "post-e", "ch4_lel_pct"))
    assert max(values(easterly, "post-w", "ch4_lel_pct")) > 50


def test_nothing_is_smelt_upwind_and_less_aside() -> None:
    assert plume_fraction(0.1, distance_m=-5, wind_m_s=2) == 0
    middle = plume_fraction(0.1, distance_m=50, wind_m_s=2)
    assert plume_fraction(0.1, distance_m=50, wind_m_s=2, aside_m=20) < middle / 2


@given(st.floats(0, 400), st.floats(0, 1), st.floats(1, 3600), st.floats(-3, 0.5), st.booleans())
def test_a_well_never_falls_below_its_rest_nor_seats_its_cover(
    rain: float, outfall: float, elapsed: float, level: float, lifted: bool
) -> None:
    well = Well(Catchment(2500, 0.85), 0.07, rest_m=-1.8)
    after, off = well.level_after(max(level, -1.8), rain_mm_h=rain, elapsed_s=elapsed, outfall=outfall, lifted=lifted)
    assert -1.8 <= after < 2
    assert off or not lifted


def test_a_shut_outfall_fills_a_well_until_its_cover_lifts_at_its_own_weight() -> None:
    well = Well(Catchment(2500, 0.85), 0.07, rest_m=-1.8)
    assert well.lift_head_m == pytest.approx(0.16, abs=0.005)
    level, lifted, highest = -1.8, False, -1.8
    for _ in range(720):
        level, lifted = well.level_after(level, rain_mm_h=120, elapsed_s=5, outfall=0.1, lifted=lifted)
        highest = max(highest, level)
    assert lifted
    assert 0.16 < highest < 0.3  # once lifted, the water runs out all round
    level, _ = well.level_after(level, rain_mm_h=0, elapsed_s=7200, outfall=1, lifted=lifted)
    assert level == pytest.approx(-1.8, abs=0.2)


def test_sources_add_by_energy_second_by_second() -> None:
    generator = np.random.default_rng(1)
    # Two equal sources are 3 dB more than one; a work site of 85 dB at 10 m is 69.4 dB at 60 m.
    assert add_levels([60, 60]) == pytest.approx(63.01, abs=0.01)
    site_db = level_at(85, from_m=10, to_m=60)
    assert site_db == pytest.approx(69.4, abs=0.05)
    levels = add_seconds(
        second_levels(generator, 60, seconds=6000, spread_db=2),
        second_levels(generator, site_db, seconds=6000, spread_db=1),
    )
    assert window_of(levels).laeq_db == pytest.approx(add_levels([60, site_db]), abs=0.1)


def test_a_horn_now_and_then_raises_the_maximum_more_than_the_mean() -> None:
    horn = Injection(0, ("nz-1",), {"event_db": 95.0, "event_m": 30.0, "event_share": 0.01})
    loud = played(METER, hours=2, injections=(horn,), weather=Weather())
    quiet = played(METER, hours=2, weather=Weather())
    raised = np.array(values(loud, "nz-1", "lmax_db")) - np.array(values(quiet, "nz-1", "lmax_db"))
    mean = np.array(values(loud, "nz-1", "laeq_db")) - np.array(values(quiet, "nz-1", "laeq_db"))
    assert raised.min() > mean.max()
    assert rain_level_db(100) - rain_level_db(10) == pytest.approx(12 * log10(10))


def device(at_s: int, **settings: float) -> Injection:
    return Injection(at_s, ("wl-1",), device=settings)


def depths(*injections: Injection, hours: float = 2) -> list[float]:
    rain = Injection(0, ("wl-1",), {"rain_mm_h": 20.0})
    return values(played(GAUGE, hours=hours, injections=(rain, *injections), weather=Weather()), "wl-1", "depth_m")


def test_a_stuck_gauge_says_the_same_for_ever_and_a_drifting_one_wanders_off() -> None:
    good = depths()
    stuck = depths(device(3600, stuck=1))
    assert len(set(stuck[62:])) == 1
    assert stuck[:59] == good[:59]
    drifted = np.array(depths(device(0, drift_per_h=0.5))) - np.array(good)
    assert drifted[-1] == pytest.approx(1.0, abs=0.05)


def test_spikes_come_in_their_share_and_change_nothing_else() -> None:
    good = np.array(depths())
    spiked = np.array(depths(device(0, spike_share=0.1, spike=1.0)))
    hit = np.abs(spiked - good) > 0.5
    assert 0.02 < hit.mean() < 0.25
    assert (spiked[~hit] == good[~hit]).all()


def test_a_coarse_converter_counts_in_big_steps_and_a_slow_one_lags() -> None:
    coarse = depths(device(0, coarseness=50))
    assert {round(depth / 0.05, 6) % 1 for depth in coarse} == {0.0}
    slow = depths(device(0, lag_t90_s=3600))
    assert slow[20] < depths()[20]


def test_a_silent_device_says_nothing_and_an_old_battery_says_so() -> None:
    assert len(depths(device(3600, silent=1))) == pytest.approx(60, abs=1)
    worn = played(GAUGE, hours=1, injections=(device(1800, battery_pct=7),), weather=Weather())
    assert values(worn, "wl-1", "battery_pct")[-1] == 7


def test_intervals_and_waking_are_settings() -> None:
    slow = played(GAUGE, hours=2, injections=(device(0, interval_s=600),), weather=Weather())
    assert len(slow) == pytest.approx(12, abs=1)
    rain = Injection(0, ("wl-1",), {"rain_mm_h": 90.0})
    awake = played(GAUGE, hours=2, injections=(device(0, interval_s=600), rain), weather=Weather())
    asleep = played(GAUGE, hours=2, injections=(device(0, interval_s=600, wakes=0), rain), weather=Weather())
    assert len(awake) > 100 > 20 > len(asleep)
