"""Who is sent where, and why."""

import random
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from time import process_time

import msgspec
import pytest
import scipy.optimize  # noqa: F401  the first decision would read it, beyond the deadline of an example
from hypothesis import given
from hypothesis import strategies as st

from dispatch.assignment import Choice, assign
from dispatch.reasons import REFUSAL_STANDS
from dispatch.situation import Need
from dispatch.squads import POSITION_HOLDS, Engagement, Squad, on_duty
from dispatch.travel import arrival_s, distance_m

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)  # noon in Guangning
SKILLS = ("gas", "drainage", "cover", "noise")

GAS_1 = Squad("gas-1", "燃气一队", "Gas squad 1", frozenset({"gas"}), 112.44, 23.63, time(0), time(0), "1")


def need(incident_id: int = 1, grade: int = 2, skill: str = "gas", **changes: object) -> Need:
    fresh = Need(incident_id, grade, skill, 112.44, 23.64, NOW - timedelta(minutes=1))
    return msgspec.structs.replace(fresh, **changes)


def why(choice: Choice) -> dict[str, str]:
    return {passed.squad_id: passed.why for passed in choice.passed_over}


positions = st.tuples(st.floats(112.0, 113.0), st.floats(23.0, 24.0))
hours = st.sampled_from([time(0), time(6), time(12), time(12, 0, 1), time(18), time(22)])
moments = st.integers(0, 86_399).map(lambda seconds: NOW + timedelta(seconds=seconds))


@st.composite
def squad_lists(draw: st.DrawFn) -> list[Squad]:
    squads = []
    for number in range(draw(st.integers(0, 8))):
        longitude, latitude = draw(positions)
        skills = draw(st.frozensets(st.sampled_from(SKILLS), max_size=3))
        start, end = draw(hours), draw(hours)
        squads.append(
            Squad(f"s{number}", f"队{number}", f"Squad {number}", skills, longitude, latitude, start, end, "")
        )
    return squads


@st.composite
def need_lists(draw: st.DrawFn) -> list[Need]:
    needs = []
    for number in range(draw(st.integers(0, 8))):
        longitude, latitude = draw(st.one_of(positions, st.just((None, None))))
        declined = draw(
            st.dictionaries(
                st.sampled_from([f"s{n}" for n in range(8)]),
                st.integers(0, 40).map(lambda minutes: NOW - timedelta(minutes=minutes)),
                max_size=3,
            )
        )
        since = NOW - timedelta(seconds=draw(st.integers(0, 3)))
        grade, skill = draw(st.integers(1, 4)), draw(st.sampled_from(SKILLS))
        needs.append(Need(number + 1, grade, skill, longitude, latitude, since, declined))
    return needs


engagements = st.builds(
    Engagement,
    st.integers(1, 99),
    st.integers(100, 199),
    st.integers(1, 4),
    st.sampled_from(["ordered", "en_route", "on_scene", "working"]),
)
busy_squads = st.dictionaries(st.sampled_from([f"s{n}" for n in range(8)]), st.tuples(engagements), max_size=4)


@given(need_lists(), squad_lists(), busy_squads, moments)
def test_nobody_is_sent_twice_or_unfit_and_everyone_else_has_a_reason(needs, squads, busy, now):
    choices = assign(needs, squads, busy, now)
    roster = {squad.squad_id: squad for squad in squads}
    by_id = {n.incident_id: n for n in needs}
    assert sorted(choice.incident_id for choice in choices) == sorted(by_id)
    sent = [choice.squad_id for choice in choices if choice.squad_id is not None]
    assert len(sent) == len(set(sent))
    for choice in choices:
        asked = by_id[choice.incident_id]
        if choice.squad_id is not None:
            assert asked.skill in roster[choice.squad_id].skills
            assert on_duty(roster[choice.squad_id], now)
            assert choice.squad_id not in busy
        assert (choice.squad_id is None) == (choice.shortfall is not None)
        named = [passed.squad_id for passed in choice.passed_over]
        assert sorted([*named, *([choice.squad_id] if choice.squad_id else [])]) == sorted(roster)
        assert all(passed.zh and passed.en for passed in choice.passed_over)


@given(need_lists(), squad_lists(), busy_squads, st.randoms(use_true_random=False))
def test_order_of_inputs_is_of_no_account(needs, squads, busy, shuffler: random.Random):
    expected = assign(needs, squads, busy, NOW)
    shuffler.shuffle(needs)
    shuffler.shuffle(squads)
    assert assign(needs, squads, busy, NOW) == expected


@given(need_lists(), squad_lists(), busy_squads)
def test_a_graver_need_never_lacks_what_a_lesser_one_got(needs, squads, busy):
    choices = {choice.incident_id: choice for choice in assign(needs, squads, busy, NOW)}
    roster = {squad.squad_id: squad for squad in squads}
    for graver in needs:
        for lesser in needs:
            got = choices[lesser.incident_id].squad_id
            if graver.grade < lesser.grade and got is not None and choices[graver.incident_id].squad_id is None:
                fit = graver.skill in roster[got].skills
                assert not fit or NOW - graver.declined[got] < REFUSAL_STANDS


@given(need_lists(), squad_lists(), busy_squads)
def test_no_exchange_within_a_rank_would_arrive_sooner(needs, squads, busy):
    needs = [msgspec.structs.replace(n, declined={}, longitude=n.longitude or 112.5, latitude=23.5) for n in needs]
    choices = {choice.incident_id: choice for choice in assign(needs, squads, busy, NOW)}
    roster = {squad.squad_id: squad for squad in squads}

    def travel_s(asked: Need, squad_id: str) -> float:
        squad = roster[squad_id]
        far = distance_m(asked.longitude, asked.latitude, squad.longitude, squad.latitude)
        return arrival_s(far, squad.speed_km_h, squad.turnout_s)

    for one in needs:
        for other in needs:
            a, b = choices[one.incident_id].squad_id, choices[other.incident_id].squad_id
            if one.grade != other.grade or a is None or b is None or a == b:
                continue
            if one.skill in roster[b].skills and other.skill in roster[a].skills:
                kept = travel_s(one, a) + travel_s(other, b)
                assert kept <= travel_s(one, b) + travel_s(other, a) + 0.01


def test_each_reason():
    squads = [
        GAS_1,
        replace(GAS_1, squad_id="far", latitude=23.9),
        replace(GAS_1, squad_id="asleep", duty_start=time(20), duty_end=time(8)),
        replace(GAS_1, squad_id="working"),
        replace(GAS_1, squad_id="sewer", skills=frozenset({"drainage"})),
        replace(GAS_1, squad_id="said-no"),
    ]
    asked = need(declined={"said-no": NOW - timedelta(minutes=14)})
    (choice,) = assign([asked], squads, {"working": (Engagement(7, 70, 2, "on_scene"),)}, NOW)
    assert choice.squad_id == "gas-1"
    assert choice.distance_m == pytest.approx(1112, abs=1)
    assert why(choice) == {
        "far": "later",
        "asleep": "off_duty",
        "working": "busy",
        "sewer": "lacks_skill",
        "said-no": "declined",
    }
    texts = {passed.squad_id: (passed.zh, passed.en) for passed in choice.passed_over}
    assert texts["working"] == ("正在执行任务7", "busy with task 7")
    assert texts["far"] == ("到达较晚，约61分钟", "there later, in about 61 min")
    assert choice.reason.en == "Gas squad 1: on duty, free, has the skill gas, expected in 4 min (1.1 km)"
    assert choice.reason.zh == "燃气一队：在岗、空闲、具备燃气处置能力，预计4分钟到达（1.1公里）"
    assert choice.arrival_s == pytest.approx(120 + 1112 * 1.35 / (40 / 3.6), abs=1)


def test_the_second_need_hears_who_took_the_squad():
    lesser, graver = need(1, grade=3), need(2, grade=1, longitude=112.9)
    first, second = assign([lesser, graver], [GAS_1], {}, NOW)
    assert (first.incident_id, first.squad_id) == (2, "gas-1")
    assert why(second) == {"gas-1": "taken"}
    assert second.shortfall is not None
    assert second.shortfall.en == "nobody with the skill gas can go: 1 sent elsewhere"


def test_among_equals_the_longest_waiting_goes_first():
    early, late = need(9, since=NOW - timedelta(hours=1)), need(1)
    assert [choice.incident_id for choice in assign([late, early], [GAS_1], {}, NOW)] == [9, 1]


def test_shortfall_counts_what_is_missing():
    squads = [replace(GAS_1, squad_id="a"), replace(GAS_1, squad_id="b", duty_start=time(20), duty_end=time(8))]
    (choice,) = assign([need()], squads, {"a": (Engagement(5, 50, 2, "ordered"),)}, NOW)
    assert choice.squad_id is None
    assert choice.shortfall is not None
    assert choice.shortfall.en == "nobody with the skill gas can go: 1 busy, 1 off duty"
    assert choice.shortfall.zh == "具备燃气处置能力的队伍均无法出动：1支正在执行任务，1支不在岗"
    (choice,) = assign([need(skill="medical")], squads, {}, NOW)
    assert choice.shortfall is not None
    assert choice.shortfall.en == "no squad has the skill medical"


def test_a_refusal_stands_for_a_while_then_gives_way_to_need():
    other = replace(GAS_1, squad_id="gas-2", latitude=23.9)
    refused_at = NOW - REFUSAL_STANDS + timedelta(seconds=1)
    (choice,) = assign([need(declined={"gas-1": refused_at})], [GAS_1], {}, NOW)
    assert choice.squad_id is None
    later = NOW + timedelta(seconds=1)
    (choice,) = assign([need(declined={"gas-1": refused_at})], [GAS_1], {}, later)
    assert choice.squad_id == "gas-1"
    assert "declined before" in choice.reason.en
    (choice,) = assign([need(declined={"gas-1": refused_at})], [GAS_1, other], {}, later)
    assert choice.squad_id == "gas-2"
    assert why(choice) == {"gas-1": "asked_before"}


def test_equally_near_squads_leave_the_versatile_one():
    both = replace(GAS_1, squad_id="a-both", skills=frozenset({"gas", "cover"}))
    (choice,) = assign([need()], [both, GAS_1], {}, NOW)
    assert choice.squad_id == "gas-1"


def test_an_unknown_place_still_gets_a_squad():
    (choice,) = assign([need(longitude=None, latitude=None)], [GAS_1], {}, NOW)
    assert choice.squad_id == "gas-1"
    assert choice.distance_m is None
    assert "unknown" in choice.reason.en


@pytest.mark.parametrize(
    ("a", "b", "kilometres"),
    [
        ((0, 0), (0, 0), 0),
        ((0, 0), (90, 0), 10_007.557),  # a quarter of 2π·6371.0088 km
        ((0, 0), (180, 0), 20_015.115),
        ((112.4480, 23.6380), (112.6240, 23.8010), 25.486),  # by the spherical law of cosines
    ],
)
def test_distances(a, b, kilometres):
    assert distance_m(*a, *b) / 1000 == pytest.approx(kilometres, abs=0.01)


def test_all_needs_of_a_rank_are_looked_at_together():
    # The nearest squad for each in turn would send the only drainage squad's neighbour the long way.
    west, east = replace(GAS_1, squad_id="west", longitude=112.40), replace(GAS_1, squad_id="east", longitude=112.50)
    first = need(1, longitude=112.46, since=NOW - timedelta(minutes=9))
    second = need(2, longitude=112.52)
    choices = assign([first, second], [west, east], {}, NOW)
    assert {choice.incident_id: choice.squad_id for choice in choices} == {1: "west", 2: "east"}
    assert why(choices[0]) == {"east": "taken"}


def test_who_leads_a_response_comes_before_who_supports_one():
    support = need(1, role="cordon", lead=False, since=NOW - timedelta(hours=1))
    choices = assign([support, need(2)], [GAS_1], {}, NOW)
    assert [(choice.incident_id, choice.squad_id) for choice in choices] == [(2, "gas-1"), (1, None)]


def test_a_fresh_position_counts_and_a_stale_one_does_not():
    here = (112.44, 23.6401)
    near = replace(GAS_1, squad_id="near", latitude=23.65)
    out = replace(GAS_1, squad_id="out", latitude=23.9, seen=here, seen_at=NOW - POSITION_HOLDS)
    (choice,) = assign([need()], [near, out], {}, NOW)
    assert choice.squad_id == "out"
    stale = replace(out, seen_at=NOW - POSITION_HOLDS - timedelta(seconds=1))
    (choice,) = assign([need()], [near, stale], {}, NOW)
    assert choice.squad_id == "near"
    (choice,) = assign([need()], [stale], {}, NOW)
    assert choice.reason.en.endswith("from its home, as its position is stale")


def test_capacity_rest_and_service():
    two = replace(GAS_1, capacity=2)
    task = Engagement(5, 50, 2, "working")
    assert assign([need()], [two], {"gas-1": (task,)}, NOW)[0].squad_id == "gas-1"
    assert {choice.squad_id for choice in assign([need(1), need(2)], [two], {}, NOW)} == {"gas-1"}
    tired = replace(GAS_1, rested_at=NOW + timedelta(minutes=5))
    (choice,) = assign([need()], [tired], {}, NOW)
    assert choice.shortfall is not None
    assert choice.shortfall.en == "nobody with the skill gas can go: 1 resting"
    assert choice.passed_over[0].en == "resting for 5 min more"
    broken = replace(GAS_1, out_since=NOW, out_reason="车辆故障")
    assert why(assign([need()], [broken], {}, NOW)[0]) == {"gas-1": "out_of_service"}


@pytest.mark.parametrize(
    ("preempt", "grade", "status", "lead", "squad_id", "automatic"),
    [
        ("automatic", 3, "en_route", True, "gas-1", True),
        ("propose", 3, "ordered", True, None, False),
        ("never", 3, "en_route", True, None, None),
        ("automatic", 3, "on_scene", True, None, None),
        ("automatic", 1, "en_route", True, None, None),
        ("automatic", 3, "en_route", False, None, None),
    ],
)
def test_red_may_take_a_squad_that_is_on_its_way_to_less(preempt, grade, status, lead, squad_id, automatic):
    asked = need(1, grade=1, preempt=preempt, lead=lead)
    (choice,) = assign([asked], [GAS_1], {"gas-1": (Engagement(5, 50, grade, status),)}, NOW)
    assert choice.squad_id == squad_id
    assert (choice.preemption.automatic if choice.preemption else None) == automatic
    assert (choice.shortfall is None) == (squad_id is not None)
    if choice.preemption:
        assert (choice.preemption.task_id, choice.preemption.incident_id) == (5, 50)
        assert "incident 50" in choice.preemption.reason.en


def test_one_squad_is_taken_off_for_one_red_only():
    asked = [need(n, grade=1, preempt="automatic") for n in (1, 2)]
    choices = assign(asked, [GAS_1], {"gas-1": (Engagement(5, 50, 4, "ordered"),)}, NOW)
    assert [choice.squad_id for choice in choices] == ["gas-1", None]


def test_two_hundred_incidents_and_a_hundred_squads_take_50_ms_at_most():
    chance = random.Random(7)
    squads = [
        replace(GAS_1, squad_id=f"s{n}", longitude=112 + chance.random(), latitude=23 + chance.random())
        for n in range(100)
    ]
    needs = [
        need(n, grade=chance.randint(1, 4), longitude=112 + chance.random(), latitude=23 + chance.random())
        for n in range(200)
    ]
    spent = []
    for _ in range(5):
        started = process_time()
        choices = assign(needs, squads, {}, NOW)
        spent.append(process_time() - started)
    assert sum(choice.squad_id is not None for choice in choices) == 100
    assert min(spent) <= 0.05  # of the processor: what others take of it meanwhile is not the decision's
