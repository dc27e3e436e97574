"""What the hub measures of itself, and from which value on it is a trouble: decided without I/O, with reasons.

The limits are this project's own proposals. Each has a grade for each limit and a calmer value that ends the trouble,
so that nothing flaps at its limit. What can't be measured neither begins nor ends anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.hubtroubles import Trouble
from alerts.rules import Words

_RED, _ORANGE, _YELLOW, _BLUE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look at the hub; None for what could not be measured or isn't there.

    ``ingest_behind_s``: how long readings have waited to be stored; ``outbox_late_s``: by how long the oldest message
    is late; ``disk_free``: share of the disk; ``clock_skew_s``: the database's clock against this machine's;
    ``certificate_days``: until the first of the hub's certificates ends; ``refused_logins``: at the broker, within
    ten minutes.
    """

    ingest_behind_s: float | None = None
    outbox_late_s: float | None = None
    disk_free: float | None = None
    clock_skew_s: float | None = None
    certificate_days: float | None = None
    refused_logins: float | None = None


@dataclass(frozen=True, slots=True)
class _Limit:
    """``grades``: the limit of each grade; ``calm``: what ends it; ``delay``: how long it must last to begin."""

    hazard_type: str
    vital: str
    grades: Mapping[int, float]
    calm: float
    delay: timedelta
    zh: str
    en: str
    below: bool = False

    def grade(self, value: float) -> int | None:
        """The gravest grade whose limit is reached."""
        reached = [grade for grade, limit in self.grades.items() if (value <= limit if self.below else value >= limit)]
        return min(reached, default=None)

    def is_calm(self, value: float) -> bool:
        """Whether the value ends the trouble."""
        return value >= self.calm if self.below else value <= self.calm

    def reason(self, value: float) -> Words:
        """What was measured, in words."""
        return Words(self.zh.format(value), self.en.format(value))


_AT_ONCE = timedelta(0)
_LIMITS = (
    _Limit(
        "hub_ingest_lag",
        "ingest_behind_s",
        {_YELLOW: 60, _ORANGE: 300},
        10,
        timedelta(seconds=30),  # a hub that comes up behind the others
        "读数入库已滞后{:.0f}秒",
        "readings have waited {:.0f} s to be stored",
    ),
    _Limit(
        "hub_outbox_stuck",
        "outbox_late_s",
        {_YELLOW: 60, _ORANGE: 300},
        10,
        timedelta(seconds=30),
        "最早的一条命令或通知已迟发{:.0f}秒",
        "the oldest order or message is {:.0f} s late in going out",
    ),
    _Limit(
        "hub_disk",
        "disk_free",
        {_YELLOW: 0.10, _ORANGE: 0.05, _RED: 0.02},
        0.12,
        _AT_ONCE,
        "磁盘剩余{:.1%}",
        "{:.1%} of the disk is free",
        below=True,
    ),
    _Limit(
        "hub_clock",
        "clock_skew_s",
        {_YELLOW: 2, _ORANGE: 30},
        1,
        timedelta(minutes=1),
        "数据库与本机时钟相差{:.1f}秒",
        "the clocks of database and hub are {:.1f} s apart",
    ),
    _Limit(
        "hub_certificate",
        "certificate_days",
        {_BLUE: 30, _YELLOW: 14, _ORANGE: 7, _RED: 1},
        31,
        _AT_ONCE,
        "证书{:.0f}天后到期",
        "a certificate ends in {:.0f} days",
        below=True,
    ),
    _Limit(
        "hub_broker_auth",
        "refused_logins",
        {_YELLOW: 20, _ORANGE: 200},
        5,
        _AT_ONCE,
        "十分钟内消息中间件拒绝了{:.0f}次登录",
        "the broker refused {:.0f} logins within ten minutes",
    ),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What begins or grows graver, what is over, and since when each limit has been reached, for the next look."""

    troubles: tuple[Trouble, ...]
    over: Mapping[str, Words]
    since: Mapping[str, datetime]


def judge(vitals: Vitals, standing: Mapping[str, int], since: Mapping[str, datetime], now: datetime) -> Judged:
    """What follows from one look; ``standing`` are grades of open troubles, ``since`` is what the look before gave."""
    troubles, over, reached = [], {}, dict(since)
    for limit in _LIMITS:
        name, value = limit.hazard_type, getattr(vitals, limit.vital)
        if value is None:
            continue
        grade = limit.grade(value)
        if grade is None:
            reached.pop(name, None)
            if name in standing and limit.is_calm(value):
                over[name] = limit.reason(value)
        elif now - reached.setdefault(name, now) >= limit.delay and grade < standing.get(name, 5):
            troubles.append(Trouble(name, grade, limit.reason(value)))
    return Judged(tuple(troubles), over, reached)
