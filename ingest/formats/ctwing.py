"""CTWing (China Telecom AEP), HTTP push: ``messageType`` dataReport, eventReport and the rest.

``payload`` holds either fields of the product's thing model, or one base64 text with the device's own bytes:
``APPdata`` (LwM2M and MQTT transparent products), ``Updata`` (older TUP products). Other message types (online,
offline, command answers) carry no measurement. The platform wants its 200 at once and pauses pushing after failures.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import msgspec

from ingest.formats.uplink import FormatError, Uplink, from_epoch, read_json

TOPIC_FILTERS: tuple[str, ...] = ()
MARKS = frozenset({"messageType", "assocAssetId", "upPacketSN", "upDataSN", "tenantId", "productId", "IMEI"})

_TRANSPARENT = ("APPdata", "Updata")


class _Report(msgspec.Struct, gc=False):
    deviceId: str = ""
    IMEI: str | None = None
    messageType: str = "dataReport"
    timestamp: float | None = None
    payload: dict[str, Any] | None = None
    eventContent: dict[str, Any] | None = None


_DECODER = msgspec.json.Decoder(_Report)


def read(topic: str, payload: bytes) -> Sequence[Uplink]:
    """The uplink of one push, none when it is no report of data; FormatError."""
    report: _Report = read_json(_DECODER, payload)
    found = report.eventContent if report.messageType == "eventReport" else report.payload
    if report.messageType not in ("dataReport", "eventReport"):
        return ()
    names = [name for name in (report.deviceId, report.IMEI) if name and name != "undefined"]
    if not found:
        raise FormatError(f"{report.messageType} without a payload")
    fields = dict(found)
    return (
        Uplink(
            device=names[0] if names else "",
            also=tuple(names[1:]),
            time=None if report.timestamp is None else from_epoch(report.timestamp, "timestamp"),
            payload=_transparent(fields),
            fields=fields or None,
        ),
    )


def _transparent(fields: dict[str, Any]) -> bytes | None:
    for name in _TRANSPARENT:
        text = fields.pop(name, None)
        if text is None:
            continue
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise FormatError(f"payload.{name} is not base64: {error}") from error
    return None
