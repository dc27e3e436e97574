"""Virtual squads answer in their own time, refuse, stay away, and are out of reach for a while."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from simulators.squads import Conduct, How, Pace, Squads

START = datetime(2026, 3, 4, tzinfo=UTC)
PACE = Pace(accept_s=60, en_route_s=30, on_scene_s=300, done_s=600)
ORDER = {"key": "order-1", "incident_id": 1}


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def said(squads: Squads, until_s: float) -> list[tuple[float, str]]:
    return [((answer.at - START).total_seconds(), answer.action) for answer in squads.answers(after(until_s))]


def test_a_squad_that_obeys_goes_step_by_step() -> None:
    squads = Squads(PACE, [], START)
    squads.hear("gas-1", ORDER, after(10))
    assert said(squads, 70) == [(10, "received"), (70, "accept")]
    assert said(squads, 5000) == [(100, "en_route"), (400, "on_scene"), (1000, "done")]
    assert squads.arrivals["order-1"].at == after(10)


@pytest.mark.parametrize(
    ("how", "expected"), [("refuses", [(0, "received"), (60, "refuse")]), ("absent", [])], ids=["refuses", "absent"]
)
def test_others_refuse_or_are_not_there(how: How, expected: list[tuple[float, str]]) -> None:
    squads = Squads(PACE, [Conduct("gas-1", how)], START)
    squads.hear("gas-1", ORDER, START)
    assert said(squads, 9999) == expected
    assert len(squads.arrivals) == (0 if how == "absent" else 1)


def test_a_slow_squad_takes_its_time() -> None:
    squads = Squads(PACE, [Conduct("gas-1", slower=2)], START)
    squads.hear("gas-1", ORDER, START)
    assert said(squads, 9999)[-1] == (1980, "done")


def test_out_of_reach_an_order_waits_and_so_do_answers() -> None:
    squads = Squads(PACE, [Conduct("gas-1", "out_of_reach", from_s=50, to_s=1000)], START)
    squads.hear("gas-1", ORDER, START)
    squads.hear("gas-1", {**ORDER, "key": "order-2"}, after(100))
    assert said(squads, 999) == [(0, "received")]
    assert squads.arrivals["order-2"].at == after(1000)
    later = said(squads, 1000)
    assert (1000, "accept") in later
    assert (1000, "received") in later


def test_a_repeated_order_is_confirmed_again_and_nothing_more() -> None:
    squads = Squads(PACE, [], START)
    squads.hear("gas-1", ORDER, START)
    squads.hear("gas-1", ORDER, after(5))
    assert said(squads, 60) == [(0, "received"), (5, "received"), (60, "accept")]
    assert squads.arrivals["order-1"].at == START


def test_an_answer_is_a_receipt_as_it_goes_over_mqtt() -> None:
    squads = Squads(PACE, [], START)
    squads.hear("gas-1", ORDER, START)
    (answer,) = squads.answers(START)
    assert msgspec.json.decode(answer.payload()) == {
        "key": "order-1",
        "action": "received",
        "time": "2026-03-04T00:00:00Z",
        "note": "",
    }
