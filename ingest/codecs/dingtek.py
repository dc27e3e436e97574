"""Dingtek DC410 and DC413 manhole sensors: frames of 17 bytes (measurement) and 25 bytes (settings), port 3.

Both models send the same bytes under other field names, after their codec files in lorawan-devices. The sign of the
angle stands in the low half of the byte before it.
"""

from collections.abc import Mapping

from ingest.codecs.codec import Codec, CodecError, Fields, Measured, require_length, require_port

_START, _END = 0x80, 0x81
_MEASUREMENT, _SETTINGS = 17, 25


def _frame(payload: bytes, port: int | None) -> None:
    require_port(port, 3)
    require_length(payload, _MEASUREMENT, _SETTINGS)
    if payload[0] != _START or payload[-1] != _END or payload[4] != len(payload):
        raise CodecError("no frame: expected 80 … 81 with its own length in byte 4")


def _angle(payload: bytes) -> int:
    return payload[10] if payload[9] & 0x0F == 0 else -payload[10]


def _celsius(payload: bytes) -> int:
    return int.from_bytes(payload[8:9], "big", signed=True)


def _dc410(payload: bytes, port: int | None) -> Measured:
    _frame(payload, port)
    if len(payload) == _SETTINGS:
        return Measured(_settings(payload), ("a settings frame",))
    return Measured(
        {
            "level": f"{payload[5] << 8 | payload[6]} mm",
            "full": bool(payload[11] >> 4),
            "motion": bool(payload[12] >> 4),
            "battery": bool(payload[12] & 0x0F),
            "angle": f"{_angle(payload)} °",
            "temperature": f"{_celsius(payload)} ℃",
            "frame_counter": payload[13] << 8 | payload[14],
        }
    )


def _dc413(payload: bytes, port: int | None) -> Measured:
    _frame(payload, port)
    if len(payload) == _SETTINGS:
        return Measured(_settings(payload), ("a settings frame",))
    return Measured(
        {
            "level": payload[5] << 8 | payload[6],
            "alarmLevel": bool(payload[11] >> 4),
            "alarmFall": bool(payload[12] >> 4),
            "alarmBattery": bool(payload[12] & 0x0F),
            "angle": _angle(payload),
            "temperature": _celsius(payload),
            "frameCounter": payload[13] << 8 | payload[14],
        }
    )


def _settings(payload: bytes) -> Fields:
    return {
        "firmware": f"{payload[5]}.{payload[6]}",
        "uploadInterval": payload[7],
        "detectInterval": payload[8],
        "levelThreshold": payload[9],
        "fallThreshold": payload[11],
        "fallEnable": bool(payload[12]),
        "workMode": payload[13],
    }


CODECS: Mapping[str, Codec] = {"dingtek-dc410": _dc410, "dingtek-dc413": _dc413}
