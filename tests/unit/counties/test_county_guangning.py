"""The demonstration county holds together: references, geometry, duty hours, and marks as invented data."""

import csv
import json
import re
from collections import Counter
from datetime import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from ingest.kinds import KINDS

COUNTY = Path(__file__).parents[3] / "counties" / "guangning"
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
TOWNS = {"南街街道", "宾亨镇", "横山镇", "木格镇", "潭布镇", "石咀镇"}
TOWNS |= {"古水镇", "洲仔镇", "联和镇", "螺岗镇", "江屯镇", "坑口镇"}
TOWNS |= {"赤坑镇", "北市镇", "五和镇", "石涧镇", "排沙镇"}
ATTRIBUTES: dict[str, dict[str, set[str] | None]] = {
    "manhole": {"road": {"carriageway", "pavement"}},
    "gas": {"placement": {"chamber", "open"}, "chamber": None},
    "waterlogging": {"place": {"road", "underpass"}},
    "noise": {"noise_class": {"0", "1", "2", "3", "4a", "4b"}},
}
SKILLS = {"gas", "drainage", "cover", "noise", "traffic", "medical"}
Point = tuple[float, float]


@pytest.fixture(scope="module")
def grids() -> list[dict[str, Any]]:
    collection = json.loads((COUNTY / "grids.json").read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    return list(collection["features"])


@pytest.fixture(scope="module")
def sensors() -> list[dict[str, str]]:
    with (COUNTY / "sensors.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def squads() -> list[dict[str, Any]]:
    return list(yaml.safe_load((COUNTY / "squads.yaml").read_text(encoding="utf-8"))["squads"])


def attributes(sensor: dict[str, str]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in sensor["attributes"].split(";"))


def is_inside(point: Point, ring: list[Point]) -> bool:
    """Even-odd rule: how often a ray to the east crosses the ring."""
    x, y = point
    crossings = sum(
        (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1) for (x1, y1), (x2, y2) in pairwise(ring)
    )
    return crossings % 2 == 1


def rings(grids: list[dict[str, Any]]) -> dict[str, list[Point]]:
    return {grid["properties"]["grid_id"]: [(x, y) for x, y in grid["geometry"]["coordinates"][0]] for grid in grids}


def on_duty(squad: dict[str, Any], at: time) -> bool:
    start, end = time.fromisoformat(squad["duty_start"]), time.fromisoformat(squad["duty_end"])
    if start == end:
        return True
    return start <= at < end if start < end else at >= start or at < end


def test_the_county_says_that_it_is_invented() -> None:
    county = yaml.safe_load((COUNTY / "county.yaml").read_text(encoding="utf-8"))
    assert county["demonstration"] is True
    assert "演示" in county["note_zh"]
    assert "Demonstration" in county["note_en"]
    assert ZoneInfo(county["time_zone"]).key == "Asia/Shanghai"


def test_every_town_has_grid_cells(grids: list[dict[str, Any]]) -> None:
    cells = Counter(grid["properties"]["town_zh"] for grid in grids)
    assert set(cells) == TOWNS
    assert all(1 <= count <= 4 for count in cells.values())


def test_grids_are_closed_polygons_with_a_demo_person(grids: list[dict[str, Any]]) -> None:
    names = [grid["properties"]["grid_id"] for grid in grids]
    assert len(set(names)) == len(names)
    for grid in grids:
        assert grid["geometry"]["type"] == "Polygon"
        ring = grid["geometry"]["coordinates"][0]
        assert len(ring) >= 4
        assert ring[0] == ring[-1]
        # RFC 7946: an outer ring runs anticlockwise.
        assert sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) > 0
        assert all(112.0 < x < 112.8 and 23.3 < y < 24.0 for x, y in ring)
        assert "演示" in grid["properties"]["responsible_person"]
        assert grid["properties"]["responsible_phone"].startswith("000-")


def test_sensors_have_unique_codes_and_known_kinds(sensors: list[dict[str, str]]) -> None:
    assert 280 <= len(sensors) <= 320
    codes = [sensor["code"] for sensor in sensors]
    assert len(set(codes)) == len(codes)
    assert all(CODE.fullmatch(code) for code in codes)
    assert {sensor["kind"] for sensor in sensors} == set(KINDS)
    assert all(sensor["name_zh"] and sensor["name_en"] for sensor in sensors)
    assert all(int(sensor["interval_s"]) > 0 for sensor in sensors)


def test_sensors_stand_inside_their_grid(sensors: list[dict[str, str]], grids: list[dict[str, Any]]) -> None:
    outline = rings(grids)
    outside = [
        sensor["code"]
        for sensor in sensors
        if not is_inside((float(sensor["longitude"]), float(sensor["latitude"])), outline[sensor["grid_id"]])
    ]
    assert outside == []
    assert {sensor["grid_id"] for sensor in sensors} == set(outline)


def test_most_sensors_are_in_the_county_seat(sensors: list[dict[str, str]]) -> None:
    seat = sum(sensor["grid_id"].startswith("nanjie-") for sensor in sensors)
    assert seat > len(sensors) / 2


def test_attributes_are_those_that_limits_are_looked_up_by(sensors: list[dict[str, str]]) -> None:
    for sensor in sensors:
        allowed = ATTRIBUTES[sensor["kind"]]
        for key, value in attributes(sensor).items():
            words = allowed[key]
            assert words is None or value in words, sensor["code"]
        assert next(iter(allowed)) in attributes(sensor), sensor["code"]
    seen = {value for sensor in sensors for value in attributes(sensor).values()}
    assert seen >= {"carriageway", "pavement", "chamber", "open", "road", "underpass"}
    assert seen >= {"0", "1", "2", "3", "4a", "4b"}


def test_a_chamber_names_its_chain(sensors: list[dict[str, str]]) -> None:
    gas = [attributes(sensor) for sensor in sensors if sensor["kind"] == "gas"]
    assert all(("chamber" in sensor) == (sensor["placement"] == "chamber") for sensor in gas)
    chains = Counter(sensor["chamber"] for sensor in gas if "chamber" in sensor)
    assert sum(wells >= 3 for wells in chains.values()) >= 3


def test_squads_are_eight_with_known_skills(squads: list[dict[str, Any]]) -> None:
    assert len({squad["squad_id"] for squad in squads}) == len(squads) == 8
    for squad in squads:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", squad["squad_id"])
        assert squad["skills"]
        assert set(squad["skills"]) <= SKILLS
        assert squad["phone"].startswith("000-")
        assert "演示" in squad["name_zh"]
        assert "demo" in squad["name_en"]
        assert 112.0 < squad["longitude"] < 112.8
        assert 23.3 < squad["latitude"] < 24.0


@pytest.mark.parametrize("skill", sorted(SKILLS))
def test_every_skill_is_served_at_every_minute(squads: list[dict[str, Any]], skill: str) -> None:
    skilled = [squad for squad in squads if skill in squad["skills"]]
    minutes = [time(minute // 60, minute % 60) for minute in range(24 * 60)]
    assert [at for at in minutes if not any(on_duty(squad, at) for squad in skilled)] == []
