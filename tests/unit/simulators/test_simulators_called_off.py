"""Virtual squads that are told something beside their orders."""

from datetime import UTC, datetime, timedelta

from simulators.squads import Conduct, Pace, Squads

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
PACE = Pace(accept_s=60, en_route_s=60, on_scene_s=300, done_s=600)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def said(squads: Squads, until_s: float) -> list[tuple[str, str]]:
    return [(answer.key, answer.action) for answer in squads.answers(at(until_s))]


def test_an_order_that_is_called_off_is_answered_no_more_and_others_go_on() -> None:
    squads = Squads(PACE, (), START)
    squads.hear("gas-1", {"key": "order-1"}, START)
    squads.hear("gas-1", {"key": "order-2"}, START)
    squads.heed("gas-1", {"key": "cancelled-1", "kind": "cancelled", "task_id": 1}, START)
    assert said(squads, 60) == [("order-2", "received"), ("cancelled-1", "received"), ("order-2", "accept")]
    assert [action for _, action in said(squads, 5000)] == ["en_route", "on_scene", "done"]
    assert set(squads.arrivals) == {"order-1", "order-2"}


def test_a_reminder_is_confirmed_and_changes_nothing() -> None:
    squads = Squads(PACE, (), START)
    squads.hear("gas-1", {"key": "order-1"}, START)
    squads.heed("gas-1", {"key": "reminder-1", "kind": "reminder", "task_id": 1}, START)
    assert ("reminder-1", "received") in said(squads, 0)
    assert [action for _, action in said(squads, 5000)] == ["accept", "en_route", "on_scene", "done"]


def test_who_is_absent_confirms_nothing_and_who_is_out_of_reach_does_when_back() -> None:
    conducts = (Conduct("gas-1", "absent"), Conduct("gas-2", "out_of_reach", to_s=900))
    squads = Squads(PACE, conducts, START)
    for squad in ("gas-1", "gas-2"):
        squads.heed(squad, {"key": f"reminder-{squad}", "kind": "reminder", "task_id": 1}, START)
    assert said(squads, 899) == []
    assert said(squads, 900) == [("reminder-gas-2", "received")]
