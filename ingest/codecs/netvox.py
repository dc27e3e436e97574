"""Netvox R718PA4 (NO2, SO2, H2S) and RA02C (CO alarm): 11 bytes, reports on port 6, settings on port 7.

After the codec files in lorawan-devices. A set top bit of the voltage is the low-battery flag.
"""

from collections.abc import Callable, Mapping

from ingest.codecs.codec import Codec, CodecError, Fields, Measured, require_length, require_port

_LOW_BATTERY = 0x80


def _build(name: str, device_type: int, report_type: int, report: Callable[[bytes], Fields]) -> Codec:
    def decode(payload: bytes, port: int | None) -> Measured:
        require_port(port, 6, 7)
        require_length(payload, 11)
        if payload[1] != device_type:
            raise CodecError(f"device type {payload[1]:#04x} is no {name}")
        if port == 7:
            return Measured({"Device": name, "Cmd": payload[0]}, ("an answer to a setting",))
        if payload[2] == 0:
            return Measured({"Device": name, "SWver": payload[3] / 10, "HWver": payload[4]}, ("a version report",))
        if payload[2] != report_type:
            raise CodecError(f"report type {payload[2]} of {name} is not known")
        return Measured({"Device": name, "Volt": _volts(payload[3]), **report(payload)})

    return decode


def _volts(raw: int) -> float | str:
    return f"{(raw & ~_LOW_BATTERY) / 10:g}(low battery)" if raw & _LOW_BATTERY else raw / 10


def _gases(payload: bytes) -> Fields:
    return {
        "NO2": (payload[4] << 8 | payload[5]) / 10,
        "SO2": payload[6] << 8 | payload[7],
        "H2S": (payload[8] << 8 | payload[9]) / 10,
    }


def _alarms(payload: bytes) -> Fields:
    return {
        "COAlarm": "Alarm" if payload[4] else "No Alarm",
        "HighTempAlarm": "Alarm" if payload[5] else "No Alarm",
    }


CODECS: Mapping[str, Codec] = {
    "netvox-r718pa4": _build("R718PA4", 0x57, 0x06, _gases),
    "netvox-ra02c": _build("RA02C", 0x11, 0x01, _alarms),
}
