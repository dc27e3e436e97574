"""Milesight over NB-IoT: a frame with the modem's identity around the same tags and values as over LoRaWAN.

After the README of EM400-UDL. The frame may hold several measurements one after the other; a new one starts where the
channel number stops growing. They make the list ``data``, oldest first, without times of their own.
"""

from collections.abc import Mapping
from struct import Struct
from typing import Any

from ingest.codecs import tlv
from ingest.codecs.codec import Codec, CodecError, Fields, Measured
from ingest.codecs.milesight import CHANNELS
from ingest.codecs.tlv import Channel

_HEADER = Struct(">BHHBHB4s4s16s15s15s20sBH")
_NAMES = (
    "startFlag", "id", "length", "flag", "frameCnt", "protocolVersion", "firmwareVersion", "hardwareVersion",
    "sn", "imei", "imsi", "iccid", "csq", "data_length",
)  # fmt: skip
_START = 0x02
_LOCATION = tlv.group(
    tlv.number("latitude", "<i", 1_000_000), tlv.number("longitude", "<i", 1_000_000), tlv.byte("motion")
)


def _build(channels: Mapping[int, Channel]) -> Codec:
    table = dict(channels)

    def decode(payload: bytes, port: int | None) -> Measured:
        if len(payload) < _HEADER.size or payload[0] != _START:
            raise CodecError(f"no frame: expected 02 and at least {_HEADER.size} bytes")
        fields: Fields = dict(zip(_NAMES, map(_text, _HEADER.unpack_from(payload)), strict=True))
        body = payload[_HEADER.size :]
        if len(body) != fields["data_length"]:
            raise CodecError(f"{len(body)} bytes of measurements, the frame says {fields['data_length']}")
        fields["data"], warnings = _measurements(body, table)
        return Measured(fields, warnings)

    return decode


def _text(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _measurements(body: bytes, table: Mapping[int, Channel]) -> tuple[list[Fields], tuple[str, ...]]:
    found: list[Fields] = []
    last, offset = 0, 0
    while offset + 2 <= len(body):
        tag = body[offset] << 8 | body[offset + 1]
        channel = table.get(tag)
        if channel is None:
            return found, (f"unknown tag {tag:04x} at byte {offset}: the rest was not read",)
        offset += 2
        if offset + channel.length > len(body):
            raise CodecError(f"tag {tag:04x} wants {channel.length} bytes, {len(body) - offset} are left")
        number = tag >> 8 & 0x0F
        if not found or number <= last:
            found.append({})
        channel.put(found[-1], body, offset)
        last, offset = number, offset + channel.length
    return found, ()


CODECS: Mapping[str, Codec] = {
    "milesight-em400-udl": _build({0x0175: tlv.byte("battery"), **CHANNELS["em400-mud"], 0x0688: _LOCATION})
}
