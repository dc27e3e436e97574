"""OneNET (China Mobile), HTTP push, three forms.

- the older push: ``{"msg": {"type": 1, "dev_id", "imei", "ds_id", "at", "value"}, …}``, ``msg`` also as an array;
  ``ds_id`` of an NB-IoT device is object_instance_resource. Types 2 (online) and 7 (command answer) carry no data;
- the thing model's push: ``{"msg": "{…}"}`` with ``data.params`` of name → value and time;
- the device's own topic ``$sys/{product}/{device}/thing/property/post`` with ``params``.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ingest.formats.uplink import FormatError, Uplink, from_epoch, level, read_json

TOPIC_FILTERS = ("$sys/+/+/thing/property/post",)
MARKS = frozenset({"msg", "msg_signature", "signature", "nonce", "enc_msg", "params"})

_DATA = 1
_MAX_POINTS = 1000


class _Point(msgspec.Struct, gc=False):
    type: int = 0
    dev_id: int | str | None = None
    imei: str | None = None
    ds_id: str | None = None
    at: float | None = None
    value: Any = None


class _Thing(msgspec.Struct, gc=False):
    params: dict[str, Any]


class _Notice(msgspec.Struct, gc=False):
    deviceName: str = ""
    deviceId: str = ""
    imei: str | None = None
    notifyType: str = "property"
    data: _Thing | None = None


class _Push(msgspec.Struct, gc=False):
    msg: msgspec.Raw = msgspec.Raw()
    params: dict[str, Any] | None = None
    enc_msg: str | None = None


_PUSH = msgspec.json.Decoder(_Push)
_POINTS = msgspec.json.Decoder(_Point | list[_Point])
_NOTICE = msgspec.json.Decoder(_Notice)
_TEXT = msgspec.json.Decoder(str)


def read(topic: str, payload: bytes) -> Sequence[Uplink]:
    """The uplinks of one push, grouped by device and time; none when it reports no data; FormatError."""
    push: _Push = read_json(_PUSH, payload)
    if push.params is not None:
        device = level(topic, 2)
        if not device:
            raise FormatError("a thing's params without the topic $sys/PRODUCT/DEVICE/thing/property/post")
        return _things(device, (), push.params)
    raw = bytes(push.msg)
    if push.enc_msg is not None:
        raise FormatError("an encrypted push (enc_msg): choose plain text in OneNET's console")
    if not raw:
        raise FormatError("neither msg nor params")
    if raw[:1] == b'"':
        notice: _Notice = read_json(_NOTICE, read_json(_TEXT, raw).encode())
        if notice.notifyType != "property" or notice.data is None:
            return ()
        names = [name for name in (notice.deviceName, notice.deviceId, notice.imei) if name]
        if not names:
            raise FormatError("msg names no device")
        return _things(names[0], tuple(names[1:]), notice.data.params)
    points = read_json(_POINTS, raw)
    return _points(points if isinstance(points, list) else [points])


def _points(points: list[_Point]) -> Sequence[Uplink]:
    if len(points) > _MAX_POINTS:
        raise FormatError(f"{len(points)} data points, more than {_MAX_POINTS}")
    groups: dict[tuple[str, float | None], tuple[tuple[str, ...], dict[str, Any]]] = {}
    for point in points:
        if point.type != _DATA:
            continue
        if point.dev_id is None or point.ds_id is None:
            raise FormatError("a data point without dev_id or ds_id")
        also = (point.imei,) if point.imei else ()
        _, fields = groups.setdefault((str(point.dev_id), point.at), (also, {}))
        fields[point.ds_id] = point.value
    return [
        Uplink(device=device, also=also, time=None if at is None else from_epoch(at, "at"), fields=fields)
        for (device, at), (also, fields) in groups.items()
    ]


def _things(device: str, also: tuple[str, ...], params: dict[str, Any]) -> Sequence[Uplink]:
    groups: dict[float | None, dict[str, Any]] = {}
    for name, value, at in _values(params):
        groups.setdefault(at, {})[name] = value
    return [
        Uplink(device=device, also=also, time=None if at is None else from_epoch(at, "time"), fields=fields)
        for at, fields in groups.items()
    ]


def _values(params: dict[str, Any]) -> Iterable[tuple[str, Any, float | None]]:
    for name, given in params.items():
        for one in given[:_MAX_POINTS] if isinstance(given, list) else [given]:
            if isinstance(one, dict) and "value" in one:
                at = one.get("time")
                if at is not None and (isinstance(at, bool) or not isinstance(at, int | float)):
                    raise FormatError(f"params.{name}.time {at!r} is no epoch time")
                yield name, one["value"], at
            else:
                yield name, one, None
