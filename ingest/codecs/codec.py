"""What every codec is."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ingest.errors import IngestError

Fields = dict[str, Any]


class CodecError(IngestError):
    """Bytes that a codec can't read; the text is the codec's own words."""


class Measured(msgspec.Struct, frozen=True, gc=False):
    """The maker's field names and values, and what the codec has to say about them."""

    fields: Fields
    warnings: Sequence[str] = ()


Codec = Callable[[bytes, int | None], Measured]
"""Payload and LoRaWAN port (None where there is none) → fields; raises CodecError."""


def require_port(port: int | None, *expected: int) -> None:
    """CodecError when a port is known and it is none of ``expected``."""
    if port is not None and port not in expected:
        raise CodecError(f"port {port}: measurements come on port {', '.join(map(str, expected))}")


def require_length(payload: bytes, *expected: int) -> None:
    """CodecError when the payload has none of the ``expected`` lengths."""
    if len(payload) not in expected:
        raise CodecError(f"{len(payload)} bytes, expected {' or '.join(map(str, expected))}")
