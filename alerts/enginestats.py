"""What the alert engine asks of a sensor, and what it counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from alerts.standing import Change


class KnownSensor(Protocol):
    """What the engine asks of a registered sensor."""

    @property
    def kind(self) -> str: ...

    @property
    def attributes(self) -> Mapping[str, Any]: ...

    @property
    def interval_s(self) -> int | None: ...

    @property
    def place(self) -> tuple[float, float] | None: ...

    @property
    def exercise_id(self) -> int: ...


@dataclass(slots=True)
class AlertStats:
    """Counts since the start of the process; ``rules_refused``: stored rules in force now that can't be used."""

    raised: int = 0
    regraded: int = 0
    cleared: int = 0
    late: int = 0
    recalled: int = 0
    timed: int = 0  # looks at a sensor that the clock brought about
    rules_refused: float = 0.0

    def count(self, changes: Iterable[Change]) -> None:
        """Note what was found."""
        for change in changes:
            if change.before == 0:
                self.raised += 1
            elif change.after == 0:
                self.cleared += 1
            elif change.after != change.before:
                self.regraded += 1
