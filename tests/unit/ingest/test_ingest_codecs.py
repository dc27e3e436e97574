"""Codecs against the values that the makers' documents give for their own examples."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codecs.codec import CodecError
from ingest.codecs.table import CODECS

_EXAMPLES = json.loads((Path(__file__).parents[2] / "data" / "device_payloads.json").read_text(encoding="utf-8"))
_PORTS = st.one_of(st.none(), st.sampled_from([1, 2, 3, 6, 7, 85, 105]), st.integers(0, 255))


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    return found == (pytest.approx(wanted, abs=1e-9) if isinstance(wanted, float) else wanted)


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example["profile"])
def test_the_makers_example_gives_the_makers_values(example: dict[str, Any]) -> None:
    measured = CODECS[example["profile"]](bytes.fromhex(example["payload"]), example["port"])
    assert _same(measured.fields, example["fields"]), measured.fields
    assert not measured.warnings


def test_every_codec_has_an_example() -> None:
    assert {example["profile"] for example in _EXAMPLES} == CODECS.keys()


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=40)
@given(payload=st.binary(max_size=300), port=_PORTS)
def test_any_bytes_are_read_or_refused_in_words(name: str, payload: bytes, port: int | None) -> None:
    try:
        fields = CODECS[name](payload, port).fields
    except CodecError:
        return
    json.dumps(fields)


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example["profile"])
def test_a_cut_example_is_never_taken_for_whole(example: dict[str, Any]) -> None:
    payload = bytes.fromhex(example["payload"])
    for length in range(len(payload)):
        try:
            fields = CODECS[example["profile"]](payload[:length], example["port"]).fields
        except CodecError:
            continue
        # Some frames end between two tags; what was there is then right, and something is missing. LDDS75's frames
        # of another length are other firmware's.
        assert fields.keys() < example["fields"].keys()


@pytest.mark.parametrize(
    ("name", "payload", "fields"),
    [
        # History frames, from the README of the model.
        (
            "milesight-em300-mcs",
            "20CE9E74466310015D01",
            {
                "history": [
                    {"timestamp": 1665561758, "temperature": 27.2, "humidity": 46.5, "magnet_status": "open"}
                ]
            },
        ),
        ("milesight-em500-swl", "20ce9e744663ffff", {"history": [
            {"timestamp": 1665561758, "depth_error": "collection failed"}]}),
        # Alarm channels carry the value under its plain name.
        (
            "milesight-em400-mud",
            "8367e800018482410601",
            {
                "temperature": 23.2,
                "temperature_alarm": "threshold_alarm",
                "distance": 1601,
                "distance_alarm": "threshold_alarm",
            },
        ),
        # A cover on its back and one past level the other way: the angles are signed.
        (
            "milesight-em320-tilt",
            "03d401009cff50b9",
            {
                "angle_x": 0.0,
                "angle_y": -0.5,
                "angle_z": -90.48,
                "threshold_x": "trigger",
                "threshold_y": "normal",
                "threshold_z": "normal",
            },
        ),
        ("milesight-gs301", "057dfeff067dffff", {"h2s_sensor_status": "device error"}),
        ("milesight-ws302", "055b063f02da016a02", {"LCF": 57.5, "LCeq": 47.4, "LCFmax": 61.8}),
        ("dragino-ldds45", "0d3b001400fff601", {
            "Bat": 3.387, "Distance": "Invalid Reading", "Interrupt_flag": 0, "Sensor_flag": 1,
            "TempC_DS18B20": "-1.00"}),
        ("dragino-ldds75", "0e1c0b0501", {"distance": "2821 mm", "Bat": 3.612}),
        ("netvox-ra02c", "0111019e01000000000000", {
            "Device": "RA02C", "Volt": "3(low battery)", "COAlarm": "Alarm", "HighTempAlarm": "No Alarm"}),
        ("dingtek-dc413", "8000010211ffff001600 2d10110007 0081".replace(" ", ""), {
            "level": 65535, "alarmLevel": True, "alarmFall": True, "alarmBattery": True, "angle": 45,
            "temperature": 22, "frameCounter": 7}),
    ],
)  # fmt: skip
def test_frames_that_the_examples_leave_out(name: str, payload: str, fields: dict[str, Any]) -> None:
    assert _same(CODECS[name](bytes.fromhex(payload), None).fields, fields)


@pytest.mark.parametrize(
    ("name", "payload", "port", "words"),
    [
        ("milesight-em310-udl", "0175", 85, "tag 0175 wants 1 bytes, 0 are left"),
        ("milesight-em310-udl", "", 85, "no bytes"),
        ("milesight-em310-udl", "01755c03", 85, "1 byte too many"),
        ("dingtek-dc410", "800001021106a400160100000000010082", 3, "no frame"),
        ("dingtek-dc410", "800001021106a400160100000000010081", 4, "port 4: measurements come on port 3"),
        ("decentlab-dl-mbx", "01012f000304d200010bb1", 1, "protocol version 1 doesn't match v2"),
        ("decentlab-dl-mbx", "02012f000304d2", 1, "distance is announced but not there"),
        ("netvox-r718pa4", "0111065509090010010000", 6, "device type 0x11 is no R718PA4"),
        ("browan-tbsl100", "000b36", 105, "3 bytes, expected 4"),
        ("milesight-em400-udl", "0300", None, "no frame"),
    ],
)
def test_a_refusal_says_why(name: str, payload: str, port: int | None, words: str) -> None:
    with pytest.raises(CodecError, match=words):
        CODECS[name](bytes.fromhex(payload), port)


def test_an_unknown_tag_ends_the_reading_with_a_warning() -> None:
    measured = CODECS["milesight-em310-udl"](bytes.fromhex("01755c0999aabb"), 85)
    assert measured.fields == {"battery": 92}
    assert list(measured.warnings) == ["unknown tag 0999 at byte 3: the rest was not read"]


def test_nb_iot_measurements_are_told_apart() -> None:
    example = next(example for example in _EXAMPLES if example["profile"] == "milesight-em400-udl")
    frame = bytearray.fromhex(example["payload"])
    body = bytes(frame[-14:])
    frame[-16:-14] = (28).to_bytes(2, "big")
    fields = CODECS["milesight-em400-udl"](bytes(frame) + body, None).fields
    assert fields["data"] == [example["fields"]["data"][0]] * 2


def test_the_longest_payload_takes_no_time() -> None:
    # 250 kB of the shortest tags, a thousand times what a radio carries.
    payload = bytes.fromhex("01755c") * 83_000
    started = time.process_time()
    CODECS["milesight-em310-udl"](payload, 85)
    assert time.process_time() - started < 0.5
