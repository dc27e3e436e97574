"""A fleet is reproducible, speaks the wire format, and behaves as its surroundings do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.kinds import KINDS, Quantity
from ingest.payload import DECODERS, parse_topic
from simulators.errors import SimulatorError
from simulators.fleet import Fleet, SensorReading
from simulators.injection import Injection
from simulators.roster import VirtualSensor, read_roster
from simulators.sensors import BEHAVIOURS

START = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)  # midnight in the county
ZONE = ZoneInfo("Asia/Shanghai")
ROSTER = Path(__file__).parents[3] / "counties" / "guangning" / "sensors.csv"

COVER = VirtualSensor("mh-1", "manhole", 21_600, {"road": "carriageway"})
WELL = VirtualSensor("gas-1", "gas", 1800, {"placement": "chamber", "chamber": "c"})
POST = VirtualSensor("gas-2", "gas", 1800, {"placement": "open"})
ROAD = VirtualSensor("wl-1", "waterlogging", 300, {"place": "road"})
UNDERPASS = VirtualSensor("wl-2", "waterlogging", 60, {"place": "underpass"})
METER = VirtualSensor("nz-1", "noise", 600, {"noise_class": "2"})
ONE_OF_EACH = (COVER, WELL, POST, ROAD, UNDERPASS, METER)


def played(
    *sensors: VirtualSensor, hours: float, injections: tuple[Injection, ...] = (), seed: int = 1
) -> list[SensorReading]:
    fleet = Fleet(sensors, seed=seed, start=START, time_zone=ZONE, injections=injections)
    return list(fleet.readings(START + timedelta(hours=hours)))


def inject(at_s: int, sensor: VirtualSensor, **causes: float) -> Injection:
    return Injection(at_s, (sensor.code,), causes)


def number(reading: SensorReading, name: str) -> float:
    value = reading.values[name]
    assert isinstance(value, float)
    return value


def seconds(reading: SensorReading) -> float:
    return (reading.time - START).total_seconds()


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again, other = (
        [reading.payload() for reading in played(*ONE_OF_EACH, hours=6, seed=seed)] for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_a_sensor_does_not_depend_on_its_company() -> None:
    alone = played(WELL, hours=6)
    among = [reading for reading in played(*ONE_OF_EACH, hours=6) if reading.code == WELL.code]
    assert alone == among


def test_reading_in_pieces_is_reading_at_once() -> None:
    fleet = Fleet(ONE_OF_EACH, seed=1, start=START, time_zone=ZONE)
    pieces = [
        reading
        for minute in range(0, 361, 7)
        for reading in fleet.readings(min(START + timedelta(minutes=minute), START + timedelta(hours=6)))
    ]
    pieces += fleet.readings(START + timedelta(hours=6))
    assert pieces == played(*ONE_OF_EACH, hours=6)


def test_readings_come_in_order_of_time_and_at_their_interval() -> None:
    readings = played(*ONE_OF_EACH, hours=12)
    assert [reading.time for reading in readings] == sorted(reading.time for reading in readings)
    for sensor, expected in ((COVER, 2), (WELL, 24), (ROAD, 144), (UNDERPASS, 720), (METER, 72)):
        count = sum(reading.code == sensor.code for reading in readings)
        assert abs(count - expected) <= 1, sensor.code


def test_every_reading_passes_the_decoder_of_its_kind() -> None:
    injections = (
        inject(600, COVER, well_level_m=0.5),
        inject(600, WELL, leak_l_min=5000, air_changes_per_h=0, h2s_source_mg_m3=2000),
        inject(600, ROAD, rain_mm_h=300, clogging=1),
        inject(600, METER, construction_db=120, construction_m=1),
    )
    for reading in played(*ONE_OF_EACH, hours=7, injections=injections):
        address = parse_topic(reading.topic("t/sensors"), "t/sensors")
        assert (address.kind, address.code) == (reading.kind, reading.code)
        (row,) = DECODERS[reading.kind].decode(reading.payload(), 1, reading.time)
        assert row[1] == reading.time
        assert None not in row


@st.composite
def some_injection(draw: st.DrawFn) -> tuple[VirtualSensor, Injection]:
    sensor = draw(st.sampled_from(ONE_OF_EACH))
    causes = {
        name: draw(st.floats(cause.minimum, cause.maximum)) for name, cause in BEHAVIOURS[sensor.kind].causes.items()
    }
    return sensor, Injection(draw(st.integers(0, 3600)), (sensor.code,), causes)


@settings(max_examples=50)
@given(some_injection(), st.integers(0, 2**31))
def test_no_injection_drives_a_value_out_of_its_range(chosen: tuple[VirtualSensor, Injection], seed: int) -> None:
    sensor, injection = chosen
    for reading in played(sensor, hours=2, injections=(injection,), seed=seed):
        for column in KINDS[reading.kind].columns:
            value = reading.values[column.name]
            if isinstance(column, Quantity):
                assert isinstance(value, float)
                assert column.minimum <= value <= column.maximum
            else:
                assert value in column.words


def test_a_quiet_day_stays_below_every_blue_limit() -> None:
    night_limit = {"0": 40, "1": 45, "2": 50, "3": 55, "4a": 55, "4b": 60}
    day_limit = {"0": 50, "1": 55, "2": 60, "3": 65, "4a": 70, "4b": 70}
    sensors = read_roster(ROSTER)[::6]
    kinds = {sensor.kind for sensor in sensors}
    assert kinds == set(KINDS)
    classes = {sensor.code: sensor.attributes.get("noise_class", "") for sensor in sensors}
    for reading in played(*sensors, hours=24):
        match reading.kind:
            case "manhole":
                assert reading.values["cover_state"] == "closed"
                assert number(reading, "tilt_deg") < 5
                assert number(reading, "water_below_cover_m") > 0.35
            case "gas":
                assert number(reading, "ch4_lel_pct") < 5  # below the blue limit less its deadband
                assert number(reading, "o2_pct_vol") > 20
                assert number(reading, "h2s_mg_m3") < 4
                assert number(reading, "co_mg_m3") < 8
            case "waterlogging":
                assert number(reading, "depth_m") < 0.03
            case "noise":
                hour = reading.time.astimezone(ZONE).hour
                limit = (day_limit if 6 <= hour < 22 else night_limit)[classes[reading.code]]
                assert number(reading, "laeq_db") <= limit
        assert number(reading, "battery_pct") > 40


def test_a_leak_fills_a_well_and_wakes_its_probe() -> None:
    readings = played(WELL, hours=1.5, injections=(inject(600, WELL, leak_l_min=3.0),))
    alarms = [reading for reading in readings if number(reading, "ch4_lel_pct") >= 10]
    # 3 L/min into 1.5 m³ with half an air change an hour: 10 %LEL after 150 s, reported by the next sample or two.
    assert 700 <= seconds(alarms[0]) <= 600 + 150 + 2 * 60
    gaps = {(b.time - a.time).total_seconds() for a, b in pairwise(alarms)}
    assert gaps == {60}
    assert max(number(reading, "ch4_lel_pct") for reading in readings) > 80
    assert number(readings[-1], "o2_pct_vol") < 20.5


def test_a_probe_keeps_reporting_for_an_hour_after_the_alarm() -> None:
    injections = (
        inject(600, WELL, leak_l_min=3.0),
        inject(1800, WELL, leak_l_min=0.0, air_changes_per_h=60),
    )
    readings = played(WELL, hours=3, injections=injections)
    last = max(seconds(reading) for reading in readings if number(reading, "ch4_lel_pct") >= 10)
    within = [reading for reading in readings if last < seconds(reading) <= last + 3600]
    after = [reading for reading in readings if seconds(reading) > last + 3600 + 60]
    assert len(within) >= 58
    assert len(after) <= 3


def test_a_post_in_the_open_smells_a_big_leak_faintly() -> None:
    readings = played(POST, hours=3, injections=(inject(0, POST, leak_l_min=300.0),))
    peak = max(number(reading, "ch4_lel_pct") for reading in readings)
    assert 1 < peak < 50


def test_rain_ponds_deeper_in_an_underpass() -> None:
    storm = Injection(0, (ROAD.code, UNDERPASS.code), {"rain_mm_h": 90.0})
    readings = played(ROAD, UNDERPASS, hours=1, injections=(storm,))

    def deepest(sensor: VirtualSensor) -> float:
        return max(number(reading, "depth_m") for reading in readings if reading.code == sensor.code)

    assert 0.1 < deepest(ROAD) < deepest(UNDERPASS) < 3
    assert {number(reading, "rain_mm_h") for reading in readings[5:]} == {90}


def test_a_stolen_cover_shouts_once_or_twice_and_falls_silent() -> None:
    readings = played(COVER, hours=24, injections=(inject(1000, COVER, taken=1.0),))
    missing = [reading for reading in readings if reading.values["cover_state"] == "missing"]
    assert 1000 <= seconds(missing[0]) <= 1060
    assert 60 <= number(missing[0], "tilt_deg") <= 120
    assert seconds(missing[-1]) <= 1000 + 180
    assert readings[-1] == missing[-1]


def test_a_flood_lifts_a_cover_only_above_its_weight() -> None:
    held = played(COVER, hours=1, injections=(inject(0, COVER, well_level_m=0.1),))
    lifted = played(COVER, hours=1, injections=(inject(0, COVER, well_level_m=0.2),))
    assert {reading.values["cover_state"] for reading in held} == {"closed"}
    assert {reading.values["cover_state"] for reading in lifted} == {"displaced"}
    assert number(lifted[-1], "water_below_cover_m") < 0


def test_traffic_knocks_on_a_carriageway_cover() -> None:
    readings = played(replace(COVER, interval_s=600), hours=12)
    shocks = [number(reading, "shock_count") for reading in readings]
    assert shocks == sorted(shocks)
    assert shocks[-1] > 50


def test_a_work_site_at_night_is_heard() -> None:
    site = inject(3600, METER, construction_db=85.0, construction_m=60.0)
    readings = played(METER, hours=3, injections=(site,))
    before = [number(reading, "laeq_db") for reading in readings if seconds(reading) < 3600]
    during = [number(reading, "laeq_db") for reading in readings if seconds(reading) > 4200]
    assert max(before) < 50
    assert all(abs(level - 69.4) < 0.5 for level in during)


@pytest.mark.parametrize(
    ("sensors", "injections", "sentence"),
    [
        ((WELL, WELL), (), "same code"),
        ((replace(WELL, kind="smoke"),), (), "gas-1 is of kind 'smoke'"),
        ((WELL,), (inject(5, COVER, taken=1),), "at 5 s names mh-1"),
        ((WELL,), (inject(5, WELL, rain_mm_h=1),), "sets rain_mm_h, but a gas sensor knows leak_l_min"),
        ((WELL,), (inject(5, WELL, leak_l_min=-1),), "sets leak_l_min to -1, outside 0 to 10000"),
    ],
)
def test_what_cannot_be_played_is_refused(
    sensors: tuple[VirtualSensor, ...], injections: tuple[Injection, ...], sentence: str
) -> None:
    with pytest.raises(SimulatorError, match=sentence):
        Fleet(sensors, seed=1, start=START, time_zone=ZONE, injections=injections)


def test_a_start_needs_an_offset() -> None:
    with pytest.raises(SimulatorError, match="offset"):
        Fleet((WELL,), seed=1, start=START.replace(tzinfo=None), time_zone=ZONE)


def test_a_roster_line_that_is_no_sensor_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sensors.csv"
    path.write_text("code,kind,interval_s,attributes\na,gas,,placement=open\nb,smoke,60,\n", encoding="utf-8")
    with pytest.raises(SimulatorError, match=r"sensors\.csv line 3 .*smoke"):
        read_roster(path)
    path.write_text("code,kind,interval_s,attributes\na,gas,,placement=open\n", encoding="utf-8")
    assert read_roster(path) == (VirtualSensor("a", "gas", 1800, {"placement": "open"}),)
