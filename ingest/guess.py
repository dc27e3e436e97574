"""What a message that fits no format probably is, for the person who looks at quarantine."""

from collections.abc import Collection

import msgspec

from ingest.formats.table import FORMATS, NATIVE
from ingest.formats.uplink import MAX_MESSAGE_BYTES

_MARKS_THAT_TELL = 2
_TOPIC_WEIGHT = 2  # a level of the topic says more than a key, since keys like "time" are everywhere


def nearest(topic: str, payload: bytes, switched_on: Collection[str], prefix: str) -> str:
    """The reason for quarantine, with the nearest format named when one is near at all."""
    keys = _keys(payload)
    scores = {NATIVE: _TOPIC_WEIGHT * _shared_levels(topic, f"{prefix}/+/+/reading")}
    for name, format in FORMATS.items():
        levels = max((_shared_levels(topic, wanted) for wanted in format.topic_filters), default=0)
        scores[name] = len(keys & format.marks) + _TOPIC_WEIGHT * levels
    name = max(scores, key=lambda candidate: scores[candidate])
    if scores[name] == 0:
        return "fits no format, and is near to none"
    if name == NATIVE:
        return f"fits no format; nearest is {NATIVE}: topic {prefix}/KIND/SENSOR/reading"
    format = FORMATS[name]
    where = " or ".join(format.topic_filters) or f"POST /ingress/{name}"
    off = "" if name in switched_on else ", which is not switched on"
    return f"fits no format; nearest is {name} ({format.title}, {where}){off}"


def other(name: str, payload: bytes) -> str:
    """A remark that a message refused as ``name`` bears the marks of another format, '' when it does not."""
    keys = _keys(payload)
    scores = {format.name: len(keys & format.marks) for format in FORMATS.values()}
    best = max(scores, key=lambda candidate: scores[candidate])
    if scores[best] < _MARKS_THAT_TELL or scores[best] <= scores.get(name, 0):
        return ""
    return f"; it looks like {best} ({FORMATS[best].title})"


def _keys(payload: bytes) -> frozenset[str]:
    """Names on the outermost level: of the object, or of the first record of an array."""
    if len(payload) > MAX_MESSAGE_BYTES:
        return frozenset()
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return frozenset()
    if isinstance(found, list) and found:
        found = found[0]
    return frozenset(found) if isinstance(found, dict) else frozenset()


def _shared_levels(topic: str, topic_filter: str) -> int:
    """How many literal levels of the filter stand at the same place in the topic."""
    return sum(wanted == given for wanted, given in zip(topic_filter.split("/"), topic.split("/"), strict=False))
