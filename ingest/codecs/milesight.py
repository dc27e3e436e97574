"""Milesight: tag of channel id and channel type, little-endian values; port 85 unless set otherwise.

Tables after the makers' README of each model (Milesight-IoT/SensorDecoders). Field names are the maker's, so that
what a network server's own codec puts out fits the same profile. Alarm channels carry the value too, under the plain
name. History frames (20ce) make a list ``history`` of points with their own epoch ``timestamp``.
"""

from collections.abc import Mapping
from struct import Struct

from ingest.codecs import tlv
from ingest.codecs.codec import Codec, Fields
from ingest.codecs.tlv import Channel

_STATUS: dict[int, Channel] = {
    0xFF01: tlv.byte("ipso_version"),
    0xFF09: tlv.hexadecimal("hardware_version", 2),
    0xFF0A: tlv.hexadecimal("firmware_version", 2),
    0xFFFF: tlv.hexadecimal("tsl_version", 2),
    0xFF16: tlv.hexadecimal("sn", 8),
    0xFF0F: tlv.word("lorawan_class", "Class A", "Class B", "Class C", "Class CtoB"),
    0xFFFE: tlv.byte("reset_event"),
    0xFF0B: tlv.byte("device_status"),
}
_BATTERY = {0x0175: tlv.byte("battery")}
_TEMPERATURE = tlv.number("temperature", "<h", 10)
_HUMIDITY = tlv.byte("humidity", 2)
_DISTANCE = tlv.number("distance", "<H")
_POSITION = tlv.word("position", "normal", "tilt")
_TIMESTAMP = tlv.number("timestamp", "<I")
_MAGNET = tlv.word("magnet_status", "close", "open")
_LEAKAGE = tlv.word("leakage_status", "normal", "leak")
_ALARM = ("threshold_alarm_release", "threshold_alarm")
_SWL_DEPTH = tlv.number("depth", "<H", 1, {0xFFFF: "collection failed", 0xFFFD: "out of range"}, "depth_error")
_GAS_STATUS = {0xFFFE: "polarizing", 0xFFFF: "device error"}
_RADAR_DISTANCE = tlv.number(
    "distance", "<h", 1, {-3: "no target", -1: "sensor exception", -2: "disabled"}, "distance_sensor_status"
)
_RADAR_ALARM = tlv.word("distance_alarm", "threshold alarm release", "threshold alarm", "mutation alarm")
_RADAR_EXCEPTION = tlv.word(
    "distance_exception", "blind spot alarm release", "blind spot alarm", "no target", "sensor exception"
)
_RADAR_TEMPERATURE = tlv.number("temperature", "<h", 10)


_ANGLES = Struct("<hhh")
_ANGLES_AND_STATUS = Struct("<hhhB")
_THRESHOLD = ("normal", "trigger")


def _tilt_with_status(fields: Fields, payload: bytes, offset: int) -> None:
    x, y, z, status = _ANGLES_AND_STATUS.unpack_from(payload, offset)
    fields["angle_x"], fields["angle_y"], fields["angle_z"] = x / 100, y / 100, z / 100
    fields["threshold_x"] = _THRESHOLD[status & 1]
    fields["threshold_y"] = _THRESHOLD[status >> 1 & 1]
    fields["threshold_z"] = _THRESHOLD[status >> 2 & 1]


def _tilt_with_flags(fields: Fields, payload: bytes, offset: int) -> None:
    # The lowest bit of each angle is its threshold flag.
    x, y, z = _ANGLES.unpack_from(payload, offset)
    fields["angle_x"], fields["threshold_x"] = (x >> 1) / 100, _THRESHOLD[x & 1]
    fields["angle_y"], fields["threshold_y"] = (y >> 1) / 100, _THRESHOLD[y & 1]
    fields["angle_z"], fields["threshold_z"] = (z >> 1) / 100, _THRESHOLD[z & 1]


_SOUND = Struct("<BHHH")
_FREQUENCY_WEIGHT = ("Z", "A", "C", "?")
_TIME_WEIGHT = ("I", "F", "S", "?")


def _sound(fields: Fields, payload: bytes, offset: int) -> None:
    weight, level, equivalent, highest = _SOUND.unpack_from(payload, offset)
    frequency, time = _FREQUENCY_WEIGHT[weight & 3], _TIME_WEIGHT[weight >> 2 & 3]
    fields[f"L{frequency}{time}"] = level / 10
    fields[f"L{frequency}eq"] = equivalent / 10
    fields[f"L{frequency}{time}max"] = highest / 10


_MUD = {
    0x0367: _TEMPERATURE,
    0x0482: _DISTANCE,
    0x0500: _POSITION,
    0x8367: tlv.group(_TEMPERATURE, tlv.word("temperature_alarm", *_ALARM)),
    0x8482: tlv.group(_DISTANCE, tlv.word("distance_alarm", *_ALARM)),
}

CHANNELS: Mapping[str, Mapping[int, Channel]] = {
    "em300-mcs": {
        0x0367: _TEMPERATURE,
        0x0468: _HUMIDITY,
        0x0600: _MAGNET,
        0x20CE: tlv.point("history", _TIMESTAMP, _TEMPERATURE, _HUMIDITY, _MAGNET),
    },
    "em300-sld": {
        0x0367: _TEMPERATURE,
        0x0468: _HUMIDITY,
        0x0500: _LEAKAGE,
        0x20CE: tlv.point("history", _TIMESTAMP, _TEMPERATURE, _HUMIDITY, _LEAKAGE),
    },
    "em310-tilt": {0x03CF: Channel(_ANGLES_AND_STATUS.size, _tilt_with_status)},
    "em320-tilt": {0x03D4: Channel(_ANGLES.size, _tilt_with_flags)},
    "em310-udl": {0x0382: _DISTANCE, 0x0400: _POSITION},
    "em400-mud": _MUD,
    "em410-rdl": {
        0x0367: _RADAR_TEMPERATURE,
        0x0482: _RADAR_DISTANCE,
        0x0500: _POSITION,
        0x06C7: tlv.number("radar_signal_rssi", "<h", 100),
        0x8482: tlv.group(_RADAR_DISTANCE, _RADAR_ALARM),
        0x9482: tlv.group(_RADAR_DISTANCE, tlv.number("distance_mutation", "<h"), _RADAR_ALARM),
        0xB482: tlv.group(_RADAR_DISTANCE, _RADAR_EXCEPTION),
        0x20CE: tlv.point(
            "history",
            _TIMESTAMP,
            _RADAR_DISTANCE,
            tlv.number("temperature", "<h", 10, {-2: "disabled", -1: "sensor exception"}, "temperature_sensor_status"),
            tlv.number("distance_mutation", "<h"),
            tlv.byte("event"),
        ),
    },
    "em500-swl": {
        0x0377: _SWL_DEPTH,
        0xFF1B: tlv.hexadecimal("measuring_equipment", 5),
        0x20CE: tlv.point("history", _TIMESTAMP, _SWL_DEPTH),
    },
    "em500-udl": {
        0x0382: _DISTANCE,
        0x83E9: tlv.group(
            tlv.number("distance", "<H", 10), tlv.number("distance_mutation", "<H", 10), tlv.byte("distance_alarm")
        ),
        0x20CE: tlv.point("history", _TIMESTAMP, _DISTANCE),
    },
    "gs301": {
        0x0267: _TEMPERATURE,
        0x0368: _HUMIDITY,
        0x047D: tlv.number("nh3", "<H", 100, _GAS_STATUS, "nh3_sensor_status"),
        0x057D: tlv.number("h2s", "<H", 100, _GAS_STATUS, "h2s_sensor_status"),
        0x067D: tlv.number("h2s", "<H", 1000, _GAS_STATUS, "h2s_sensor_status"),
        0x07EA: tlv.hexadecimal("calibration_result", 5),
        0xFF7C: tlv.hexadecimal("sensor_id", 43),
    },
    "ws302": {0x055B: Channel(_SOUND.size, _sound)},
}

CODECS: Mapping[str, Codec] = {
    f"milesight-{model}": tlv.build({**_STATUS, **_BATTERY, **channels}, 2) for model, channels in CHANNELS.items()
}
