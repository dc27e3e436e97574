"""The demonstration where there is no terminal: plain lines."""

from typing import Self
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType

from lifeline.demonstration.display import Moment
from lifeline.demonstration.report import clock_time, summary
from lifeline.demonstration.words import GRADE_OF

_COUNTS_EVERY_S = 5.0


class Lines:
    """A line for each event, and the counts every five seconds."""

    def __init__(self, console: Console, zone: ZoneInfo) -> None:
        self.console = console
        self._zone = zone
        self._counts_at_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, moment: Moment) -> None:
        """Print what is new."""
        for happening in moment.happenings:
            at = f"{happening.at.astimezone(self._zone):%H:%M:%S}"
            text = happening.text
            self.say(f"{at} [{GRADE_OF[happening.grade].colour}] {text.zh} | {text.en}")
        if moment.elapsed_s >= self._counts_at_s:
            self._counts_at_s = moment.elapsed_s + _COUNTS_EVERY_S
            place = f"drill {clock_time(moment.drill.at_s)}: " if moment.drill else ""
            self.say(f"{place}{summary(moment.figures)} ({moment.rate:.0f} readings/s)")

    def say(self, what: RenderableType) -> None:
        """Print something."""
        self.console.print(what)
