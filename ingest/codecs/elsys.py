"""Elsys: one-byte tags, big-endian values, after the maker's payload decoder; the whole family shares it."""

from collections.abc import Mapping

from ingest.codecs import tlv
from ingest.codecs.codec import Codec

_DECODE = tlv.build(
    {
        0x01: tlv.number("temperature", ">h", 10),
        0x02: tlv.byte("humidity"),
        0x03: tlv.group(tlv.number("x", "b"), tlv.number("y", "b"), tlv.number("z", "b")),
        0x04: tlv.number("light", ">H"),
        0x05: tlv.byte("motion"),
        0x06: tlv.number("co2", ">H"),
        0x07: tlv.number("vdd", ">H"),
        0x08: tlv.number("analog1", ">H"),
        0x09: tlv.hexadecimal("gps", 6),
        0x0A: tlv.number("pulse1", ">H"),
        0x0B: tlv.number("pulseAbs", ">I"),
        0x0C: tlv.number("externalTemperature", ">h", 10),
        0x0D: tlv.byte("digital"),
        0x0E: tlv.number("distance", ">H"),
        0x0F: tlv.byte("accMotion"),
        0x10: tlv.group(tlv.number("irInternalTemperature", ">h", 10), tlv.number("irExternalTemperature", ">h", 10)),
        0x11: tlv.byte("occupancy"),
        0x12: tlv.byte("waterleak"),
        0x13: tlv.hexadecimal("grideye", 65),
        0x14: tlv.number("pressure", ">i", 1000),
        0x15: tlv.group(tlv.byte("soundPeak"), tlv.byte("soundAvg")),
        0x16: tlv.number("pulse2", ">H"),
        0x17: tlv.number("pulseAbs2", ">I"),
        0x18: tlv.number("analog2", ">H"),
        0x19: tlv.number("externalTemperature2", ">h", 10),
        0x1A: tlv.byte("digital2"),
        0x1B: tlv.number("analogUv", ">i"),
        0x1C: tlv.number("tvoc", ">H"),
        0x3D: tlv.hexadecimal("debug", 4),
    },
    1,
)

CODECS: Mapping[str, Codec] = {"elsys-ers-sound": _DECODE}
