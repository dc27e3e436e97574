"""Coverage-guided fuzzing of every envelope, codec and profile: ``python tests/fuzz/fuzz_ingest.py [RUNS]``.

The first byte of an input chooses what reads the rest. What may come out is a result or the room's own error; any
other exception, an input that takes longer than ``LIMIT_S`` of processor time three times in a row, and memory beyond
``MEMORY_MB`` end the run. Inputs start from the published messages in tests/data. Needs `atheris`,
which `make fuzz` installs.
"""

import base64
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import atheris

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["ingest"]):
    from ingest.codecs.javascript import compile_javascript
    from ingest.codecs.table import CODECS
    from ingest.decoder import Decoder
    from ingest.errors import IngestError
    from ingest.formats.table import FORMAT_NAMES, FORMATS, NATIVE
    from ingest.formats.uplink import Uplink
    from ingest.kinds import KINDS
    from ingest.profile import load_profiles
    from ingest.reading import Decoded

LIMIT_S = 0.010
MEMORY_MB = 1024
MAX_INPUT_BYTES = 4096
RUNS = 1_000_000
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)

_TOPICS = {
    "iotda": "$oc/devices/lid-3/sys/properties/report",
    "onenet": "$sys/p/lid-3/thing/property/post",
    "senml": "senml/lid-3",
    "sparkplug": "spBv1.0/county/DDATA/well-7/gas-1",
}
_SPARKPLUG = ("NBIRTH/well-7", "DBIRTH/well-7/gas-1", "NDATA/well-7", "DDATA/well-7/gas-1")
_JAVASCRIPT = """
function decodeUplink(input) {
  var data = {}, b = input.bytes;
  for (var i = 0; i + 1 < b.length; i += 2 + b[i] % 4) data["f" + b[i]] = b[i + 1] * b[i];
  if (input.fPort === 3) throw new Error("port 3 of " + b.length);
  return { data: data, warnings: b.length > 9 ? ["long"] : [] };
}
"""

Target = Callable[[bytes], object]


@dataclass(frozen=True)
class FuzzSensor:
    """A register entry."""

    kind: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    sensor_id: int = 1
    code: str = "S-1"


def _codec(name: str) -> Target:
    return lambda data: CODECS[name](data[1:], data[0] if data and data[0] else None)


def _envelope(name: str) -> Target:
    read = FORMATS[name].reader()
    return lambda data: read(_TOPICS.get(name, ""), data)


def _sparkplug() -> Target:
    read = FORMATS["sparkplug"].reader()
    return lambda data: read("spBv1.0/county/" + _SPARKPLUG[data[0] % 4 if data else 0], data[1:])


def _whole(decoder: Decoder, name: str, sensor: FuzzSensor) -> Target:
    topic = f"sensors/{sensor.kind}/S-1/reading" if name == NATIVE else _TOPICS.get(name, "x")
    return lambda data: _checked(decoder.decode(topic, data, lambda _: sensor, NOW, name))


def _pushed(decoder: Decoder, sensor: FuzzSensor) -> Target:
    return lambda data: _checked(decoder.decode("ingress/native", data, lambda _: sensor, NOW))


def _profile(decoder: Decoder, name: str, sensor: FuzzSensor) -> Target:
    def decode(data: bytes) -> object:
        decoded = Decoded()
        decoder.decode_uplink(Uplink("d", payload=data), lambda _: sensor, NOW, decoded)
        return _checked(decoded)

    return decode


def _checked(decoded: Decoded) -> Decoded:
    """Nothing outside a quantity's limits may ever become a row."""
    for reading in decoded.readings:
        for quantity in KINDS[reading.kind].quantities:
            value = reading.quantities.get(quantity.name)
            if value is not None and not quantity.minimum <= float(value) <= quantity.maximum:
                raise AssertionError(f"{quantity.name} {value}")
    return decoded


def build_targets() -> dict[str, Target]:
    """Everything that reads bytes from outside, by name."""
    profiles = load_profiles()
    decoder = Decoder(FORMAT_NAMES, profiles)
    javascript = compile_javascript(_JAVASCRIPT)
    targets: dict[str, Target] = {f"codec {name}": _codec(name) for name in CODECS}
    targets |= {f"envelope {name}": _envelope(name) for name in FORMATS if name != "sparkplug"}
    targets["envelope sparkplug"] = _sparkplug()
    targets["javascript"] = lambda data: javascript(data[1:], data[0] if data else None)
    for name, (profile, codec) in profiles.items():
        sensor = FuzzSensor(profile.kind, {"profile": name, "mounting_height_m": 3.0})
        if codec is not None:
            targets[f"profile {name}"] = _profile(decoder, name, sensor)
    for kind in KINDS:
        for name in FORMAT_NAMES:
            targets[f"whole {name} {kind}"] = _whole(decoder, name, FuzzSensor(kind))
        targets[f"pushed native {kind}"] = _pushed(decoder, FuzzSensor(kind))
    return targets


def _examples(name: str) -> Any:
    return json.loads((ROOT / "tests" / "data" / f"{name}.json").read_text(encoding="utf-8"))


def seeds(names: list[str]) -> Iterator[bytes]:
    """Published messages, each before the targets that it is meant for."""
    number = {name: bytes([index]) for index, name in enumerate(names)}
    for example in _examples("device_payloads"):
        payload = bytes.fromhex(example["payload"])
        yield number[f"codec {example['profile']}"] + bytes([example["port"] or 0]) + payload
        yield number[f"profile {example['profile']}"] + payload
        yield number["javascript"] + b"\x55" + payload
    for message in _examples("platform_messages"):
        payload = json.dumps(message["message"]).encode()
        yield number[f"envelope {message['format']}"] + payload
        for kind in KINDS:
            yield number[f"whole {message['format']} {kind}"] + payload
    for index, message in enumerate(_examples("sparkplug_messages")):
        yield number["envelope sparkplug"] + bytes([index]) + bytes.fromhex(message["payload"])
        yield number["whole sparkplug gas"] + bytes.fromhex(message["payload"])
    for kind in KINDS.values():
        reading = {"time": "2026-03-01T08:00:00Z", **{quantity.name: 1 for quantity in kind.quantities}}
        yield number[f"whole native {kind.name}"] + json.dumps(reading).encode()
        yield number[f"pushed native {kind.name}"] + json.dumps([{"sensor": "S-1", **reading}]).encode()
        record = [{"bn": "S-1:", "bt": 1772352000, "n": name, "v": 1} for name in kind.column_names]
        yield number[f"whole senml {kind.name}"] + json.dumps(record).encode()
        update = base64.b64encode(b"\x01\x75\x64").decode()
        yield (
            number[f"whole ctwing {kind.name}"] + json.dumps({"deviceId": "d", "payload": {"APPdata": update}}).encode()
        )


def main() -> None:
    """Run; libFuzzer ends the process with a status of its own."""
    targets = build_targets()
    names, works = list(targets), list(targets.values())
    if len(works) > 256:
        raise SystemExit("more targets than a byte can choose from")

    def once(work: Target, data: bytes) -> float:
        started = time.thread_time()
        try:
            work(data)
        except IngestError as error:
            str(error)
        return time.thread_time() - started

    def test_one_input(data: bytes) -> None:
        if not data:
            return
        index = data[0] % len(works)
        work, rest = works[index], data[1:]
        if once(work, rest) > LIMIT_S and min(once(work, rest) for _ in range(3)) > LIMIT_S:
            raise AssertionError(f"{names[index]}: an input of {len(rest)} bytes takes longer than {LIMIT_S} s")

    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory(prefix="lifeline-fuzz-") as folder:
        for index, seed in enumerate(seeds(names)):
            (Path(folder) / f"seed-{index}").write_bytes(seed)
        options = [f"-runs={runs}", f"-max_len={MAX_INPUT_BYTES}", f"-rss_limit_mb={MEMORY_MB}", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, folder], test_one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
