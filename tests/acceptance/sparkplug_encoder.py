"""Sparkplug B payloads as an edge node sends them: protobuf, by the field numbers of the specification's appendix."""

import struct

Metric = tuple[str | None, int | None, int, float]
"""Name, alias, milliseconds since the epoch, value; a birth has name and alias, data only one of them."""

_DOUBLE = 10  # datatype


def encode_payload(timestamp_ms: int, seq: int, *metrics: Metric) -> bytes:
    """One message."""
    encoded = b"".join(_message(2, _metric(*metric)) for metric in metrics)
    return _number(1, timestamp_ms) + encoded + _number(3, seq)


def _metric(name: str | None, alias: int | None, timestamp_ms: int, value: float) -> bytes:
    named = b"" if name is None else _message(1, name.encode())
    numbered = b"" if alias is None else _number(2, alias)
    kind = b"" if name is None else _number(4, _DOUBLE)
    return named + numbered + _number(3, timestamp_ms) + kind + _varint(13 << 3 | 1) + struct.pack("<d", value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
