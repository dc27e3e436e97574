"""From a device's message to readings, as the pipeline calls it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.decoder import Decoder
from ingest.formats.table import FORMAT_NAMES
from ingest.formats.uplink import Uplink
from ingest.kinds import KINDS
from ingest.profile import load_profiles, parse_profile
from ingest.reading import Decoded

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
_DATA = Path(__file__).parents[2] / "data"
_EXAMPLES = json.loads((_DATA / "device_payloads.json").read_text(encoding="utf-8"))
_PROFILES = load_profiles()
_DECODER = Decoder(FORMAT_NAMES, _PROFILES)


@dataclass(frozen=True)
class KnownDevice:
    kind: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    sensor_id: int = 7
    code: str = "S-1"


def _as(profile: str, **attributes: Any) -> KnownDevice:
    return KnownDevice(_PROFILES[profile][0].kind, {"profile": profile, **attributes})


def _decode(uplink: Uplink, device: KnownDevice | None, decoder: Decoder = _DECODER) -> Decoded:
    decoded = Decoded()
    decoder.decode_uplink(uplink, lambda _: device, NOW, decoded)
    return decoded


def _event(payload: str, port: int, **more: Any) -> bytes:
    data = base64.b64encode(bytes.fromhex(payload)).decode()
    return json.dumps({"deviceInfo": {"devEui": "24E1"}, "fPort": port, "data": data, **more}).encode()


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example["profile"])
def test_the_makers_example_lands_as_the_right_quantities(example: dict[str, Any]) -> None:
    uplink = Uplink("d", port=example["port"], payload=bytes.fromhex(example["payload"]))
    decoded = _decode(uplink, _as(example["profile"], mounting_height_m=3.0))
    assert not decoded.refused
    found = [reading.quantities for reading in decoded.readings]
    assert found == ([pytest.approx(example["quantities"])] if example["quantities"] else [])


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example["profile"])
def test_fields_that_a_network_server_decoded_land_alike(example: dict[str, Any]) -> None:
    device = _as(example["profile"], mounting_height_m=3.0)
    decoded = _decode(Uplink("d", fields=example["fields"]), device)
    assert [reading.quantities for reading in decoded.readings] == (
        [pytest.approx(example["quantities"])] if example["quantities"] else []
    )


def test_a_message_becomes_a_row_in_the_order_of_the_columns() -> None:
    message = _event("01756403d4000001005046", 85, time="2026-03-01T07:59:00Z", rxInfo=[{"rssi": -90}])
    decoded = _DECODER.decode(
        "application/a/device/24e1/event/up", message, {"24e1": _as("milesight-em320-tilt")}.get, NOW
    )
    (reading,) = decoded.readings
    assert (reading.sensor, reading.kind) == ("S-1", "manhole")
    assert reading.row == (7, datetime(2026, 3, 1, 7, 59, tzinfo=UTC), None, 0.0, None, None, 100, -90.0)
    assert len(reading.row) == 2 + len(KINDS["manhole"].columns)


def test_a_message_without_a_time_is_of_its_arrival() -> None:
    decoded = _decode(Uplink("d", after_s=-30.0, fields={"depth_m": 0.2}), KnownDevice("waterlogging"))
    assert decoded.readings[0].time == NOW - timedelta(seconds=30)


def test_a_device_goes_by_any_of_its_names() -> None:
    decoded = Decoded()
    known = {"868508064000000": KnownDevice("waterlogging")}
    _DECODER.decode_uplink(Uplink("x", also=("y", "868508064000000"), fields={"depth_m": 1}), known.get, NOW, decoded)
    assert len(decoded.readings) == 1


def test_history_frames_become_readings_of_their_own_time() -> None:
    stamps = [int(NOW.timestamp()) - ago for ago in (7200, 3600)]
    frames = b"".join(b"\x20\xce" + stamp.to_bytes(4, "little") + b"\x0e\x01" for stamp in stamps)
    decoded = _decode(
        Uplink("d", port=85, payload=bytes.fromhex("017564037702 00") + frames), _as("milesight-em500-swl")
    )
    assert [(reading.time, reading.quantities) for reading in decoded.readings] == [
        (NOW - timedelta(hours=2), {"depth_m": 2.7}),
        (NOW - timedelta(hours=1), {"depth_m": 2.7}),
        (NOW, {"depth_m": 0.02, "battery_pct": 100}),
    ]


def test_history_that_is_too_old_is_refused_and_the_rest_is_kept() -> None:
    frame = b"\x20\xce" + (1_600_000_000).to_bytes(4, "little") + b"\x0e\x01"
    decoded = _decode(Uplink("d", payload=bytes.fromhex("03770200") + frame), _as("milesight-em500-swl"))
    assert [reading.quantities for reading in decoded.readings] == [{"depth_m": 0.02}]
    assert decoded.refused == ["history: S-1: time 2020-09-13T12:26:40+00:00 lies more than 30 days back"]


@pytest.mark.parametrize(
    ("profile", "payload", "attributes", "quantities", "warning"),
    [
        ("milesight-em310-udl", "03824408040000", {"mounting_height_m": 2.5}, {"depth_m": 0.384}, ""),
        ("milesight-em310-udl", "01755c03824408040001", {"mounting_height_m": 2.5}, {"battery_pct": 92}, "is tilt"),
        ("milesight-em310-udl", "01755c03824408", {}, {"battery_pct": 92}, "attribute mounting_height_m"),
        ("milesight-em310-udl", "03824408040000", {"mounting_height_m": "2.5"}, {"depth_m": 0.384}, ""),
        ("milesight-em310-udl", "01755c03824408", {"mounting_height_m": "nan"}, {"battery_pct": 92}, "as a number"),
        ("milesight-em320-tilt", "03d4000000000000", {}, {"tilt_deg": 90}, ""),
        ("milesight-em320-tilt", "03d400000000b0b9", {}, {"tilt_deg": 180}, ""),
        ("milesight-em320-tilt", "03d4000000000000", {"level_angle_deg": 0}, {"tilt_deg": 0}, ""),
        ("milesight-em300-mcs", "060000", {}, {"cover_state": "closed"}, ""),
        ("milesight-em300-sld", "050001", {"mounting_height_m": 0.05}, {"depth_m": 0.05}, ""),
        ("milesight-gs301", "017564057dfeff", {}, {"battery_pct": 100}, "h2s_sensor_status is polarizing"),
        ("milesight-gs301", "017564057dffff", {}, {"battery_pct": 100}, "h2s_sensor_status is device error"),
        ("milesight-ws302", "017564055b063f02da016a02", {}, {"battery_pct": 100}, ""),
        ("milesight-em410-rdl", "0175640482fdff", {"mounting_height_m": 3}, {"battery_pct": 100}, "no target"),
        ("browan-tbsl100", "000b36ff", {}, {"battery_pct": 100}, "decibel is 255"),
        ("dragino-ldds45", "0c800014000000 01", {"mounting_height_m": 3}, {"battery_pct": 30}, "Invalid Reading"),
        ("dingtek-dc413", "800001021100000016012d101100070081", {}, {"tilt_deg": 45, "battery_pct": 20}, "level is 0"),
        ("netvox-ra02c", "01110118010000 00000000", {}, {"co_mg_m3": 58.2, "battery_pct": 20}, ""),
        ("netvox-ra02c", "01110118010000 00000000", {"alarm_co_mg_m3": 35}, {"co_mg_m3": 35, "battery_pct": 20}, ""),
        ("decentlab-dl-mbx", "02012f000304d200000bb8", {"mounting_height_m": 3}, {"battery_pct": 100}, "samples"),
        ("decentlab-dl-pr26", "020167000346668060", {}, {}, ""),
    ],
)  # fmt: skip
def test_sentinels_flags_words_and_attributes(
    profile: str, payload: str, attributes: dict[str, Any], quantities: dict[str, Any], warning: str
) -> None:
    decoded = _decode(Uplink("d", payload=bytes.fromhex(payload)), _as(profile, **attributes))
    if not quantities:
        assert decoded.refused == ["cut off: battery_voltage is announced but not there"]
        return
    assert [reading.quantities for reading in decoded.readings] == [pytest.approx(quantities)]
    assert [text for text in decoded.warnings if warning in text] if warning else not decoded.warnings


def test_a_frame_about_the_device_itself_is_no_reading_and_no_fault() -> None:
    decoded = _decode(Uplink("d", payload=bytes.fromhex("ff0bffff0101"), signal_dbm=-90), _as("milesight-em320-tilt"))
    assert not decoded.readings
    assert not decoded.refused
    assert decoded.warnings == ["no quantity of manhole in the message, only device_status, ipso_version"]


@pytest.mark.parametrize(
    ("uplink", "device", "words"),
    [
        (Uplink("d", fields={"a": 1}), None, "no sensor is registered for device 'd'"),
        (Uplink("d", payload=b"\x01"), KnownDevice("gas"), "names no profile"),
        (Uplink("d", payload=b"\x01"), KnownDevice("gas", {"profile": "acme-x"}), "there is no profile 'acme-x'"),
        (Uplink("d", payload=b"\x01"), KnownDevice("gas", {"profile": "milesight-ws302"}), "its profile of kind noise"),
        (Uplink("d", payload=b"\x01"), _as("ctwing-gas-detector"), "has no codec for the device's bytes"),
        (Uplink("d"), _as("milesight-ws302"), "decodes the device's bytes, and the message has none"),
        (Uplink("d", port=85, payload=b"\x01"), _as("dingtek-dc410"), "port 85: measurements come on port 3"),
        (Uplink("d", fields={"depth_m": 50}), KnownDevice("waterlogging"), "depth_m 50 m lies outside -0.1…10"),
        (
            Uplink("d", time=NOW + timedelta(hours=1), fields={"depth_m": 1}),
            KnownDevice("waterlogging"),
            "in the future",
        ),
        (
            Uplink("d", time=NOW - timedelta(days=40), fields={"depth_m": 1}),
            KnownDevice("waterlogging"),
            "30 days back",
        ),
    ],
)
def test_a_refusal_says_why(uplink: Uplink, device: KnownDevice | None, words: str) -> None:
    decoded = _decode(uplink, device)
    assert not decoded.readings
    assert [reason for reason in decoded.refused if words in reason], decoded


def test_the_words_of_a_javascript_codec_reach_quarantine(tmp_path: Path) -> None:
    (tmp_path / "acme-lid.yaml").write_text(
        "maker: Acme\nmodel: Lid\nkind: manhole\ncodec: lid.js\nquantities: {tilt_deg: {field: lean, unit: rad}}",
        encoding="utf-8",
    )
    (tmp_path / "lid.js").write_text(
        "function decodeUplink({bytes, fPort})"
        " { return fPort == 2 ? {data: {lean: bytes[0] / 100}} : {errors: ['not port 2']}; }",
        encoding="utf-8",
    )
    decoder = Decoder(["chirpstack"], load_profiles(tmp_path))
    device = KnownDevice("manhole", {"profile": "acme-lid"})
    good = _decode(Uplink("d", port=2, payload=b"\x64"), device, decoder)
    assert [reading.quantities for reading in good.readings] == [{"tilt_deg": pytest.approx(57.29578)}]
    assert _decode(Uplink("d", port=3, payload=b"\x64"), device, decoder).refused == ["not port 2"]


def test_a_codec_that_hangs_holds_up_no_neighbours(tmp_path: Path) -> None:
    head = "maker: Acme\nkind: manhole\nquantities: {tilt_deg: lean}\n"
    for model, body in (("hung", "return {data: {x: Array(4e9).join()}}"), ("lid", "return {data: {lean: bytes[0]}}")):
        text = f"{head}model: {model}\ncodec: {model}.js\n"
        (tmp_path / f"acme-{model}.yaml").write_text(text, encoding="utf-8")
        (tmp_path / f"{model}.js").write_text(f"function decodeUplink({{bytes}}) {{ {body} }}", encoding="utf-8")
    decoder = Decoder([], load_profiles(tmp_path))
    hung, lid = (KnownDevice("manhole", {"profile": f"acme-{model}"}) for model in ("hung", "lid"))
    refused = []
    for tilt in range(100):
        refused += _decode(Uplink("h", payload=b"\x01"), hung, decoder).refused
        assert _decode(Uplink("d", payload=bytes([tilt])), lid, decoder).readings[0].quantities == {"tilt_deg": tilt}
    ran = [words for words in refused if "rests for" not in words]
    assert (len(refused), set(ran)) == (100, {"decodeUplink took too long and was stopped"})
    assert len(ran) < 60, "the kernel ends it after 20 ms, and there is 1 s for them all"


@pytest.mark.parametrize(
    ("fields", "units", "quantities"),
    [
        ({"ch4_lel_pct": 12, "other": 1}, None, {"ch4_lel_pct": 12}),
        ({"Gas": {"ch4_lel_pct": 12}, "Battery": {"battery_pct": 80}}, None, {"ch4_lel_pct": 12, "battery_pct": 80}),
        ({"DATA/ch4_lel_pct": 12}, None, {"ch4_lel_pct": 12}),
        ({"h2s_mg_m3": 7.06}, {"h2s_mg_m3": "ppm"}, {"h2s_mg_m3": pytest.approx(10.0, abs=0.01)}),
        ({"temperature_c": 293.15}, {"temperature_c": "K"}, {"temperature_c": 20}),
        ({"temperature_c": "21.5 ℃"}, None, {"temperature_c": 21.5}),
        ({"ch4_lel_pct": 3, "temperature_c": 5}, {"temperature_c": "lat"}, {"ch4_lel_pct": 3}),
        ({"ch4_lel_pct": 3, "temperature_c": True}, None, {"ch4_lel_pct": 3}),
        ({"ch4_lel_pct": 3, "temperature_c": float("nan")}, None, {"ch4_lel_pct": 3}),
    ],
)
def test_without_a_profile_our_own_names_are_taken(
    fields: dict[str, Any], units: dict[str, str] | None, quantities: dict[str, Any]
) -> None:
    decoded = _decode(Uplink("d", fields=fields, units=units), KnownDevice("gas"))
    assert [reading.quantities for reading in decoded.readings] == [quantities]


def test_native_messages_are_read_as_the_pipeline_reads_them() -> None:
    payload = b'{"time":"2026-03-01T08:00:00Z","depth_m":0.2}'
    decoded = _DECODER.decode(
        "sensors/waterlogging/S-1/reading", payload, {"S-1": KnownDevice("waterlogging")}.get, NOW
    )
    assert [reading.row for reading in decoded.readings] == [(7, NOW, 0.2, None, None)]
    wrong = _DECODER.decode("sensors/gas/S-1/reading", payload, {"S-1": KnownDevice("waterlogging")}.get, NOW)
    assert wrong.refused == ["no sensor 'S-1' of kind gas is registered"]


def test_sparkplug_data_without_a_birth_is_refused_with_a_request() -> None:
    message = json.loads((_DATA / "sparkplug_messages.json").read_text(encoding="utf-8"))[2]
    decoded = _DECODER.decode(message["topic"], bytes.fromhex(message["payload"]), lambda _: None, NOW)
    assert [command.topic for command in decoded.commands] == ["spBv1.0/county/NCMD/well-7"]
    assert "born again" in decoded.refused[0]


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("sensors/gas/S-1/reading", "native"),
        ("application/1/device/24e1/event/up", "chirpstack"),
        ("application/1/device/24e1/event/join", None),
        ("v3/app@tenant/devices/dev1/up", "ttn"),
        ("v3/app@tenant/devices/dev1/up/more", None),
        ("spBv1.0/g/NDATA/e", "sparkplug"),
        ("senml/a/b", "senml"),
        ("senml", "senml"),
        ("$oc/devices/d/sys/properties/report", "iotda"),
        ("$sys/p/d/thing/property/post", "onenet"),
        ("else/where", None),
    ],
)
def test_the_topic_tells_the_format(topic: str, name: str | None) -> None:
    assert _DECODER.format_of(topic) == name


def test_a_topic_is_matched_level_by_level_and_letter_by_letter() -> None:
    decoder = Decoder(["native", "senml"], {}, "county.7/in+out")
    assert decoder.format_of("county.7/in+out/gas/S\n1/reading") == "native"
    assert decoder.format_of("senml/a\n/b") == "senml"
    for topic in ("county-7/in+out/gas/S-1/reading", "county.7/innout/gas/S-1/reading", "senmlx/a", "senml\n", ""):
        assert decoder.format_of(topic) is None
    assert Decoder((), {}).format_of("") is None


@pytest.mark.parametrize(
    ("topic", "payload", "words"),
    [
        ("x", _event("00", 1), "nearest is chirpstack (ChirpStack v4, application/+/device/+/event/up)"),
        ("v3/a/devices/d/join", b"{}", "nearest is ttn"),
        ("x", b'{"uplink_message": {}, "end_device_ids": {}}', "nearest is ttn"),
        ("x", b'[{"bn": "a", "n": "b", "v": 1}]', "nearest is senml"),
        ("x", b'{"messageType": "dataReport", "IMEI": ""}', "nearest is ctwing (CTWing, POST /ingress/ctwing)"),
        ("sensors/gas/S-1", b"{}", "nearest is native: topic sensors/KIND/SENSOR/reading"),
        ("x", b"\xff\x00", "is near to none"),
    ],
)
def test_a_message_that_fits_no_format_gets_the_nearest_guess(topic: str, payload: bytes, words: str) -> None:
    decoded = _DECODER.decode(topic, payload, lambda _: None, NOW)
    assert [reason for reason in decoded.refused if words in reason], decoded.refused


@pytest.mark.parametrize(
    ("topic", "payload", "words"),
    [
        ("senml/x", _event("00", 1), "senml: an object: RFC 8428 has an array of records"),
        ("ingress/ctwing", _event("00", 1), "ctwing: dataReport without a payload"),
        ("sensors/gas/S-1/reading", _event("00", 1), "unknown field"),
    ],
)
def test_a_message_on_the_wrong_topic_gets_the_nearest_guess(topic: str, payload: bytes, words: str) -> None:
    decoded = _DECODER.decode(topic, payload, {"S-1": KnownDevice("gas")}.get, NOW)
    (reason,) = decoded.refused
    assert words in reason
    assert reason.endswith("; it looks like chirpstack (ChirpStack v4)")


def test_a_guess_says_when_its_format_is_off() -> None:
    decoded = Decoder(["native"], {}).decode("application/1/device/2/event/up", b"{}", lambda _: None, NOW)
    assert "chirpstack" in decoded.refused[0]
    assert decoded.refused[0].endswith("which is not switched on")


def test_http_messages_name_their_format() -> None:
    message = b'{"deviceId":"d","messageType":"dataReport","timestamp":1772352000000,"payload":{"depth_m":0.3}}'
    decoded = _DECODER.decode("", message, {"d": KnownDevice("waterlogging")}.get, NOW, "ctwing")
    assert [reading.row for reading in decoded.readings] == [(7, NOW, 0.3, None, None)]


def _pushed(name: str, message: Any, **known: KnownDevice) -> Decoded:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return _DECODER.decode(f"ingress/{name}", payload, known.get, NOW)


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_what_is_pushed_over_http_has_a_topic_of_its_own(name: str) -> None:
    over_http = name != "sparkplug"  # only its topic names the device
    assert _DECODER.format_of(f"ingress/{name}") == (name if over_http else None)
    assert (f"ingress/{name}" in _DECODER.topic_filters) == over_http
    assert _DECODER.format_of(f"ingress/{name}/more") is None
    assert _DECODER.format_of(f"elsewhere/{name}") is None
    other = Decoder(["ctwing"], {}, ingress_prefix="county/7/in")
    assert other.topic_filters == ("county/7/in/ctwing",)
    assert other.format_of("ingress/ctwing") is None


def test_the_ingress_topic_names_no_device() -> None:
    """Else `senml` and `iotda` would be devices."""
    pack = [{"n": "depth_m", "v": 0.3, "bt": NOW.timestamp()}]
    services = {"services": [{"service_id": "a", "properties": {"depth_m": 0.3}}]}
    known = {name: KnownDevice("waterlogging") for name in ("senml", "iotda", "onenet")}
    other = Decoder(FORMAT_NAMES, {}, ingress_prefix="county/in")
    for name, message in (("senml", pack), ("iotda", services), ("onenet", {"params": {"depth_m": 0.3}})):
        decoded = other.decode(f"county/in/{name}", json.dumps(message).encode(), known.get, NOW)
        assert (decoded.readings, len(decoded.refused)) == ([], 1), name


def test_pushed_native_readings_name_their_sensors() -> None:
    gas, noise = KnownDevice("gas", code="G-1"), KnownDevice("noise", sensor_id=8, code="N-1")
    message = [
        {"sensor": "G-1", "time": NOW.timestamp(), "ch4_lel_pct": 1.5},
        {"sensor": "N-1", "time": NOW.isoformat(), "laeq_db": 61},
    ]
    decoded = _pushed("native", message, **{"G-1": gas, "N-1": noise})
    assert [(reading.sensor, reading.kind, reading.quantities) for reading in decoded.readings] == [
        ("G-1", "gas", {"ch4_lel_pct": 1.5}),
        ("N-1", "noise", {"laeq_db": 61.0}),
    ]
    assert [reading.time for reading in decoded.readings] == [NOW, NOW]
    one = _pushed("native", message[0], **{"G-1": gas})
    assert one.readings == decoded.readings[:1]
    assert not decoded.refused


def test_a_pushed_native_reading_that_is_wrong_leaves_the_others() -> None:
    good = {"sensor": "G-1", "time": NOW.timestamp(), "ch4_lel_pct": 1.5}
    message = [{**good, "ch4_lel_pct": -1}, {**good, "sensor": "G-9"}, {**good, "depth": 1}, good]
    decoded = _pushed("native", message, **{"G-1": KnownDevice("gas", code="G-1")})
    assert [reading.quantities for reading in decoded.readings] == [{"ch4_lel_pct": 1.5}]
    assert [reason.partition(":")[0] for reason in decoded.refused] == ["G-1", "no sensor 'G-9' is registered", "G-1"]


@pytest.mark.parametrize(
    "message",
    [b"", b"\xff", b"[]", b"{}", b"3", b'{"sensor":3}', b'{"sensor":""}', b'{"sensor":"\xff"}', b"[" * 100_000],
)
def test_a_pushed_native_message_that_is_none_is_refused(message: bytes) -> None:
    decoded = _pushed("native", message, **{"S-1": KnownDevice("gas")})
    assert (decoded.readings, len(decoded.refused)) == ([], 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("native", {"sensor": "S-1", "time": 10**400, "ch4_lel_pct": 1}),
        (
            "onenet",
            {"msg": json.dumps({"deviceName": "S-1", "data": {"params": {"a": {"value": 1, "time": 10**400}}}})},
        ),
        ("onenet", {"msg": {"type": 1, "dev_id": "S-1", "ds_id": "a", "value": 1, "at": 10**400}}),
        ("ctwing", {"deviceId": "S-1", "timestamp": 10**400, "payload": {"a": 1}}),
    ],
)
def test_a_time_beyond_all_numbers_is_refused(name: str, message: Any) -> None:
    decoded = _pushed(name, message, **{"S-1": KnownDevice("gas")})
    assert (decoded.readings, len(decoded.refused)) == ([], 1)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["0 mm", "tilt"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "unit", "a"]), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("profile", _PROFILES)
@settings(max_examples=40)
@given(data=st.data())
def test_any_fields_are_read_or_refused_and_rows_are_within_limits(profile: str, data: st.DataObject) -> None:
    declared = _PROFILES[profile][0]
    names = sorted({name for quantity in declared.quantities for name in declared.rule(quantity).fields})
    names += [declared.history.field] if declared.history else []
    fields = data.draw(st.dictionaries(st.sampled_from(names), _values))
    decoded = _decode(Uplink("d", fields=fields), _as(profile, mounting_height_m=3.0))
    for reading in decoded.readings:
        for quantity in KINDS[reading.kind].quantities:
            value = reading.quantities.get(quantity.name)
            assert value is None or quantity.minimum <= float(value) <= quantity.maximum


def test_a_words_value_is_matched_whatever_its_type() -> None:
    words = "{0: closed, true: open, 2.5: missing}"
    text = f"maker: a\nmodel: b\nkind: manhole\nquantities: {{cover_state: {{field: s, words: {words}}}}}"
    decoder = Decoder([], {"a-b": (parse_profile(text, "a-b"), None)})
    device = KnownDevice("manhole", {"profile": "a-b"})
    found = [_decode(Uplink("d", fields={"s": value}), device, decoder).readings for value in (0, True, 2.5, "TRUE", 7)]
    states = [readings[0].quantities["cover_state"] if readings else None for readings in found]
    assert states == ["closed", "open", "missing", "open", None]


@pytest.mark.parametrize(
    ("text", "depth_m"),
    [
        ("250 mm", 0.25),
        ("250", 0.25),
        ("2.5e2 mm", 0.25),
        ("0.25 m", 0.25),
        ("250(low battery)", 0.25),
        ("250, low battery", 0.25),
        ("2,5", None),
        ("1,250 mm", None),
        ("1.2.3", None),
        ("1234567890123456789", None),
        ("1e999", None),
    ],
)
def test_a_number_in_a_text_is_read_whole_or_not_at_all(text: str, depth_m: float | None) -> None:
    profile = parse_profile(
        "maker: a\nmodel: b\nkind: waterlogging\nquantities: {depth_m: {field: d, unit: mm}}", "a-b"
    )
    decoder = Decoder([], {"a-b": (profile, None)})
    decoded = _decode(Uplink("d", fields={"d": text}), KnownDevice("waterlogging", {"profile": "a-b"}), decoder)
    assert [reading.quantities for reading in decoded.readings] == ([] if depth_m is None else [{"depth_m": depth_m}])
    assert not decoded.refused
    assert depth_m is not None or "is no" in decoded.warnings[0]
