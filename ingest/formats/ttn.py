"""The Things Stack v3: ``v3/{app}@{tenant}/devices/{device}/up``, or its webhook.

Facts: "Data formats" of the documentation. Fields equal to "", 0 or false are left out, so a missing value is not an
error. The server speaks MQTT 3.1.1 with QoS 0: it arrives here over a broker bridge, and a message lost on the way to
the bridge is lost.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from ingest.formats.uplink import FormatError, Uplink, read_json

TOPIC_FILTERS = ("v3/+/devices/+/up",)
MARKS = frozenset({"end_device_ids", "correlation_ids", "received_at", "uplink_message"})

_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class _Ids(msgspec.Struct, gc=False):
    device_id: str = ""
    dev_eui: str = ""


class _Reception(msgspec.Struct, gc=False):
    rssi: float | None = None


class _Message(msgspec.Struct, gc=False):
    f_port: int | None = None
    frm_payload: bytes | None = None
    decoded_payload: dict[str, Any] | None = None
    rx_metadata: list[_Reception] = []
    received_at: _Time | None = None


class _Up(msgspec.Struct, gc=False):
    end_device_ids: _Ids
    uplink_message: _Message | None = None
    received_at: _Time | None = None


_DECODER = msgspec.json.Decoder(_Up)


def read(topic: str, payload: bytes) -> Sequence[Uplink]:
    """The uplink of one message, none when it is another event of the device; FormatError."""
    up: _Up = read_json(_DECODER, payload)
    ids, message = up.end_device_ids, up.uplink_message
    device = ids.device_id or ids.dev_eui.lower()
    if not device:
        raise FormatError("end_device_ids names neither device_id nor dev_eui")
    if message is None or not (message.frm_payload or message.decoded_payload):
        return ()
    signals = [reception.rssi for reception in message.rx_metadata if reception.rssi is not None]
    return (
        Uplink(
            device=device,
            also=(ids.dev_eui.lower(),) if ids.dev_eui and ids.device_id else (),
            # The network server's time is nearer to the measurement than the application server's.
            time=message.received_at or up.received_at,
            port=message.f_port,
            payload=message.frm_payload or None,
            fields=message.decoded_payload,
            signal_dbm=max(signals, default=None),
        ),
    )
