"""What the hub makes of what it measured of itself."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from lifeline.vitals import Vitals, judge

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WELL = Vitals(0.1, 0, 0.5, 0.01, 700, 0)
LATER = timedelta(minutes=5)


def grades(vitals: Vitals, standing: dict[str, int] | None = None) -> dict[str, int]:
    """Grades of what begins when the values last."""
    first = judge(vitals, standing or {}, {}, NOW)
    then = judge(vitals, standing or {}, first.since, NOW + LATER)
    return {trouble.hazard_type: trouble.grade for trouble in then.troubles}


def test_a_hub_that_is_well() -> None:
    judged = judge(WELL, {}, {}, NOW)
    assert (judged.troubles, judged.over, judged.since) == ((), {}, {})


@pytest.mark.parametrize(
    ("vital", "value", "hazard_type", "grade"),
    [
        ("ingest_behind_s", 60, "hub_ingest_lag", 3),
        ("ingest_behind_s", 86_400, "hub_ingest_lag", 2),
        ("outbox_late_s", 90, "hub_outbox_stuck", 3),
        ("disk_free", 0.1, "hub_disk", 3),
        ("disk_free", 0.01, "hub_disk", 1),
        ("clock_skew_s", 45, "hub_clock", 2),
        ("certificate_days", 29.9, "hub_certificate", 4),
        ("certificate_days", -3, "hub_certificate", 1),
        ("refused_logins", 20, "hub_broker_auth", 3),
    ],
)
def test_each_vital_has_its_trouble(vital: str, value: float, hazard_type: str, grade: int) -> None:
    assert grades(replace(WELL, **{vital: value})) == {hazard_type: grade}


def test_a_short_delay_is_no_trouble() -> None:
    late = replace(WELL, ingest_behind_s=70)
    first = judge(late, {}, {}, NOW)
    assert first.troubles == ()
    then = judge(WELL, {}, first.since, NOW + timedelta(seconds=20))
    assert then.since == {}
    assert judge(late, {}, then.since, NOW + LATER).troubles == ()  # it counts anew


def test_a_trouble_is_told_again_only_when_it_grows_graver() -> None:
    filling = replace(WELL, disk_free=0.09)
    assert grades(filling, {"hub_disk": 3}) == {}
    assert grades(replace(filling, disk_free=0.04), {"hub_disk": 3}) == {"hub_disk": 2}
    assert grades(filling, {"hub_disk": 1}) == {}


def test_a_trouble_ends_past_its_limit_and_not_at_it() -> None:
    standing = {"hub_disk": 3}
    assert judge(replace(WELL, disk_free=0.11), standing, {}, NOW).over == {}
    over = judge(replace(WELL, disk_free=0.13), standing, {}, NOW).over
    assert over["hub_disk"].en == "13.0% of the disk is free"


@pytest.mark.parametrize("standing", [{}, {"hub_disk": 1, "hub_broker_auth": 3}])
def test_no_news_changes_nothing(standing: dict[str, int]) -> None:
    judged = judge(Vitals(), standing, {"hub_disk": NOW}, NOW + LATER)
    assert (judged.troubles, judged.over, judged.since) == ((), {}, {"hub_disk": NOW})
    assert all(getattr(Vitals(), field.name) is None for field in fields(Vitals))
