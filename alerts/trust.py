"""How far a hazard can be trusted, from what is known of its sensor and of the way its data came. Pure.

Trust is stated, never used to hide a hazard: a doubtful red is still red, and whoever reads it knows the doubt.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from alerts.rules import Words

LATE = timedelta(minutes=5)
LOW_BATTERY_PCT = 20
MISSED_INTERVALS = 2
_ZONE = ZoneInfo("Asia/Shanghai")

Level = Literal["high", "reduced", "low"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for or against a hazard's sensor.

    ``calibration_due`` is the sensor's date in the register, or else its attribute, YYYY-MM-DD, None where calibration
    isn't tracked; ``lag`` is how long after its reading the present grade was stored; ``latest_at`` and ``battery_pct``
    are of the newest reading.
    """

    calibration_due: str | None
    lag: timedelta
    latest_at: datetime | None
    interval: timedelta
    battery_pct: float | None


@dataclass(frozen=True, slots=True)
class Trust:
    """``high`` without a doubt, ``reduced`` with one, ``low`` with more; each doubt in words."""

    level: Level
    doubts: tuple[Words, ...]


def judge(evidence: Evidence, now: datetime) -> Trust:
    """The trust at ``now`` (aware)."""
    found = (_calibration(evidence, now), _lateness(evidence), _silence(evidence, now), _battery(evidence))
    doubts = tuple(doubt for doubt in found if doubt is not None)
    levels: tuple[Level, ...] = ("high", "reduced", "low")
    return Trust(levels[min(len(doubts), 2)], doubts)


def _calibration(evidence: Evidence, now: datetime) -> Words | None:
    if evidence.calibration_due is None:
        return None
    try:
        due = date.fromisoformat(evidence.calibration_due)
    except ValueError:
        return Words("校准到期日无法识别", "its calibration date can't be read: write YYYY-MM-DD")
    if now.astimezone(_ZONE).date() <= due:
        return None
    return Words(f"校准已于{due}到期", f"its calibration was due on {due}")


def _lateness(evidence: Evidence) -> Words | None:
    if evidence.lag <= LATE:
        return None
    minutes = round(evidence.lag.total_seconds() / 60)
    return Words(f"数据迟到{minutes}分钟", f"its data came {minutes} min late")


def _silence(evidence: Evidence, now: datetime) -> Words | None:
    if evidence.latest_at is None:
        return Words("近期没有数据", "it has not reported lately")
    silent = now - evidence.latest_at
    if silent <= MISSED_INTERVALS * evidence.interval:
        return None
    minutes = round(silent.total_seconds() / 60)
    return Words(f"已{minutes}分钟没有新数据", f"it has not reported for {minutes} min")


def _battery(evidence: Evidence) -> Words | None:
    if evidence.battery_pct is None or evidence.battery_pct > LOW_BATTERY_PCT:
        return None
    return Words(f"电量仅{evidence.battery_pct:.0f}%", f"its battery is at {evidence.battery_pct:.0f} %")
