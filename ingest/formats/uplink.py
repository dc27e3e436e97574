"""What every envelope comes down to."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from ingest.errors import IngestError

# Epoch seconds reach this in the year 5138, epoch milliseconds passed it in 1973.
_MILLISECONDS_FROM = 100_000_000_000

MAX_MESSAGE_BYTES = 256 * 1024


class Command(msgspec.Struct, frozen=True):
    """A message that a format asks to publish in answer, such as a Sparkplug rebirth request.

    ``payload`` makes it for the time at which it is published.
    """

    topic: str
    payload: Callable[[datetime], bytes]


class FormatError(IngestError):
    """A message that is not of the format it should be of; the text says what is wrong.

    ``commands`` are answers to publish in spite of it: Sparkplug data that can't be read asks for a rebirth.
    """

    def __init__(self, reason: str, commands: tuple[Command, ...] = ()) -> None:
        super().__init__(reason)
        self.commands = commands


class Uplink(msgspec.Struct, frozen=True, gc=False):
    """What one device said at one time.

    ``device`` is the platform's main name of the device, '' when it names none; ``also`` are its other names, tried in
    turn. ``time`` is aware, None when the envelope carries none: then it is ``after_s`` seconds after the arrival
    (SenML's relative times). ``payload`` is the device's own bytes with their LoRaWAN ``port``; ``fields`` is what the
    platform decoded already, and ``units`` names the unit of a field where the envelope says it. ``signal_dbm`` is the
    strongest reception.
    """

    device: str
    also: tuple[str, ...] = ()
    time: datetime | None = None
    after_s: float = 0.0
    port: int | None = None
    payload: bytes | None = None
    fields: dict[str, Any] | None = None
    units: dict[str, str] | None = None
    signal_dbm: float | None = None


def from_epoch(value: float, what: str = "time") -> datetime:
    """The time of epoch seconds or milliseconds, told apart by size; FormatError when it is neither."""
    try:
        seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise FormatError(f"{what} {value!r} is no epoch time") from error


def read_json(decoder: "msgspec.json.Decoder[Any]", payload: bytes) -> Any:
    """Decode and check; FormatError with the place and the reason."""
    if len(payload) > MAX_MESSAGE_BYTES:
        raise FormatError(f"message of {len(payload)} bytes, more than {MAX_MESSAGE_BYTES}")
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FormatError(str(error) or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise FormatError(f"message is not UTF-8: {error.reason}") from error


def level(topic: str, index: int) -> str:
    """The topic's level at ``index``, '' when there is none."""
    parts = topic.split("/")
    return parts[index] if index < len(parts) else ""
