"""Hazards into incidents: near ones together, far ones apart, whatever their order."""

from datetime import UTC, datetime, timedelta
from math import cos, radians
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.families import Family, Grouping, Storm, default_grouping, read_grouping
from alerts.grouping import Anchor, Subject, group, reaches
from alerts.rulefile import default_rules
from alerts.rules import RuleError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
EAST, NORTH = 112.44, 23.63
M_PER_DEGREE = 111_195
GROUPING = Grouping(
    {
        "water": Family(("ponding", "well_level"), 300, 3600, Storm(4, 2400), "test"),
        "gas": Family(("gas_combustible", "oxygen"), 150, 3600, Storm(4, 150), "test"),
    }
)


def place(east_m: float, north_m: float) -> tuple[float, float]:
    return EAST + east_m / M_PER_DEGREE / cos(radians(NORTH)), NORTH + north_m / M_PER_DEGREE


def hazard(
    number: int,
    east_m: float = 0,
    north_m: float = 0,
    *,
    seconds: float = 0,
    hazard_type: str = "ponding",
    skill: str = "drainage",
    grade: int = 3,
    chamber: str | None = None,
) -> Subject:
    longitude, latitude = place(east_m, north_m)
    at = NOW + timedelta(seconds=seconds)
    return Subject(number, hazard_type, skill, grade, at, longitude, latitude, chamber)


def incident(
    number: int,
    east_m: float = 0,
    *,
    at: datetime = NOW,
    family: str = "water",
    skill: str = "drainage",
    chamber: str | None = None,
) -> Anchor:
    return Anchor(number, family, skill, at, *place(east_m, 0), chamber)


def numbers(*subjects: Subject, anchors: tuple[Anchor, ...] = ()) -> list[tuple[int | None, list[int]]]:
    return [(one.incident_id, one.hazard_ids) for one in group(subjects, anchors, GROUPING)]


def test_near_hazards_of_a_family_are_one_incident():
    assert numbers(hazard(1), hazard(2, 299), hazard(3, 0, 250, hazard_type="well_level")) == [(None, [1, 2, 3])]


def test_what_lies_beyond_the_radius_is_another_incident():
    assert numbers(hazard(1), hazard(2, 301)) == [(None, [1]), (None, [2])]


def test_an_incident_does_not_creep_along_a_street():
    assert numbers(*(hazard(n, n * 200) for n in range(4))) == [(None, [0, 1]), (None, [2, 3])]


def test_of_two_incidents_the_nearer_one_is_joined():
    assert numbers(hazard(1, 200), anchors=(incident(7), incident(8, 290))) == [(8, [1])]


@pytest.mark.parametrize(("apart", "joins"), [(HOUR, True), (-HOUR, True), (HOUR + timedelta(seconds=1), False)])
def test_the_time_between_must_fit(apart, joins):
    [(found, _)] = numbers(hazard(1), anchors=(incident(7, at=NOW + apart),))
    assert (found == 7) is joins


def test_other_families_and_skills_stay_apart():
    gas = hazard(1, hazard_type="oxygen", skill="gas")
    assert numbers(gas, hazard(2)) == [(None, [1]), (None, [2])]
    assert numbers(hazard(1, skill="traffic"), anchors=(incident(7),)) == [(None, [1])]


def test_a_type_that_no_family_names_stands_alone():
    assert numbers(hazard(1, hazard_type="landslide"), hazard(2, hazard_type="landslide")) == [(None, [1]), (None, [2])]


def test_without_a_place_a_hazard_stands_alone():
    lost = Subject(1, "ponding", "drainage", 3, NOW)
    assert numbers(lost, lost._replace(hazard_id=2)) == [(None, [1]), (None, [2])]


def test_the_same_chamber_is_one_incident_however_far_and_late():
    far = hazard(2, 900, hazard_type="oxygen", skill="gas", chamber="north", seconds=90_000)
    near = hazard(1, hazard_type="gas_combustible", skill="gas", chamber="north")
    assert numbers(near, far) == [(None, [1, 2])]
    lost = far._replace(longitude=None, latitude=None)
    open_one = incident(7, family="gas", skill="gas", chamber="north", at=NOW - 9 * HOUR)
    assert numbers(lost, anchors=(open_one,)) == [(7, [2])]


def test_a_chamber_never_hides_a_hazard_from_the_squad_that_it_needs():
    water = incident(7, chamber="north")
    gas = hazard(1, hazard_type="gas_combustible", skill="gas", chamber="north")
    assert numbers(gas, anchors=(water,)) == [(None, [1])]


def test_in_a_storm_the_radius_grows_until_incidents_are_few():
    street = [hazard(n, n * 500) for n in range(12)]
    assert len(numbers(*street[:4])) == 4
    groups = numbers(*street)
    assert 1 < len(groups) <= 4
    assert sorted(number for _, members in groups for number in members) == list(range(12))


def test_the_radius_grows_no_further_than_the_storm_rule_says():
    assert len(numbers(*(hazard(n, n * 2500) for n in range(12)))) == 12


@st.composite
def storms(draw: st.DrawFn) -> list[Subject]:
    spots = draw(
        st.lists(st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000), st.integers(0, 7200)), max_size=30)
    )
    return [
        hazard(n, east, north, seconds=seconds, grade=1 + n % 3, chamber="north" if n % 11 == 0 else None)
        for n, (east, north, seconds) in enumerate(spots)
    ]


@given(storms(), st.randoms())
def test_each_hazard_is_in_one_group_whatever_the_order(subjects, random):
    anchors = [incident(100 + n, n * 400) for n in range(3)]
    groups = group(subjects, anchors, GROUPING)
    assert sorted(number for one in groups for number in one.hazard_ids) == sorted(s.hazard_id for s in subjects)
    shuffled, others = list(subjects), list(anchors)
    random.shuffle(shuffled)
    random.shuffle(others)
    assert group(shuffled, others, GROUPING) == groups


@given(storms())
def test_members_are_near_and_a_new_incident_was_needed(subjects):
    widest = GROUPING.families["water"].storm.radius_m
    by_number = {subject.hazard_id: subject for subject in subjects}
    for one in group(subjects, (), GROUPING):
        first, *others = (by_number[number] for number in one.hazard_ids)
        for other in others:
            away_m = M_PER_DEGREE * abs(
                complex((other.longitude - first.longitude) * cos(radians(NORTH)), other.latitude - first.latitude)
            )
            assert away_m <= widest * 1.01 or other.chamber == one.chamber is not None
            assert other.at >= first.at


def test_every_hazard_of_the_rules_that_is_an_emergency_has_a_family():
    grouping = default_grouping()
    for file in default_rules():
        for name, rule in file.hazards.items():
            assert rule.maintenance or grouping.family_of(name) != name
    assert all(family.source for family in grouping.families.values())
    assert all(grouping.family_of(name) in grouping.families for name in grouping.reported)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (
            "families: {w: {hazards: [a], radius_m: 9, within_s: 1, storm: {incidents: 1, radius_m: 8}, source: x}}",
            "w:",
        ),
        (
            "families: {w: {hazards: [a], radius_m: 0, within_s: 1, storm: {incidents: 1, radius_m: 8}, source: x}}",
            "w:",
        ),
        ("families: {w: {radius: 1}}", "unknown field|missing required"),
        ("families: [", "grouping.yaml"),
        (
            "families:\n"
            "  v: &f {hazards: [a], radius_m: 1, within_s: 1, storm: {incidents: 1, radius_m: 8}, source: x}\n"
            "  w: *f",
            "a is in more than one family",
        ),
        (
            "families: {}\nreported: {smell: {kind: nose, skill: gas, title: {zh: x, en: x}}}",
            "unknown kind 'nose'",
        ),
    ],
)
def test_a_bad_file_is_refused_with_what_to_change(tmp_path: Path, body, complaint):
    path = tmp_path / "grouping.yaml"
    path.write_text(body)
    with pytest.raises(RuleError, match=complaint):
        read_grouping(path)


@pytest.mark.parametrize(
    ("east", "north", "near"),
    [
        (179.99, 23.6, (-179.99, 23.6)),  # across the antimeridian
        (-179.99, 23.6, (179.99, 23.6)),
        (10.0, 89.99, (-170.0, 89.99)),  # across the pole
        (10.0, 80.0, (10.12, 80.0)),  # meridians draw together: 2.3 km
    ],
)
def test_what_is_near_is_within_reach_wherever_on_earth(east, north, near):
    subject = Subject(1, "ponding", "drainage", 3, NOW, east, north)
    other = Subject(2, "ponding", "drainage", 3, NOW, *near)
    [reach] = reaches([subject], GROUPING)
    assert reach.west <= near[0] <= reach.east
    assert reach.south <= near[1] <= reach.north
    storm = Grouping({"water": Family(("ponding",), 300, 3600, Storm(1, 2400), "test")})
    assert len(group([subject, other], (), storm)) == 1


def test_each_exercise_and_family_is_looked_for_by_itself():
    drill = hazard(2)._replace(exercise_id=7)
    lost = Subject(3, "ponding", "drainage", 3, NOW)
    alone = hazard(4, hazard_type="landslide")
    found = reaches([hazard(1), drill, hazard(5, hazard_type="oxygen", skill="gas"), lost, alone], GROUPING)
    assert [(one.exercise_id, one.family) for one in found] == [(0, "water"), (7, "water"), (0, "gas")]


def test_a_storm_counts_what_is_open_elsewhere_in_the_same_exercise_only():
    pair = [hazard(1), hazard(2, 500)]
    assert len(group(pair, (), GROUPING, {(0, "water"): 2})) == 2
    assert len(group(pair, (), GROUPING, {(0, "water"): 3})) == 1
    assert len(group(pair, (), GROUPING, {(7, "water"): 30, (0, "gas"): 30})) == 2
    drill = [one._replace(exercise_id=7) for one in pair]
    groups = group([*pair, *drill], (), GROUPING, {(7, "water"): 3})
    assert sorted((one.exercise_id, len(one.hazard_ids)) for one in groups) == [(0, 1), (0, 1), (7, 2)]
