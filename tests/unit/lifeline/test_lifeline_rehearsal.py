"""What a drill teaches, as JSON and as a page; judged outcomes that must not happen; a past event as a feed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispatch.exercises import Exercise
from dispatch.plans import Limits
from lifeline.errors import HubError
from lifeline.rehearsal.assess import assess_drill
from lifeline.rehearsal.headings import HEADINGS
from lifeline.rehearsal.means import materials_of
from lifeline.rehearsal.page import as_html, clock
from lifeline.rehearsal.past import drill_of_past
from lifeline.rehearsal.play import Played, Recorded, Simulated, pacer
from lifeline.rehearsal.record import Case, Part, Record, Stock
from lifeline.rehearsal.rehearse import Rehearsed
from simulators.drill import DRILLS, Drill, Wanted, load_drill
from simulators.judgement import Observation, judge
from simulators.network import Carried, Delivery
from simulators.roster import read_roster
from simulators.squads import Squads

SENSORS = read_roster(Path(__file__).parents[3] / "counties" / "guangning" / "sensors.csv")
DRILL = load_drill(DRILLS / "underpass-flooding.yaml", SENSORS)
ZONE = ZoneInfo("Asia/Shanghai")
NOTHING_LOST = Carried()
START = DRILL.starts.replace(tzinfo=ZONE)
ON_TIME = {
    **{"opened": 700.0, "filed": 705.0, "ordered": 710.0, "received": 710.0, "accepted": 770.0},
    **{"on_scene": 1400.0, "done": 5000.0, "closed": 7000.0},
}
LIMITS = Limits(remind_s=60, confirm_s=120, depart_s=300, arrive_s=1200, finish_s=7200)
PART = Part("ponding", ("排水", "pump"), "drainage", ordered=True, came=True, done=True)
PUMPS = Stock("pump", ("水泵", "pump"), "台", 3)


def case(**steps_s: float) -> Case:
    return Case(1, "wl-0008", "ponding", 1, "closed", ("【演练】积水", "DRILL ponding"), steps_s, LIMITS, {"pump": 2})


def ended(
    *cases: Case,
    observed: Sequence[Observation] = (),
    carried: Carried = NOTHING_LOST,
    parts: Sequence[Part] = (PART,),
    **message: Any,
) -> Rehearsed:
    row = {
        "key": "order-1",
        "recipient": "drainage-1",
        "channel": "mqtt",
        "attempts": 1,
        "title_zh": "【演练】积水",
        "created_at": START,
        "sent_at": START,
        "received_at": START + timedelta(seconds=5),
        "hazard_type": "ponding",
    } | message
    played = Played(START, Squads(DRILL.crew, (), START), carried, 10)
    record = Record((), cases, (row,), tuple(parts), (PUMPS,))
    return Rehearsed(DRILL, 27, Exercise(1), played, record, judge(DRILL, observed), START, 1.5)


def all_of(drill: Drill) -> list[Observation]:
    return [
        Observation(one.what, (one.after_s + one.before_s) / 2, one.sensor, one.hazard_type, one.grade, one.squad)
        for one in drill.wanted
        if one.at_most != 0
    ]


def test_a_drill_that_went_well_has_full_marks_and_no_findings() -> None:
    report = assess_drill(ended(case(**ON_TIME), observed=all_of(DRILL)), None)
    assert (report["passed"], report["score"], report["findings"], report["last_run"]) == (True, 100, [], None)
    assert {one["step"]: one["slowest_s"] for one in report["timings"]} == {
        "detect": 100.0,  # from the cloudburst at 600 s
        "file": 5.0,
        "order": 10.0,
        "confirm": 60.0,
        "arrive": 630.0,
        "done": 3600.0,
        "close": 6300.0,
    }
    assert set(report["assessment"]) == {*HEADINGS, "improvements"}
    assert {one["verdict"] for one in report["assessment"].values()} == {"good"}


@pytest.mark.parametrize(
    ("rehearsed", "heading", "english"),
    [
        (ended(case(**ON_TIME)), "execution", "did not happen"),
        (ended(case(**ON_TIME | {"on_scene": 4000.0})), "people", "arrive: 1 of 1 late, slowest 3230 s, limit 1500 s"),
        (ended(case(**ON_TIME | {"accepted": 900.0})), "command", "confirm: 1 of 1 late, slowest 190 s, limit 120 s"),
        (ended(case(**ON_TIME | {"filed": 900.0})), "command", "file: 1 of 1 late, slowest 200 s, limit 120 s"),
        (
            ended(case(**ON_TIME), parts=(PART, replace(PART, came=False))),
            "practicability",
            "2 squads (drainage), 1 never",
        ),
        (ended(case(**ON_TIME), case(**ON_TIME)), "equipment", "pump: 4 were called for at once, 3 were free, 1 short"),
        (
            ended(case(**ON_TIME | {"unassigned": 705.0})),
            "people",
            "had nobody to go at first, the longest wait was 10 s",
        ),
        (ended(case(**ON_TIME | {"refused": 705.0})), "people", "a squad refused"),
        (ended(case(opened=700.0)), "practicability", "1 cases were open at the end"),
        (ended(case(**ON_TIME), received_at=None), "command", "1 messages were never confirmed"),
        (ended(case(**ON_TIME), carried=Carried(sent=9, lost=2, broken=1)), "equipment", "2 were lost, 1 broken"),
    ],
)
def test_what_falls_short_is_found_under_its_heading(rehearsed: Rehearsed, heading: str, english: str) -> None:
    report = assess_drill(rehearsed, None)
    found = [one for one in report["findings"] if english in one["en"]]
    assert found, report["findings"]
    assert {one["heading"] for one in found} == {heading}
    assert all(one["zh"] and one["proposal_zh"] and one["proposal_en"] for one in found)
    assert {one["hazard_types"] for one in found} == {("ponding",)}
    assert report["assessment"][heading]["verdict"] == "to_improve"
    assert len(report["assessment"]["improvements"]["proposals"]) == len(report["findings"])


def test_a_run_is_compared_with_the_last_one_of_the_same_drill() -> None:
    good = assess_drill(ended(case(**ON_TIME), observed=all_of(DRILL)), None)
    slower = assess_drill(ended(case(**ON_TIME | {"on_scene": 2400.0}), observed=all_of(DRILL)), good)
    assert slower["last_run"]["score"] == 100
    assert slower["last_run"]["score_change"] < 0
    assert slower["last_run"]["slowest"]["arrive"] == {"before_s": 630.0, "now_s": 1630.0}
    assert assess_drill(ended(case(**ON_TIME)), {**good, "drill": "another"})["last_run"] is None


def test_materials_are_added_up_over_the_cases_that_are_open_at_once() -> None:
    first = case(**ON_TIME)
    later = replace(first, steps_s={"opened": 7000.0})  # opened as the first is closed
    (pumps,) = materials_of([first, later], [PUMPS])
    assert (pumps.called, pumps.at_s, pumps.free, pumps.short) == (2, 700.0, 3, 0)
    (pumps,) = materials_of([first, replace(later, steps_s={"opened": 6999.0})], [])
    assert (pumps.called, pumps.at_s, pumps.zh, pumps.short) == (4, 6999.0, "pump", 4)


def test_the_page_shows_everything_and_escapes_it() -> None:
    report = assess_drill(ended(replace(case(**ON_TIME), title=("<b>井</b>", "x")), observed=all_of(DRILL)), None)
    page = as_html(report)
    assert page.count("<svg") == 3
    assert "【演练】" in page
    assert "&lt;b&gt;井" in page
    assert "<b>井" not in page
    assert "order-1" in page
    assert all(text.zh in page for text in HEADINGS.values())
    assert "水泵" in page
    assert "预案步骤与力量" in page
    assert as_html(report) == page
    assert as_html(assess_drill(ended(), report)).count("<svg") == 1  # without cases there is nothing to draw


def test_the_words_on_the_plots_are_in_both_languages_on_any_machine() -> None:
    late = case(**ON_TIME | {"on_scene": 4000.0})
    plots = as_html(assess_drill(ended(late, observed=all_of(DRILL)[1:]), None)).split("<svg")[1:]
    words = [re.findall(r"<(?:text|tspan)[^>]*>([^<]+)</", plot.split("</svg>")[0]) for plot in plots]
    wanted, times, cases = words
    assert {"wl-0008 队伍到场", "wl-0008 squad on scene", "实有 happened"} <= set(wanted)
    assert {"到场", "arrive", "时限（最严至最宽） limit (strictest to most lenient)"} <= set(times)
    assert {"#1 wl-0008 道路积水", "ponding", "红色 red", "派遣 ordered", "结案 closed"} <= set(cases)
    assert all(any("h:mm:ss" in word and "时:分:秒" in word for word in of_plot) for of_plot in words)


def test_a_case_without_any_squad_waits_until_it_is_over() -> None:
    report = assess_drill(ended(case(opened=700.0, filed=705.0, unassigned=705.0)), None)
    (found,) = (one for one in report["findings"] if "nobody to go" in one["en"])
    assert found["en"] == "1 cases (ponding) had nobody to go at first, the longest wait was 8900 s"
    assert "（道路积水）" in found["zh"]


@pytest.mark.parametrize(("seconds", "shown"), [(None, "–"), (0, "0:00:00"), (3661.4, "1:01:01"), (36000, "10:00:00")])
def test_times_are_told_in_hours(seconds: float | None, shown: str) -> None:
    assert clock(seconds) == shown


def test_what_must_not_happen_is_judged_too() -> None:
    drill = replace(DRILL, wanted=(Wanted("order_received", 0, 100, at_least=0, at_most=0),))
    assert judge(drill, []).passed
    assert judge(drill, [Observation("order_received", 101)]).passed
    report = judge(drill, [Observation("order_received", 50)])
    assert not report.passed
    assert report.outcomes[0].reason.en == "must not happen, but did at 50 s"


@pytest.mark.parametrize(
    ("count", "english"),
    [
        (1, "happened 1 times, at least 2 wanted"),
        (2, "happened 2 times from 10 s on"),
        (4, "happened 4 times, at most 3"),
    ],
)
def test_how_often_is_judged(count: int, english: str) -> None:
    drill = replace(DRILL, wanted=(Wanted("incident_opened", 0, 100, at_least=2, at_most=3),))
    report = judge(drill, [Observation("incident_opened", 10.0 + number) for number in range(count)])
    assert report.outcomes[0].reason.en == english
    assert report.passed == (count == 2)


def test_the_same_seed_gives_the_same_messages_and_another_one_others() -> None:
    first, again, other = (
        [
            one.payload
            for one in Simulated(DRILL, DRILL.players(SENSORS), seed, START).arriving(START + timedelta(hours=2))
        ]
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert len(first) > 100


def test_a_record_is_given_as_its_times_come() -> None:
    deliveries = [Delivery(START + timedelta(seconds=60 * n), n, "wl-0008", "waterlogging", b"{}") for n in range(5)]
    feed = Recorded(deliveries)
    assert feed.arriving(START + timedelta(seconds=120)) == deliveries[:2]
    assert feed.arriving(START + timedelta(seconds=120)) == []
    assert feed.arriving(START + timedelta(hours=1)) == deliveries[2:]
    assert feed.carried.sent == 5


def test_a_past_event_is_a_drill_without_wishes() -> None:
    deliveries = [Delivery(START, 1, "wl-0008", "waterlogging", b"{}")]
    drill = drill_of_past(deliveries, START, START + timedelta(hours=1), SENSORS)
    assert (drill.duration_s, drill.last_s, drill.cast) == (3600, 3600, ("wl-0008",))
    assert judge(drill, []).passed
    stranger = [replace(deliveries[0], code="elsewhere")]
    with pytest.raises(HubError, match="elsewhere has readings"):
        drill_of_past(stranger, START, START + timedelta(hours=1), SENSORS)


async def test_a_speed_makes_the_drill_wait_and_none_never_does() -> None:
    moment = 100.0
    await pacer(None, lambda: moment)(1e9)
    paced = pacer(1e6, lambda: moment)
    before = datetime.now(UTC)
    await paced(20_000)
    assert (datetime.now(UTC) - before).total_seconds() >= 0.019
