"""``lifeline decode`` and ``lifeline profiles`` as typed at a prompt."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from ingest.errors import IngestError
from lifeline.bench.decode import bench_decode
from lifeline.commands import bench, decode, profiles
from lifeline.errors import HubError

_RUNNER = CliRunner()
_DATA = Path(__file__).parents[2] / "data"
_TILT = "01756403d4000001005046"


def _run(app: typer.Typer, *arguments: str, content: str | bytes = "") -> Result:
    return _RUNNER.invoke(app, list(arguments), input=content)


def _decoded(*arguments: str, content: str | bytes = "") -> Any:
    result = _run(decode.app, *arguments, content=content)
    assert result.exit_code == 0, result.exception or result.output
    return json.loads(result.stdout)


def _refusal(app: typer.Typer, *arguments: str, content: str | bytes = "") -> str:
    result = _run(app, *arguments, content=content)
    assert isinstance(result.exception, HubError | IngestError), result.output
    return str(result.exception)


def _platform(start: str) -> str:
    messages = json.loads((_DATA / "platform_messages.json").read_text(encoding="utf-8"))
    return json.dumps(next(message["message"] for message in messages if message["name"].startswith(start)))


@pytest.mark.parametrize(
    "example", json.loads((_DATA / "device_payloads.json").read_text()), ids=lambda one: one["profile"]
)
def test_bare_bytes(example: dict[str, Any]) -> None:
    port: Sequence[str] = [] if example["port"] is None else ["--port", str(example["port"])]
    height = ["--attribute", "mounting_height_m=3"]
    shown = _decoded("--hex", "--profile", example["profile"], *port, *height, content=example["payload"] + "\n")
    assert shown.keys() == {"readings", "warnings"}
    assert [reading["quantities"] for reading in shown["readings"]] == (
        [pytest.approx(example["quantities"])] if example["quantities"] else []
    )


def test_a_file_of_an_old_message_is_still_read(tmp_path: Path) -> None:
    file = tmp_path / "up.json"
    message = json.loads(_platform("ChirpStack")) | {"data": "AXVkA9QAAAEAUEY=", "fPort": 85}
    file.write_text(json.dumps(message), encoding="utf-8")
    topic = "application/a/device/0101010101010101/event/up"
    shown = _decoded("--format", "chirpstack", "--topic", topic, "--profile", "milesight-em320-tilt", str(file))
    assert shown == {
        "readings": [
            {
                "sensor": "0101010101010101",
                "kind": "manhole",
                "time": "2022-07-18T09:34:15.775023+00:00",
                "quantities": {"tilt_deg": 0.0, "battery_pct": 100, "rssi_dbm": -36.0},
            }
        ],
        "warnings": [],
    }


def test_history_of_years_ago_is_shown() -> None:
    shown = _decoded("--hex", "--profile", "milesight-em300-mcs", content="20CE9E74466310015D01")
    (reading,) = shown["readings"]
    assert (reading["time"], reading["quantities"]) == ("2022-10-12T08:02:38+00:00", {"cover_state": "open"})


def test_a_native_message_needs_no_profile() -> None:
    message = '{"time": "2020-01-01T00:00:00Z", "depth_m": 0.3}'
    shown = _decoded("--format", "native", "--topic", "sensors/waterlogging/W-1/reading", content=message)
    assert shown["readings"] == [
        {"sensor": "W-1", "kind": "waterlogging", "time": "2020-01-01T00:00:00+00:00", "quantities": {"depth_m": 0.3}}
    ]


def test_the_topic_alone_tells_the_format_and_the_names_the_kind() -> None:
    message = '[{"bn": "G-1:", "bt": 1772352000, "n": "ch4_lel_pct", "u": "%vol", "v": 1}]'
    (reading,) = _decoded("--topic", "senml/x", content=message)["readings"]
    assert (reading["kind"], reading["quantities"]) == ("gas", {"ch4_lel_pct": 20})


def test_platform_fields_through_a_profile() -> None:
    shown = _decoded("--format", "ctwing", "--profile", "ctwing-gas-detector", content=_platform("CTWing gas"))
    assert shown["readings"][0]["quantities"] == {"ch4_lel_pct": 0, "temperature_c": 0, "battery_pct": 100}


def test_a_rebirth_request_is_told() -> None:
    message = json.loads((_DATA / "sparkplug_messages.json").read_text(encoding="utf-8"))[4]
    shown = _decoded("--topic", message["topic"], content=bytes.fromhex(message["payload"]))
    assert shown["readings"][0]["quantities"] == {"laeq_db": 64.25, "battery_pct": 88}
    assert shown["warnings"] == ["asks to publish on spBv1.0/county/NCMD/edge-2"]


@pytest.mark.parametrize(
    ("arguments", "content", "words"),
    [
        (["--hex"], _TILT, "--hex needs --profile"),
        (["--hex", "--profile", "acme-x"], _TILT, "there is no profile 'acme-x'"),
        (["--hex", "--profile", "milesight-em320-tilt"], "zz", "not hexadecimal"),
        (["--hex", "--profile", "milesight-em320-tilt"], "03d4", "tag 03d4 wants 6 bytes"),
        (["--hex", "--profile", "milesight-em320-tilt", "--attribute", "x"], _TILT, "expected NAME=VALUE"),
        (["--format", "lora"], "{}", "unknown format 'lora': expected one of native, senml"),
        (["--format", "chirpstack"], "{", "chirpstack: "),
        (["--topic", "x"], '{"uplink_message": 1}', "nearest is ttn"),
        (["--format", "ctwing"], '{"deviceId": "d", "payload": {"a": 1}}', "say --profile"),
        (["--format", "native", "--topic", "sensors/gas"], "{}", "topic is not"),
        (["/nowhere/file"], "", "No such file"),
    ],
)
def test_a_refusal_is_told(arguments: list[str], content: str, words: str) -> None:
    assert words in _refusal(decode.app, *arguments, content=content)


def test_own_profiles(tmp_path: Path) -> None:
    assert _run(profiles.app, "new", "acme-lid7", "--kind", "manhole", "--folder", str(tmp_path)).exit_code == 0
    assert "is there already" in _refusal(
        profiles.app, "new", "acme-lid7", "--kind", "manhole", "--folder", str(tmp_path)
    )
    checked = _run(profiles.app, "check", str(tmp_path / "acme-lid7.yaml"))
    assert checked.stdout.startswith("acme-lid7: manhole, cover_state, tilt_deg")
    assert "acme-lid7" in _run(profiles.app, "list", "--profiles", str(tmp_path)).stdout
    message = '{"deviceId": "d", "timestamp": 1772352000000, "payload": {"tilt_deg": 4}}'
    arguments = ["--format", "ctwing", "--profile", "acme-lid7", "--profiles", str(tmp_path)]
    assert _decoded(*arguments, content=message)["readings"][0]["quantities"] == {"tilt_deg": 4}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "Acme", "--kind", "gas"], "no profile name"),
        (["new", "acme-x", "--kind", "lift"], "unknown kind 'lift'"),
        (["check", "/nowhere/acme-x.yaml"], "acme-x.yaml: "),
    ],
)
def test_what_is_wrong_with_a_profile_is_told(arguments: list[str], words: str) -> None:
    assert words in _refusal(profiles.app, *arguments)


def test_the_benchmark_measures_what_it_says(tmp_path: Path) -> None:
    figures = bench_decode(0.05).as_json()
    assert figures.keys() == {"native_rate", "chirpstack_milesight_rate", "javascript_rate"}
    assert all(rate > 0 for rate in figures.values())
    result = _run(bench.app, "decode", "--seconds", "0.1", "--json", str(tmp_path / "figures.json"))
    assert json.loads(result.stdout) == json.loads((tmp_path / "figures.json").read_text())
    assert json.loads(result.stdout).keys() == figures.keys()
