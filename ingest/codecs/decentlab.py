"""Decentlab protocol 2: version, device id, a flag word that says which groups follow, big-endian 16-bit words.

After the codec files in lorawan-devices. Each value carries its display name and unit, as the maker's codec does.
"""

from collections.abc import Callable, Mapping, Sequence
from struct import unpack_from
from typing import NamedTuple

from ingest.codecs.codec import Codec, CodecError, Fields, Measured

_VERSION = 2
_HEADER_BYTES = 5


class _Value(NamedTuple):
    name: str
    title: str
    unit: str | None
    convert: Callable[[Sequence[int]], float]


class _Group(NamedTuple):
    words: int
    values: Sequence[_Value]


def _pressure(lowest_bar: float, highest_bar: float) -> Callable[[Sequence[int]], float]:
    span = highest_bar - lowest_bar
    return lambda words: (words[0] - 16384) / 32768 * span + lowest_bar


_BATTERY = _Group(1, [_Value("battery_voltage", "Battery voltage", "V", lambda words: words[0] / 1000)])
_DISTANCE = _Group(
    2,
    [
        _Value("distance", "Distance", "mm", lambda words: words[0]),
        _Value("number_of_valid_samples", "Number of valid samples", None, lambda words: words[1]),
    ],
)
_PRESSURE = _Group(
    2,
    [
        _Value("pressure", "Pressure", "bar", _pressure(0, 1)),
        _Value("temperature", "Temperature", "°C", lambda words: (words[1] - 384) * 0.003125 - 50),
    ],
)


def _build(*groups: _Group) -> Codec:
    def decode(payload: bytes, port: int | None) -> Measured:
        if len(payload) < _HEADER_BYTES:
            raise CodecError(f"{len(payload)} bytes, the header alone has {_HEADER_BYTES}")
        version, device, flags = unpack_from(">BHH", payload)
        if version != _VERSION:
            raise CodecError(f"protocol version {version} doesn't match v{_VERSION}")
        fields: Fields = {"protocol_version": version, "device_id": device}
        offset = _HEADER_BYTES
        for index, group in enumerate(groups):
            if not flags >> index & 1:
                continue
            if offset + 2 * group.words > len(payload):
                raise CodecError(f"cut off: {group.values[0].name} is announced but not there")
            words = unpack_from(f">{group.words}H", payload, offset)
            offset += 2 * group.words
            for value in group.values:
                fields[value.name] = {
                    "displayName": value.title,
                    "unit": value.unit,
                    "value": value.convert(words),
                }
        return Measured(fields)

    return decode


CODECS: Mapping[str, Codec] = {
    "decentlab-dl-mbx": _build(_DISTANCE, _BATTERY),
    "decentlab-dl-pr26": _build(_PRESSURE, _BATTERY),  # the model of 0–1 bar
}
