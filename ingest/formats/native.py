"""Lifeline's own wire format, ``{prefix}/{kind}/{sensor}/reading``: checked and decoded by ``ingest.payload``.

Pushed over HTTP there is no topic to name the sensor, so each reading does, in a further member ``sensor``.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from ingest.formats.uplink import FormatError, read_json
from ingest.payload import DECODERS, MAX_READINGS, Address, Row, parse_topic

MARKS = frozenset({"time"})

_NAME = msgspec.json.Decoder(str)
_PUSHED = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[dict[str, msgspec.Raw]])


def topic_filters(prefix: str) -> tuple[str, ...]:
    """What to subscribe to."""
    return (f"{prefix}/+/+/reading",)


def address(topic: str, prefix: str) -> Address:
    """The kind and code that a topic names; PayloadError."""
    return parse_topic(topic, prefix)


def rows(kind: str, payload: bytes, sensor_id: int, received_at: datetime) -> Sequence[Row]:
    """The readings of one message as they are stored; PayloadError."""
    return DECODERS[kind].decode(payload, sensor_id, received_at)


def pushed(payload: bytes) -> Sequence[tuple[str, bytes]]:
    """Sensor and message of each reading in a push, one object or an array of them; FormatError."""
    found = read_json(_PUSHED, payload)
    readings: list[dict[str, msgspec.Raw]] = found if isinstance(found, list) else [found]
    if not 1 <= len(readings) <= MAX_READINGS:
        raise FormatError(f"{len(readings)} readings, expected 1 to {MAX_READINGS}")
    messages = []
    for index, reading in enumerate(readings):
        raw = reading.pop("sensor", None)
        sensor = "" if raw is None else read_json(_NAME, bytes(raw))
        if not sensor:
            raise FormatError(f"reading {index}: `sensor` must name the sensor")
        messages.append((sensor, msgspec.json.encode(reading)))
    return messages
