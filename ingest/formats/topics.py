"""MQTT topic filters, matched as MQTT 5 section 4.7 says."""

import re
from collections.abc import Mapping, Sequence


def topic_pattern(filters: Mapping[str, Sequence[str]]) -> "re.Pattern[str]":
    """One regular expression of each format's topic filters: the ``lastgroup`` of a full match is the format.

    Of several formats that fit, it is the first.
    """
    groups = (
        f"(?P<{name}>{'|'.join(map(_pattern, topic_filters))})"
        for name, topic_filters in filters.items()
        if topic_filters
    )
    return re.compile("|".join(groups), re.DOTALL)


def _pattern(topic_filter: str) -> str:
    fixed, open_ended, _ = topic_filter.partition("/#")
    levels = ("[^/]*" if level == "+" else re.escape(level) for level in fixed.split("/"))
    return "/".join(levels) + ("(?:/.*)?" if open_ended else "")
