"""What a display is shown, and what is said once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from rich.console import Console, RenderableType

from lifeline.demonstration.figures import Figures
from lifeline.demonstration.words import Happening
from simulators.drill import Drill
from simulators.judgement import Report


@dataclass(frozen=True, slots=True)
class DrillMoment:
    """Where the drill is, in drill seconds, and what of it has happened so far."""

    drill: Drill
    at_s: float
    report: Report


@dataclass(frozen=True, slots=True)
class Moment:
    """One look at the demonstration; ``rate`` is readings per second, ``drill`` is None when it is over."""

    elapsed_s: float
    figures: Figures
    rate: float
    open_hazards: Mapping[int, int]
    incidents: tuple[Mapping[str, Any], ...]
    happenings: tuple[Happening, ...]
    drill: DrillMoment | None


class Display(Protocol):
    """Shows moments while its context lasts."""

    console: Console

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    def show(self, moment: Moment) -> None:
        """Show how things stand."""

    def say(self, what: RenderableType) -> None:
        """Print something that stays."""
