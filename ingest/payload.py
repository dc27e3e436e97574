"""The native wire format: topic ``{prefix}/{kind}/{sensor}/reading``, payload JSON.

The payload is an object with ``time`` (RFC 3339 with offset, or epoch seconds or milliseconds) and at least one
quantity of the kind, or an array of such objects from a device that buffered. The checks are compiled from the kind's
description into the JSON decoder, so a checked reading costs little more than a parsed one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from ingest.errors import IngestError
from ingest.kinds import KINDS, Kind, Quantity, State

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_READINGS = 1000  # in one array
FUTURE_LIMIT = timedelta(minutes=5)  # a clock that runs ahead
PAST_LIMIT = timedelta(days=30)  # a device that buffered
_OLDEST = -PAST_LIMIT

# Epoch seconds reach this in the year 5138, epoch milliseconds passed it in 1973.
_MILLISECONDS_FROM = 100_000_000_000
_TIME = itemgetter(1)

Row = tuple[Any, ...]
"""One reading as it is stored: (sensor_id, time, value of each column of the kind or None)."""


class PayloadError(IngestError):
    """A message that can't become readings; the text is the reason kept in quarantine."""


class Address(NamedTuple):
    """What a native topic names."""

    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class PayloadDecoder:
    """Decodes and checks the payloads of one kind."""

    kind: Kind
    _one: "msgspec.json.Decoder[Any]"
    _many: "msgspec.json.Decoder[Any]"

    def decode(self, payload: bytes, sensor_id: int, received_at: datetime) -> list[Row]:
        """The readings of one message; PayloadError with the reason when any part of it is not acceptable."""
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise PayloadError(f"payload of {len(payload)} bytes, more than {MAX_PAYLOAD_BYTES}")
        try:
            found = self._many.decode(payload) if payload[:1] == b"[" else self._one.decode(payload)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise PayloadError(str(error) or type(error).__name__) from error
        except UnicodeDecodeError as error:
            raise PayloadError(f"payload is not UTF-8: {error.reason}") from error
        if type(found) is not list:
            return [self._row(found, sensor_id, received_at)]
        rows = [self._row(reading, sensor_id, received_at) for reading in found]
        rows.sort(key=_TIME)  # a buffer may be read out newest first; the engine judges in order of time
        return rows

    def _row(self, reading: Any, sensor_id: int, received_at: datetime) -> Row:
        time = reading.time
        if type(time) is not datetime:
            time = _from_epoch(time)
        refusal = time_refusal(time, received_at)
        if refusal is not None:
            raise PayloadError(refusal)
        values = msgspec.structs.astuple(reading)[1:]
        if values.count(None) == len(values):
            raise PayloadError("no quantity: expected at least one of " + ", ".join(self.kind.column_names))
        return (sensor_id, time, *values)


def time_refusal(time: datetime, received_at: datetime) -> str | None:
    """The limits of the intake: a clock that runs ahead, a sample that is too old. None when ``time`` is acceptable."""
    if _OLDEST <= time - received_at <= FUTURE_LIMIT:  # one difference costs less than two sums
        return None
    if time > received_at:
        return f"time {time.isoformat()} lies in the future: set the device's clock"
    return f"time {time.isoformat()} lies more than {PAST_LIMIT.days} days back"


def _from_epoch(value: float) -> datetime:
    try:
        return datetime.fromtimestamp(value / 1000 if abs(value) >= _MILLISECONDS_FROM else value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise PayloadError(f"time {value!r} is no epoch time") from error


def _field(column: Quantity | State) -> tuple[str, Any, None]:
    if isinstance(column, State):
        return column.name, Literal[column.words] | None, None
    return column.name, Annotated[float, msgspec.Meta(ge=column.minimum, le=column.maximum)] | None, None


def _build(kind: Kind) -> PayloadDecoder:
    time = Annotated[datetime, msgspec.Meta(tz=True)] | int | float
    struct = msgspec.defstruct(
        f"{kind.name.capitalize()}Payload",
        [("time", time), *(_field(column) for column in kind.columns)],
        forbid_unknown_fields=True,
        gc=False,
    )
    many = Annotated[list[struct], msgspec.Meta(min_length=1, max_length=MAX_READINGS)]  # type: ignore[valid-type]
    return PayloadDecoder(kind, msgspec.json.Decoder(struct), msgspec.json.Decoder(many))


DECODERS = {name: _build(kind) for name, kind in KINDS.items()}


def parse_topic(topic: str, prefix: str) -> Address:
    """What a topic below ``prefix`` names; PayloadError when it is no native topic."""
    parts = topic.removeprefix(prefix + "/").split("/")
    if not topic.startswith(prefix + "/") or len(parts) != 3 or parts[2] != "reading":
        raise PayloadError(f"topic is not {prefix}/KIND/SENSOR/reading")
    if parts[0] not in KINDS:
        raise PayloadError(f"unknown kind {parts[0]!r}: expected {', '.join(KINDS)}")
    if not parts[1]:
        raise PayloadError("the topic names no sensor")
    return Address(parts[0], parts[1])


def native_topic(prefix: str, kind: str, code: str) -> str:
    """The topic on which the sensor ``code`` of ``kind`` reports."""
    return f"{prefix}/{kind}/{code}/reading"
