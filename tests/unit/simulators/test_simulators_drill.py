"""Drills are checked when loaded, judged with a reason, and played at their speed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulators.clock import DrillClock
from simulators.device import DEVICE_SETTINGS
from simulators.drill import Drill, load_drill
from simulators.errors import DrillError
from simulators.fleet import Fleet, SensorReading
from simulators.judgement import Observation, judge
from simulators.network import NETWORK_SETTINGS
from simulators.playback import drill_clock, play
from simulators.roster import read_roster
from simulators.squads import Pace, steps

ROOT = Path(__file__).parents[3]
DRILLS = sorted((ROOT / "simulators" / "drills").glob("*.yaml"))
SENSORS = read_roster(ROOT / "counties" / "guangning" / "sensors.csv")
GAS_LEAK = load_drill(ROOT / "simulators" / "drills" / "gas-leak-well-chain.yaml", SENSORS)
NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
PACE = Pace(accept_s=60, en_route_s=30, on_scene_s=300, done_s=600)


def all_of(drill: Drill) -> list[Observation]:
    """What would be seen if everything wanted happened, each in the middle of its window."""
    return [
        Observation(
            wanted.what,
            (wanted.after_s + wanted.before_s) / 2,
            sensor=wanted.sensor,
            hazard_type=wanted.hazard_type,
            grade=wanted.grade,
            squad=wanted.squad,
        )
        for wanted in drill.wanted
        for _ in range(wanted.at_least)
    ]


@pytest.mark.parametrize("path", DRILLS, ids=lambda path: path.stem)
def test_every_drill_that_is_shipped_can_be_loaded(path: Path) -> None:
    drill = load_drill(path, SENSORS)
    happened = all_of(drill)
    # One that stands for several wanted outcomes may be too often for one of them.
    assert all(outcome.met or outcome.wanted.at_most is not None for outcome in judge(drill, happened).outcomes)
    assert judge(drill, []).passed == (not happened)


def test_every_truth_about_devices_and_networks_is_part_of_some_drill() -> None:
    shipped = [load_drill(path, SENSORS) for path in DRILLS]
    injections = [injection for drill in shipped for injection in drill.injections]
    assert {name for one in injections for name in one.device} == set(DEVICE_SETTINGS)
    assert {name for one in injections for name in one.network} == set(NETWORK_SETTINGS)


def test_the_gas_leak_goes_through_every_grade_and_back() -> None:
    start = NOW - timedelta(seconds=GAS_LEAK.duration_s)
    fleet = Fleet(
        SENSORS,
        seed=GAS_LEAK.seed,
        start=start,
        time_zone=ZoneInfo("Asia/Shanghai"),
        injections=GAS_LEAK.injections,
    )
    methane = [
        ((reading.time - start).total_seconds(), float(reading.values["ch4_lel_pct"]))
        for reading in fleet.readings(NOW)
        if reading.code == "gas-0003"
    ]
    for limit in (10, 20, 50, 80):
        assert [at_s for at_s, value in methane if value >= limit][1:], "two readings of each grade"
    assert max(value for _, value in methane) < 100, "an over-range probe would latch"
    red = next(wanted for wanted in GAS_LEAK.wanted if wanted.grade == 1)
    first_red_s = next(at_s for at_s, value in methane if value >= 80)
    assert red.after_s < first_red_s < red.before_s
    # Four steps down of ten minutes each fit before the end.
    calm_s = max(at_s for at_s, value in methane if value >= 5)
    assert calm_s + 4 * 600 + 120 < GAS_LEAK.duration_s
    assert [value for at_s, value in methane if at_s > GAS_LEAK.duration_s - 300]
    assert GAS_LEAK.duration_s / GAS_LEAK.speed == 40


def test_a_report_tells_when_each_outcome_happened() -> None:
    report = judge(GAS_LEAK, all_of(GAS_LEAK))
    assert report.passed
    assert report.counts["hazard_graded"] == 3
    assert report.outcomes[0].reason.en == "happened at 900 s"
    assert report.outcomes[0].reason.zh == "第 900 秒发生"


def test_a_graver_grade_is_as_good_as_the_one_wanted() -> None:
    graver = [replace(seen, grade=1) if seen.grade else seen for seen in all_of(GAS_LEAK)]
    assert judge(GAS_LEAK, graver).passed


@pytest.mark.parametrize(
    ("change", "english"),
    [
        ({"at_s": 2500.0}, "happened at 2500 s, wanted within 1200–2160 s"),
        ({"grade": 2}, "reached grade 2, wanted 1"),
        ({"grade": None}, "did not happen"),
        ({"sensor": "gas-0009"}, "did not happen"),
        ({"hazard_type": "oxygen"}, "did not happen"),
    ],
)
def test_a_miss_has_its_reason(change: dict[str, object], english: str) -> None:
    red = GAS_LEAK.wanted[1]
    drill = replace(GAS_LEAK, wanted=(red,))
    seen = Observation("hazard_graded", 1980, red.sensor, red.hazard_type, red.grade)
    assert judge(drill, [seen]).passed
    report = judge(drill, [replace(seen, **change)])  # type: ignore[arg-type]
    assert not report.passed
    assert report.outcomes[0].observation is None
    assert report.outcomes[0].reason.en == english
    assert report.outcomes[0].reason.zh


@given(st.permutations(all_of(GAS_LEAK)))
def test_the_order_of_observations_does_not_matter(observed: list[Observation]) -> None:
    assert judge(GAS_LEAK, observed) == judge(GAS_LEAK, all_of(GAS_LEAK))


@given(st.sets(st.integers(0, len(GAS_LEAK.wanted) - 1), min_size=1))
def test_taking_an_observation_away_never_helps(lost: set[int]) -> None:
    kept = [seen for index, seen in enumerate(all_of(GAS_LEAK)) if index not in lost]
    missed = [index for index, one in enumerate(judge(GAS_LEAK, kept).outcomes) if one.observation is None]
    assert set(missed) <= lost


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("name",), "another", "the file is called gas-leak-well-chain, the drill another"),
        (("speed",), 0, r"Expected `float` > 0.* - at `\$.speed`"),
        (("duration_s",), "long", r"Expected `int`, got `str` - at `\$.duration_s`"),
        (("wanted",), [], "nothing is wanted"),
        (("wanted", 0, "what"), "applause", r"Invalid enum value 'applause' - at `\$.wanted\[0\].what`"),
        (("wanted", 0, "grade"), 5, r"Expected `int` <= 4"),
        (("wanted", 0, "before_s"), 600, r"wanted 1 \(hazard_graded\) must come after 600 s and before 600 s"),
        (("wanted", 0, "sensor"), "gas-9999", r"wanted 1 .* names gas-9999, which is not in the county"),
        (("injections", 0, "at_s"), 6000, "the injection at 6000 s comes after the end at 6000 s"),
        (("injections", 0, "sensors"), ["gas-9999"], "no sensor of the county is called gas-9999"),
        (("injections", 0, "causes"), {"leak": 1.0}, "sets leak, but a gas sensor knows leak_l_min"),
        (("crew", "done_s"), -1, "can't answer before it was asked"),
        (("crew", "permit_s"), 0, "permit_s must be more than 0"),
        (("title",), {"zh": "只有中文"}, "missing required field `en`"),
        (("wanted", 0, "sensr"), "gas-0003", r"there is no wanted\[0\].sensr"),
        (("limits",), {"detekt_s": 5}, r"there is no limits.detekt_s"),
        (("speeed",), 5, r"there is no speeed"),
        (("wanted", 0, "squad"), "gas-1", r"wanted 1 \(hazard_graded\) names a squad, which it can't have"),
        (("wanted", 4, "grade"), 1, r"wanted 5 \(order_received\) names a grade, which it can't have"),
    ],
)
def test_a_drill_that_makes_no_sense_is_refused_with_a_sentence(
    tmp_path: Path, path: tuple[str | int, ...], value: object, sentence: str
) -> None:
    drill = yaml.safe_load((ROOT / "simulators/drills/gas-leak-well-chain.yaml").read_text(encoding="utf-8"))
    place = drill
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = tmp_path / "gas-leak-well-chain.yaml"
    file.write_text(yaml.safe_dump(drill, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DrillError, match=r"^gas-leak-well-chain\.yaml: .*" + sentence):
        load_drill(file, SENSORS)


def test_a_squad_answers_step_by_step() -> None:
    obeys = ((0, "received"), (60, "accept"), (30, "en_route"), (300, "on_scene"), (600, "done"))
    assert steps("obeys", PACE) == obeys
    assert steps("refuses", PACE) == ((0, "received"), (60, "refuse"))
    assert steps("absent", PACE) == ()
    assert PACE.faster(30) == Pace(2, 1, 10, 20, permit_s=10)


def test_a_crew_asks_for_its_permit_until_it_is_done() -> None:
    asked = steps("obeys", PACE, needs_permit=True)
    assert asked[3:] == ((300, "on_scene"), (300, "permit"), (300, "done"))
    often = steps("obeys", replace(PACE, permit_s=200), needs_permit=True)
    assert often[4:] == ((200, "permit"), (200, "permit"), (200, "done"))
    assert steps("refuses", PACE, needs_permit=True) == ((0, "received"), (60, "refuse"))
    assert steps("obeys", Pace(0, 0, 0, 0), needs_permit=True) == steps("obeys", Pace(0, 0, 0, 0))


def test_a_drill_clock_ends_its_interval_with_the_drill_and_runs_at_its_speed() -> None:
    clock = drill_clock(GAS_LEAK, now=NOW)
    assert clock.of_reading(NOW + timedelta(seconds=40)) == GAS_LEAK.duration_s == 40 * GAS_LEAK.speed
    assert drill_clock(replace(GAS_LEAK, speed=1.0), now=NOW).of_reading(NOW) == 0
    assert clock.of_wall(NOW + timedelta(seconds=2)) == 300
    assert clock.wall(300) == NOW + timedelta(seconds=2)


async def test_playing_publishes_each_reading_when_it_is_due() -> None:
    clock = DrillClock(sensor_start=NOW - timedelta(hours=1), wall_start=NOW, speed=600)
    wall = NOW
    sent: list[tuple[datetime, SensorReading]] = []

    async def pause(seconds: float) -> None:
        nonlocal wall
        wall += timedelta(seconds=seconds)

    async def publish(readings: Sequence[SensorReading]) -> None:
        sent.extend((wall, reading) for reading in readings)

    def fleet() -> Fleet:
        return Fleet(SENSORS[::10], seed=3, start=clock.sensor_start, time_zone=ZoneInfo("Asia/Shanghai"))

    count = await play(fleet(), publish, clock, until=NOW, now=lambda: wall, pause=pause)
    assert [reading for _, reading in sent] == list(fleet().readings(NOW))
    assert count == len(sent) > 100
    lateness = [clock.of_wall(at) - clock.of_reading(reading.time) for at, reading in sent]
    assert min(lateness) >= 0
    assert max(lateness) <= 0.05 * 600 + 1e-6
    assert wall - NOW == pytest.approx(timedelta(seconds=6), abs=timedelta(seconds=0.1))
