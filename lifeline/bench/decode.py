"""``lifeline bench decode``: messages per second from bytes to rows, in one process, without broker or database."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ingest.codecs.javascript import compile_javascript
from ingest.decoder import Decoder
from ingest.payload import DECODERS
from ingest.profile import load_profiles

_BATCH = 1000
_NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
_TIME = "2026-03-01T07:59:58.123456Z"
_DEVICE = "24e124136b502217"
_TOPIC = f"application/17c82e96-be03-4f38-aef3-f83d48582d97/device/{_DEVICE}/event/up"
_FRAME = bytes.fromhex("01756403d4000001005046")

# The same tags and values as the built-in codec of the model reads.
_JAVASCRIPT = """
function decodeUplink(input) {
  var data = {}, b = input.bytes;
  function angle(i) { return ((b[i] | b[i + 1] << 8) << 16 >> 17) / 100; }
  for (var i = 0; i < b.length;) {
    var id = b[i++], type = b[i++];
    if (id === 0x01 && type === 0x75) { data.battery = b[i]; i += 1; }
    else if (id === 0x03 && type === 0xd4) {
      data.angle_x = angle(i); data.angle_y = angle(i + 2); data.angle_z = angle(i + 4);
      data.threshold_x = b[i] & 1 ? "trigger" : "normal";
      i += 6;
    }
    else return { errors: ["unknown channel " + id] };
  }
  return { data: data };
}
"""


@dataclass(frozen=True, slots=True)
class DecodeFigures:
    """Messages per second in one process."""

    native_rate: float
    chirpstack_milesight_rate: float
    javascript_rate: float

    def as_json(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _BenchSensor:
    sensor_id: int
    code: str
    kind: str
    attributes: Mapping[str, Any]


def bench_decode(seconds: float) -> DecodeFigures:
    """Measure each rate for ``seconds``."""
    decoder = Decoder(["chirpstack"], load_profiles())
    register = {_DEVICE: _BenchSensor(1, "MH-1", "manhole", {"profile": "milesight-em320-tilt"})}
    event = _event()
    javascript = compile_javascript(_JAVASCRIPT)
    return DecodeFigures(
        native_rate=native_rate(seconds),
        chirpstack_milesight_rate=_rate(lambda: decoder.decode(_TOPIC, event, register.get, _NOW), seconds),
        javascript_rate=_rate(lambda: javascript(_FRAME, 85), seconds),
    )


def native_rate(seconds: float) -> float:
    """Native messages decoded per second, measured for ``seconds``."""
    native = json.dumps({"time": _TIME, "tilt_deg": 1.25, "battery_pct": 90, "rssi_dbm": -80}).encode()
    manhole = DECODERS["manhole"]
    return _rate(lambda: manhole.decode(native, 1, _NOW), seconds)


def _rate(work: Callable[[], object], seconds: float) -> float:
    started = now = time.perf_counter()
    done = 0
    while now - started < seconds:
        for _ in range(_BATCH):
            work()
        done += _BATCH
        now = time.perf_counter()
    return done / (now - started)


def _event() -> bytes:
    """An uplink event of the size that a network server publishes, with one gateway."""
    event = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": _TIME,
        "deviceInfo": {
            "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242",
            "tenantName": "County",
            "applicationId": "17c82e96-be03-4f38-aef3-f83d48582d97",
            "applicationName": "Manholes",
            "deviceProfileId": "14855bf7-d10d-4aee-b618-ebfcb64dc7ad",
            "deviceProfileName": "EM320-TILT",
            "deviceName": "MH-1",
            "devEui": _DEVICE,
            "tags": {},
        },
        "devAddr": "00189440",
        "adr": True,
        "dr": 1,
        "fCnt": 4711,
        "fPort": 85,
        "confirmed": False,
        "data": base64.b64encode(_FRAME).decode(),
        "rxInfo": [
            {"gatewayId": "0016c001f153a14c", "uplinkId": 4217106255, "rssi": -36, "snr": 10.5, "context": "E3OWOQ=="}
        ],
        "txInfo": {
            "frequency": 470300000,
            "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 11, "codeRate": "CR_4_5"}},
        },
    }
    return json.dumps(event).encode()
