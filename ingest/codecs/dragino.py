"""Dragino LDDS20, LDDS45 and LDDS75 distance sensors, port 2, after their codec files in lorawan-devices.

Values carry their unit as text, and words where there is no value. LDDS75 has three frames by firmware: 4 bytes (no
sensor found), 5 bytes (distance in bytes 2 and 3; the maker's published file repeats the battery there) and the 8 bytes
of its siblings.
"""

from collections.abc import Mapping

from ingest.codecs.codec import Codec, Fields, Measured, require_length, require_port

_NO_SENSOR = "No Sensor"
_INVALID = "Invalid Reading"
_INVALID_MM = 20


def _volts(payload: bytes) -> float:
    return ((payload[0] << 8 | payload[1]) & 0x3FFF) / 1000


def _distance(payload: bytes) -> str:
    millimetres = payload[2] << 8 | payload[3]
    if millimetres == 0:
        return _NO_SENSOR
    return _INVALID if millimetres == _INVALID_MM else f"{millimetres} mm"


def _full(payload: bytes) -> Measured:
    celsius = int.from_bytes(payload[5:7], "big", signed=True) / 10
    fields: Fields = {
        "Bat": _volts(payload),
        "Distance": _distance(payload),
        "Interrupt_flag": payload[4],
        "Sensor_flag": payload[7],
        "TempC_DS18B20": f"{celsius:.2f}",
    }
    return Measured(fields)


def _ldds(payload: bytes, port: int | None) -> Measured:
    require_port(port, 2)
    require_length(payload, 8)
    return _full(payload)


def _ldds75(payload: bytes, port: int | None) -> Measured:
    require_port(port, 2)
    require_length(payload, 4, 5, 8)
    if len(payload) == 8:
        return _full(payload)
    if len(payload) == 4:
        return Measured({"distance": _NO_SENSOR})
    return Measured({"distance": _distance(payload), "Bat": _volts(payload)})


CODECS: Mapping[str, Codec] = {"dragino-ldds20": _ldds, "dragino-ldds45": _ldds, "dragino-ldds75": _ldds75}
