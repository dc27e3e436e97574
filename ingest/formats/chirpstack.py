"""ChirpStack v4, MQTT or HTTP integration in JSON: ``application/{app}/device/{devEui}/event/up``.

Facts: the project's "Event types" page. ``data`` is base64; ``object`` is there only when the server runs a codec.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from ingest.formats.uplink import FormatError, Uplink, read_json

TOPIC_FILTERS = ("application/+/device/+/event/up",)
MARKS = frozenset({"deduplicationId", "deviceInfo", "devAddr", "fPort", "rxInfo", "txInfo"})


class _Device(msgspec.Struct, gc=False):
    devEui: str
    deviceName: str = ""


class _Reception(msgspec.Struct, gc=False):
    rssi: float | None = None


class _Up(msgspec.Struct, gc=False):
    deviceInfo: _Device
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    fPort: int | None = None
    data: bytes | None = None
    object: dict[str, Any] | None = None
    rxInfo: list[_Reception] = []


_DECODER = msgspec.json.Decoder(_Up)


def read(topic: str, payload: bytes) -> Sequence[Uplink]:
    """The uplink of one event, none when it carries no application data; FormatError."""
    up: _Up = read_json(_DECODER, payload)
    device = up.deviceInfo.devEui
    if not device:
        raise FormatError("deviceInfo.devEui is empty")
    if not up.data and not up.object:
        return ()
    signal = None
    for reception in up.rxInfo:
        rssi = reception.rssi
        if rssi is not None and (signal is None or rssi > signal):
            signal = rssi
    return (
        Uplink(
            device=device.lower(),
            also=(up.deviceInfo.deviceName,) if up.deviceInfo.deviceName else (),
            time=up.time,
            port=up.fPort,
            payload=up.data or None,
            fields=up.object,
            signal_dbm=signal,
        ),
    )
