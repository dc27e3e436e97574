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


def test_a_native_reading_pushed_over_http_is_of_the_kind_that_it_measures() -> None:
    reading = {"sensor": "W-1", "time": "2024-01-01T00:00:00Z", "depth_m": 0.2}
    shown = _decoded("--format", "native", content=json.dumps([reading]))
    (found,) = shown["readings"]
    assert (found["sensor"], found["kind"], found["quantities"]) == ("W-1", "waterlogging", {"depth_m": 0.2})
    assert "unknown field `other`" in _refusal(
        decode.app, "--format", "native", content=json.dumps({**reading, "other": 1})
    )


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


def test_a_cover_of_ctwing_through_its_profile() -> None:
    shown = _decoded(
        "--format", "ctwing", "--profile", "ctwing-manhole-cover", content=_platform("CTWing dataReport, m")
    )
    assert shown["readings"][0]["quantities"] == {"cover_state": "closed", "tilt_deg": 0, "shock_count": 0}


# What each envelope says, as a person would read it off: device, time, port, bytes, fields.
_TOLD: dict[str, list[list[str]]] = {
    "ChirpStack v4 event/up": [["0101010101010101, Test device", "2022-07-18T09:34:15.775023+00:00", "port 1", "aa"]],
    "The Things Stack v3 uplink": [["dev1, 0004a30b001c0530", "2020-02-12T15:15:45", "bytes 8241de", "luminosity"]],
    "SenML JSON (RFC 8428 multi-measurement example)": [
        ["urn:dev:ow:10e2073a01080063", "2011-10-31T13:24:24+00:00", '"%RH": 20, "lon": 24.30621, "lat": 60.07965'],
        ["2011-10-31T13:25:24+00:00", '"%RH": 20.3, "lon": 24.30622'],
        ["2011-10-31T13:26:24+00:00", '"%RH": 20.7, "lon": 24.30623'],
        ["2011-10-31T13:26:54+00:00", '"%EL": 98'],
        ["2011-10-31T13:27:24+00:00", '"%RH": 21.2, "lon": 24.30628'],
    ],
    "SenML JSON (voltage/current)": [
        ["urn:dev:ow:10e2073a0108006", "2010-06-08T18:01:16.001000+00:00", '"voltage": 120.1, "current": 1.7'],
        ["2010-06-08T18:01:11.001000+00:00", '"current": 1.2'],
        ["2010-06-08T18:01:12.001000+00:00", '"current": 1.3'],
    ],
    "CTWing dataReport, manhole cover (NB-IoT, LwM2M profile)": [
        ["59e0462b286a45e4bc5642109fd6ea90, 000000000000000", "2020-04-09T02:53:20.535000", '"lean_angle": 0']
    ],
    "CTWing dataReport, doc example": [["2d1f1a708b5d4cef880937d67b5e5842", "2018-06-05T07:29:44.371", "444546"]],
    "CTWing transparent payload shape": [["44d0b9e48d404094bbbcf889e4e64ece", "2020-05-14T08:17:15.861", "5055003c"]],
    "CTWing gas detector payload": [["device without a name", '"gas_value": 0']],
    "OneNET legacy HTTP push (NB-IoT/IPSO)": [["523444202", "2019-04-22T03:46:45.407", '"3300_0_5700": -115']],
    "Huawei IoTDA property report (device to platform)": [["lid-3", "2015-12-12T12:12:12+00:00", '"level2": 90']],
    "Huawei IoTDA northbound push (HTTP/AMQP)": [],
}
_MESSAGES = json.loads((_DATA / "platform_messages.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("message", _MESSAGES, ids=lambda one: one["name"])
def test_every_envelope_is_read_and_without_a_profile_what_it_says_is_told(message: dict[str, Any]) -> None:
    topic = "$oc/devices/lid-3/sys/properties/report" if message["format"] == "iotda" else ""
    shown = _decoded("--format", message["format"], "--topic", topic, content=json.dumps(message["message"]))
    assert shown["readings"] == []
    told = _TOLD[message["name"]]
    assert len(shown["warnings"]) == len(told)
    for warning, words in zip(shown["warnings"], told, strict=True):
        assert all(word in warning for word in words), warning
        assert "say with --profile" in warning


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
        (["--format", "chirpstack"], "", "truncated"),
        (["--format", "chirpstack"], b"\xff\xfe\x00", "malformed"),
        (["--format", "senml"], b"\xff\xfe\x00", "neither JSON nor CBOR"),
        (["--format", "ttn"], " " * 300_000, "300000 bytes, more than 262144"),
        (["--hex", "--profile", "milesight-em320-tilt"], "", "no bytes"),
        (["--hex", "--profile", "milesight-em320-tilt"], b"\xff", "not hexadecimal"),
        (["--hex", "--profile", "milesight-em320-tilt"], "017", "not hexadecimal"),
        (["--format", "native", "--topic", "sensors/gas"], "{}", "topic is not"),
        (["/nowhere/file"], "", "No such file"),
    ],
)
def test_a_refusal_is_told(arguments: list[str], content: str | bytes, words: str) -> None:
    assert words in _refusal(decode.app, *arguments, content=content)


@pytest.mark.parametrize("name", ["acme-410", "acme-0x10", "acme-1e5", "null-true", "410-2024-01-01"])
def test_a_new_profile_passes_its_own_check_whatever_yaml_makes_of_the_name(name: str, tmp_path: Path) -> None:
    assert _run(profiles.app, "new", name, "--kind", "gas", "--folder", str(tmp_path)).exit_code == 0
    assert _run(profiles.app, "check", str(tmp_path / f"{name}.yaml")).stdout.startswith(f"{name}: gas")


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
