"""What lowers the trust in a hazard, and how it is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.trust import Evidence, judge

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
SOUND = Evidence("2026-06-01", timedelta(seconds=2), NOW - timedelta(minutes=5), timedelta(minutes=5), 80)


def test_a_sound_sensor_is_trusted():
    assert judge(SOUND, NOW).level == "high"
    assert judge(replace(SOUND, calibration_due=None, battery_pct=None), NOW).doubts == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"calibration_due": "2026-05-31"}, "its calibration was due on 2026-05-31"),
        ({"calibration_due": "soon"}, "its calibration date can't be read: write YYYY-MM-DD"),
        ({"lag": timedelta(minutes=12)}, "its data came 12 min late"),
        ({"latest_at": NOW - timedelta(minutes=11)}, "it has not reported for 11 min"),
        ({"latest_at": None}, "it has not reported lately"),
        ({"battery_pct": 20}, "its battery is at 20 %"),
    ],
)
def test_each_doubt_is_said_and_lowers_it(change, words):
    trust = judge(replace(SOUND, **change), NOW)
    assert (trust.level, [doubt.en for doubt in trust.doubts]) == ("reduced", [words])
    assert all(doubt.zh for doubt in trust.doubts)


def test_more_doubts_leave_little_trust():
    assert judge(replace(SOUND, battery_pct=3, lag=timedelta(hours=1), latest_at=None), NOW).level == "low"


def test_the_day_of_calibration_is_a_local_one():
    evening = datetime(2026, 6, 1, 15, 59, tzinfo=UTC)
    assert judge(replace(SOUND, latest_at=evening), evening).level == "high"
    assert judge(replace(SOUND, latest_at=evening), evening + timedelta(minutes=1)).level == "reduced"
