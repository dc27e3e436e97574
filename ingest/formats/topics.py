"""MQTT topic filters, matched as MQTT 5 section 4.7 says."""

from collections.abc import Sequence

import msgspec


class TopicFilter(msgspec.Struct, frozen=True):
    """A topic filter taken apart: how many levels, which of them are literal, whether more may follow."""

    format_name: str
    root: str
    levels: int
    literals: tuple[tuple[int, str], ...]
    open_ended: bool

    @classmethod
    def parse(cls, topic_filter: str, format_name: str) -> "TopicFilter":
        """Take a filter of a format apart; its first level must be literal."""
        levels = topic_filter.split("/")
        open_ended = levels[-1] == "#"
        if open_ended:
            levels.pop()
        literals = tuple((index, level) for index, level in enumerate(levels) if level != "+")
        return cls(format_name, levels[0], len(levels), literals, open_ended)

    def fits(self, parts: Sequence[str]) -> bool:
        """Whether a topic of these levels matches."""
        if len(parts) < self.levels or (len(parts) > self.levels and not self.open_ended):
            return False
        for index, literal in self.literals:  # noqa: SIM110, a generator would cost more than the comparison
            if parts[index] != literal:
                return False
        return True
