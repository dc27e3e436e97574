"""The protobuf payload of Sparkplug B (org.eclipse.tahu.protobuf.Payload), as far as measurements need it.

The description is built here for `protobuf`, whose parser is compiled: a reader written by hand would be slower, and a
generated module would tie the project to one release of protobuf. Metadata, properties, data sets and templates are
unknown fields to it and passed over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from ingest.formats.uplink import MAX_MESSAGE_BYTES, FormatError

# Signed integers travel as two's complement in unsigned fields; datatype number → bits (Sparkplug 3.0, 6.4.16).
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
_BOOLEAN = 11

_FIELDS = descriptor_pb2.FieldDescriptorProto
# Texts are described as bytes, the same on the wire, so that bad UTF-8 is ours to report.
_METRIC = (
    ("name", 1, _FIELDS.TYPE_BYTES),
    ("alias", 2, _FIELDS.TYPE_UINT64),
    ("timestamp", 3, _FIELDS.TYPE_UINT64),
    ("datatype", 4, _FIELDS.TYPE_UINT32),
    ("is_historical", 5, _FIELDS.TYPE_BOOL),
    ("is_null", 7, _FIELDS.TYPE_BOOL),
)
_VALUES = (
    ("int_value", 10, _FIELDS.TYPE_UINT32),
    ("long_value", 11, _FIELDS.TYPE_UINT64),
    ("float_value", 12, _FIELDS.TYPE_FLOAT),
    ("double_value", 13, _FIELDS.TYPE_DOUBLE),
    ("boolean_value", 14, _FIELDS.TYPE_BOOL),
    ("string_value", 15, _FIELDS.TYPE_BYTES),
)


class Metric(NamedTuple):
    """One metric as sent; ``name`` is '' and ``datatype`` 0 where only the birth said them, ``value`` None for null."""

    name: str
    alias: int | None
    timestamp: int | None
    datatype: int
    value: Any
    historical: bool


class Payload(NamedTuple):
    """One message: milliseconds since the epoch, metrics, sequence number."""

    timestamp: int | None
    metrics: Sequence[Metric]
    seq: int | None


def _describe() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="lifeline/sparkplug.proto", package="lifeline", syntax="proto2")
    metric = file.message_type.add(name="Metric")
    metric.oneof_decl.add(name="value")
    optional = _FIELDS.LABEL_OPTIONAL
    for name, number, kind in _METRIC:
        metric.field.add(name=name, number=number, type=kind, label=optional)
    for name, number, kind in _VALUES:
        metric.field.add(name=name, number=number, type=kind, label=optional, oneof_index=0)
    payload = file.message_type.add(name="Payload")
    payload.field.add(name="timestamp", number=1, type=_FIELDS.TYPE_UINT64, label=optional)
    metrics = payload.field.add(name="metrics", number=2, type=_FIELDS.TYPE_MESSAGE, type_name=".lifeline.Metric")
    metrics.label = _FIELDS.LABEL_REPEATED
    payload.field.add(name="seq", number=3, type=_FIELDS.TYPE_UINT64, label=optional)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("lifeline.Payload"))


_MESSAGE = _describe()


def parse(payload: bytes) -> Payload:
    """Read one message; FormatError when it is no such protobuf."""
    if len(payload) > MAX_MESSAGE_BYTES:
        raise FormatError(f"message of {len(payload)} bytes, more than {MAX_MESSAGE_BYTES}")
    message = _MESSAGE()
    try:
        message.ParseFromString(payload)
    except DecodeError as error:
        raise FormatError(f"no Sparkplug payload: {error}") from error
    return Payload(
        message.timestamp if message.HasField("timestamp") else None,
        [_metric(metric) for metric in message.metrics],
        message.seq if message.HasField("seq") else None,
    )


def _metric(metric: Any) -> Metric:
    which = None if metric.is_null else metric.WhichOneof("value")
    value = None if which is None else getattr(metric, which)
    return Metric(
        _text(metric.name, "name"),
        metric.alias if metric.HasField("alias") else None,
        metric.timestamp if metric.HasField("timestamp") else None,
        metric.datatype,
        _text(value, "value") if which == "string_value" else value,
        metric.is_historical,
    )


def _text(raw: Any, what: str) -> str:
    try:
        return bytes(raw).decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"metric {what} is not UTF-8: {error.reason}") from error


def signed(value: Any, datatype: int) -> Any:
    """The number that an unsigned field of a signed ``datatype`` stands for; other values as they are."""
    bits = _SIGNED_BITS.get(datatype)
    if bits is None or isinstance(value, bool) or not isinstance(value, int):
        return value
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def rebirth_payload(now: datetime) -> bytes:
    """The command that asks an edge node for its births; a command must bear its time, and no ``seq``."""
    message = _MESSAGE()
    message.timestamp = int(now.timestamp() * 1000)
    metric = message.metrics.add()
    metric.name = b"Node Control/Rebirth"
    metric.datatype = _BOOLEAN
    metric.boolean_value = True
    return bytes(message.SerializeToString())
