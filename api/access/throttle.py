"""How often somebody may ask: token buckets in memory, for one process each."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.errors import TooMany

_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests at once, and so many a second after that."""

    burst: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Limits:
    """For a caller; for an address that shows no valid key; for log-ins from an address; for the public pages."""

    caller: Rate = Rate(1000, 400.0)
    refused: Rate = Rate(60, 0.5)
    login: Rate = Rate(20, 0.2)
    public: Rate = Rate(120, 10.0)


@dataclass(slots=True)
class Throttle:
    """Buckets by name at one rate. The longest unused is forgotten when there are many: it is full again anyway."""

    rate: Rate
    _left: "OrderedDict[str, tuple[float, datetime]]" = field(default_factory=OrderedDict)

    def take(self, name: str, now: datetime) -> None:
        """Take one from the bucket of ``name``; TooMany when it is empty."""
        left, since = self._left.get(name, (float(self.rate.burst), now))
        left = min(self.rate.burst, left + max(timedelta(0), now - since).total_seconds() * self.rate.per_s)
        self._left[name] = (left if left < 1 else left - 1, now)
        self._left.move_to_end(name)
        if len(self._left) > _MOST_KEPT:
            self._left.popitem(last=False)
        if left < 1:
            raise TooMany((1 - left) / self.rate.per_s)


@dataclass(frozen=True, slots=True)
class Throttles:
    """One of each sort of limit."""

    caller: Throttle
    refused: Throttle
    login: Throttle
    public: Throttle

    @classmethod
    def of(cls, limits: Limits) -> "Throttles":
        """Full buckets."""
        return cls(*(Throttle(rate) for rate in (limits.caller, limits.refused, limits.login, limits.public)))
