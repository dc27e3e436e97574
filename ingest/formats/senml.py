"""SenML (RFC 8428), JSON and CBOR: topic ``senml/{anything}``, or HTTP as application/senml+json or senml+cbor.

Records are resolved as section 4.6 says: base name, time, unit, value and sum; a base version above 10 and unknown
labels that end in ``_`` are refused, other unknown labels are passed over. The device is the base name without its
closing separator; when a record has no base name, what stands before the last ``:``, ``/`` or ``;`` of its name, or
else the topic's last level. A record without a local name goes under its unit (``%RH``, ``lon``). Times below 2**28
are seconds relative to the arrival. The older object form ``{"bn": …, "e": […]}`` is not RFC 8428.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import cbor2
import msgspec

from ingest.formats.uplink import MAX_MESSAGE_BYTES, FormatError, Uplink, from_epoch, read_json

TOPIC_FILTERS = ("senml/#",)
MARKS = frozenset({"bn", "bt", "bu", "bver", "n", "u", "v", "vs", "vb"})

_VERSION = 10
_ABSOLUTE_FROM = 2**28
_MAX_RECORDS = 10_000
_SEPARATORS = ":/;"
# RFC 8428 section 6, table 6.
_LABELS = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
_NUMBERS = frozenset({"bver", "bt", "bv", "bs", "v", "s", "t"})
_TEXTS = frozenset({"bn", "bu", "n", "u", "vs", "vd"})

_DECODER = msgspec.json.Decoder(list[dict[str, Any]])
_Group = tuple[dict[str, Any], dict[str, str]]


def read(topic: str, payload: bytes) -> Sequence[Uplink]:
    """The uplinks of one pack, one per device and time; FormatError."""
    first = payload[:1]
    if first == b"{":
        raise FormatError("an object: RFC 8428 has an array of records, the older form with bn and e is not read")
    records = read_json(_DECODER, payload) if first in (b"[", b" ", b"\n", b"\r", b"\t") else _cbor(payload)
    if not records:
        raise FormatError("an empty pack")
    if len(records) > _MAX_RECORDS:
        raise FormatError(f"{len(records)} records, more than {_MAX_RECORDS}")
    groups: dict[tuple[str, float], _Group] = {}
    base: dict[str, Any] = {}
    for index, record in enumerate(records):
        _check(record, index)
        for label in ("bn", "bt", "bu", "bv", "bs"):
            if label in record:
                base[label] = record[label]
        value = _value(record, base)
        if value is None:
            continue
        device, name, unit = _names(record, base, topic)
        at = base.get("bt", 0) + record.get("t", 0)
        fields, units = groups.setdefault((device, at), ({}, {}))
        fields[name] = value
        if unit:
            units[name] = unit
    return [_uplink(device, at, group) for (device, at), group in groups.items()]


def _cbor(payload: bytes) -> list[dict[str, Any]]:
    if len(payload) > MAX_MESSAGE_BYTES:
        raise FormatError(f"message of {len(payload)} bytes, more than {MAX_MESSAGE_BYTES}")
    try:
        found = cbor2.loads(payload)
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError, ArithmeticError) as error:
        raise FormatError(f"neither JSON nor CBOR: {error}") from error
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise FormatError("expected an array of records")
    return [{_label(key): value for key, value in record.items()} for record in found]


def _label(key: Any) -> str:
    if isinstance(key, str):
        return key
    return _LABELS.get(key, "") if isinstance(key, int) else ""


def _check(record: dict[str, Any], index: int) -> None:
    for label, value in record.items():
        if label in _NUMBERS:
            if isinstance(value, Decimal):
                record[label] = value = float(value)
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
                raise FormatError(f"record {index}: {label} is no number")
        elif label in _TEXTS:
            if not isinstance(value, str):
                raise FormatError(f"record {index}: {label} is no text")
        elif label.endswith("_"):
            raise FormatError(f"record {index}: label {label!r} must be understood and is not")
    if record.get("bver", _VERSION) > _VERSION:
        raise FormatError(f"record {index}: version {record['bver']}, read up to {_VERSION}")


def _value(record: dict[str, Any], base: dict[str, Any]) -> Any:
    if "v" in record:
        return record["v"] + base.get("bv", 0)
    for label in ("vs", "vb", "vd"):
        if label in record:
            return record[label]
    if "s" in record:
        return record["s"] + base.get("bs", 0)
    return base.get("bv")


def _names(record: dict[str, Any], base: dict[str, Any], topic: str) -> tuple[str, str, str]:
    name, unit = record.get("n", ""), record.get("u", base.get("bu", ""))
    device = base.get("bn", "").rstrip(_SEPARATORS)
    if not device and name:
        cut = max(name.rfind(separator) for separator in _SEPARATORS)
        device, name = (name[:cut], name[cut + 1 :]) if cut > 0 else ("", name)
    device = device or topic.rpartition("/")[2]
    name = name.lstrip(_SEPARATORS) or unit
    if not device or not name:
        raise FormatError("a record with neither name nor unit" if device else "no base name names the device")
    return device, name, unit


def _uplink(device: str, at: float, group: _Group) -> Uplink:
    fields, units = group
    if at <= -_ABSOLUTE_FROM:
        raise FormatError(f"time {at:g} lies years back")
    if at < _ABSOLUTE_FROM:
        return Uplink(device=device, after_s=at, fields=fields, units=units)
    return Uplink(device=device, time=from_epoch(at), fields=fields, units=units)
