"""Payloads made of tag and value: the tag, of one or two bytes, says how long the value is and what it holds."""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import NamedTuple

from ingest.codecs.codec import Codec, CodecError, Fields, Measured

Put = Callable[[Fields, bytes, int], None]
"""Reads the value that starts at an offset into the fields."""


class Channel(NamedTuple):
    """The value behind one tag: its length in bytes and how it is read."""

    length: int
    put: Put


def number(
    name: str, layout: str, divisor: float = 1, sentinels: Mapping[int, str] | None = None, status: str = ""
) -> Channel:
    """A number of `struct` ``layout``, divided; a raw value in ``sentinels`` sets the field ``status`` to its word."""
    struct = Struct(layout)
    unpack = struct.unpack_from
    words = dict(sentinels or {})

    def put(fields: Fields, payload: bytes, offset: int) -> None:
        raw = unpack(payload, offset)[0]
        if raw in words:
            fields[status] = words[raw]
        else:
            fields[name] = raw / divisor if divisor != 1 else raw

    return Channel(struct.size, put)


def byte(name: str, divisor: float = 1) -> Channel:
    """An unsigned byte, divided."""

    def put(fields: Fields, payload: bytes, offset: int) -> None:
        fields[name] = payload[offset] / divisor if divisor != 1 else payload[offset]

    return Channel(1, put)


def word(name: str, *words: str) -> Channel:
    """A byte that stands for one of ``words``, ``unknown`` past the last."""

    def put(fields: Fields, payload: bytes, offset: int) -> None:
        raw = payload[offset]
        fields[name] = words[raw] if raw < len(words) else "unknown"

    return Channel(1, put)


def hexadecimal(name: str, length: int) -> Channel:
    """Bytes shown in hexadecimal, as version and serial numbers are."""

    def put(fields: Fields, payload: bytes, offset: int) -> None:
        fields[name] = payload[offset : offset + length].hex()

    return Channel(length, put)


def group(*channels: Channel) -> Channel:
    """Several values one after the other."""
    length = sum(channel.length for channel in channels)

    def put(fields: Fields, payload: bytes, offset: int) -> None:
        for channel in channels:
            channel.put(fields, payload, offset)
            offset += channel.length

    return Channel(length, put)


def point(name: str, *channels: Channel) -> Channel:
    """A group that is appended as an object to the list ``name``: a history frame."""
    inner = group(*channels)

    def put(fields: Fields, payload: bytes, offset: int) -> None:
        found: Fields = {}
        inner.put(found, payload, offset)
        fields.setdefault(name, []).append(found)

    return Channel(inner.length, put)


def build(channels: Mapping[int, Channel], tag_bytes: int) -> Codec:
    """The codec of a table of tags (big-endian where they have two bytes).

    An unknown tag ends the reading with a warning, since its length is unknown too; a cut value is a CodecError.
    """
    table = {tag.to_bytes(tag_bytes): (channel.length, channel.put) for tag, channel in channels.items()}

    def decode(payload: bytes, port: int | None) -> Measured:
        fields: Fields = {}
        offset, end = 0, len(payload)
        if not payload:
            raise CodecError("no bytes")
        while offset + tag_bytes <= end:
            start = offset + tag_bytes
            tag = payload[offset:start]
            channel = table.get(tag)
            if channel is None:
                return Measured(fields, (f"unknown tag {tag.hex()} at byte {offset}: the rest was not read",))
            length, put = channel
            offset = start + length
            if offset > end:
                raise CodecError(f"tag {tag.hex()} wants {length} bytes, {end - start} are left")
            put(fields, payload, start)
        if offset != end:
            raise CodecError(f"{end - offset} byte too many at the end")
        return Measured(fields)

    return decode
