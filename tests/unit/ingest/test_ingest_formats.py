"""Envelopes as the platforms publish them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
import kpn_senml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats.table import FORMATS, topic_filters
from ingest.formats.uplink import Command, FormatError, Uplink

_MESSAGES = json.loads((Path(__file__).parents[2] / "data" / "platform_messages.json").read_text(encoding="utf-8"))
_IOTDA_TOPIC = "$oc/devices/lid-3/sys/properties/report"


def _message(start: str) -> Any:
    return next(message["message"] for message in _MESSAGES if message["name"].startswith(start))


def _read(name: str, message: Any, topic: str = "") -> Sequence[Uplink]:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    found = FORMATS[name].reader()(topic, payload)
    assert all(isinstance(item, Uplink) for item in found)
    return [item for item in found if isinstance(item, Uplink)]


@pytest.mark.parametrize("message", _MESSAGES, ids=lambda message: message["name"])
def test_every_published_message_is_read(message: dict[str, Any]) -> None:
    uplinks = _read(message["format"], message["message"], _IOTDA_TOPIC)
    # The push of IoTDA is a shape without properties, so there is nothing to report.
    assert uplinks or message["name"].startswith("Huawei IoTDA northbound")


def test_chirpstack() -> None:
    (uplink,) = _read("chirpstack", _message("ChirpStack"))
    assert uplink == Uplink(
        "0101010101010101",
        also=("Test device",),
        time=datetime(2022, 7, 18, 9, 34, 15, 775023, tzinfo=UTC),
        port=1,
        payload=b"\xaa",
        signal_dbm=-36,
    )


def test_chirpstack_takes_the_strongest_gateway_and_the_servers_own_object() -> None:
    message = _message("ChirpStack") | {"rxInfo": [{"rssi": -101}, {"rssi": -87}, {}], "object": {"level": 3}}
    (uplink,) = _read("chirpstack", message)
    assert (uplink.signal_dbm, uplink.fields) == (-87, {"level": 3})


def test_chirpstack_without_application_data_says_nothing() -> None:
    assert not _read("chirpstack", _message("ChirpStack") | {"data": ""})


def test_the_things_stack() -> None:
    (uplink,) = _read("ttn", _message("The Things Stack"))
    assert (uplink.device, uplink.also, uplink.payload) == ("dev1", ("0004a30b001c0530",), b"\x82A\xde")
    assert uplink.fields == {"temperature": 1.0, "luminosity": 0.64}
    assert uplink.time == datetime(2020, 2, 12, 15, 15, 45, 789586, tzinfo=UTC)
    assert uplink.port is None, "the published example has none"
    assert uplink.signal_dbm == -35


def test_the_things_stack_join_says_nothing() -> None:
    assert not _read("ttn", {"end_device_ids": {"device_id": "dev1"}, "join_accept": {}})


def test_ctwing_fields() -> None:
    (uplink,) = _read("ctwing", _message("CTWing dataReport, manhole"))
    assert (uplink.device, uplink.also) == ("59e0462b286a45e4bc5642109fd6ea90", ("000000000000000",))
    assert uplink.time == datetime(2020, 4, 9, 2, 53, 20, 535000, tzinfo=UTC)
    assert uplink.fields is not None
    assert (uplink.fields["Water_depth"], uplink.payload) == (70, None)


def test_ctwing_transparent() -> None:
    (uplink,) = _read("ctwing", _message("CTWing transparent"))
    assert uplink.payload is not None
    assert uplink.payload.startswith(b"PU\x00<\x10")
    (older,) = _read("ctwing", _message("CTWing dataReport, doc"))
    assert older.payload == b"DEF"


def test_ctwing_other_messages_say_nothing() -> None:
    assert not _read("ctwing", {"messageType": "deviceOnline", "deviceId": "d", "timestamp": 1})


def test_onenet_older_push() -> None:
    (uplink,) = _read("onenet", _message("OneNET"))
    assert uplink.device == "523444202"
    assert uplink.also == ("000000000000000",)
    assert uplink.fields == {"3300_0_5700": -115}
    assert uplink.time == datetime(2019, 4, 22, 3, 46, 45, 407000, tzinfo=UTC)


def test_onenet_points_of_one_time_belong_together() -> None:
    points = [{"type": 1, "dev_id": 7, "ds_id": name, "at": 1555904805407, "value": 1} for name in "ab"]
    later = {"type": 1, "dev_id": 7, "ds_id": "a", "at": 1555904805999, "value": 2}
    online = {"type": 2, "dev_id": 7, "status": 1, "at": 1555904805000}
    uplinks = _read("onenet", {"msg": [*points, later, online]})
    assert [uplink.fields for uplink in uplinks] == [{"a": 1, "b": 1}, {"a": 2}]


def test_onenet_thing_model() -> None:
    params = {"depth_m": {"value": 0.2, "time": 1772352000000}, "battery_pct": {"value": 90, "time": 1772352000000}}
    told = {"notifyType": "property", "deviceName": "road-1", "data": {"params": params}}
    (pushed,) = _read("onenet", {"msg": json.dumps(told), "nonce": "x", "signature": "y"})
    (reported,) = _read("onenet", {"id": "1", "params": params}, "$sys/W6O8/road-1/thing/property/post")
    assert pushed.device == reported.device == "road-1"
    assert pushed.fields == reported.fields == {"depth_m": 0.2, "battery_pct": 90}
    assert pushed.time == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_iotda_device_topic() -> None:
    (uplink,) = _read("iotda", _message("Huawei IoTDA property"), _IOTDA_TOPIC)
    assert uplink.device == "lid-3"
    assert uplink.time == datetime(2015, 12, 12, 12, 12, 12, tzinfo=UTC)
    assert uplink.fields == {"Temperature": {"value": 57, "value2": 60}, "Battery": {"level": 80, "level2": 90}}


def test_iotda_push_with_the_other_form_of_time() -> None:
    services = [{"service_id": "Gas", "properties": {"ch4": 3}, "event_time": "2015-12-12T12:12:12.000Z"}]
    header = {"device_id": "d-1", "node_id": "868508064000000"}
    message = {"resource": "device.property", "notify_data": {"header": header, "body": {"services": services}}}
    (uplink,) = _read("iotda", message)
    assert (uplink.device, uplink.also) == ("d-1", ("868508064000000",))
    assert uplink.time == datetime(2015, 12, 12, 12, 12, 12, tzinfo=UTC)


def test_iotda_gateway_reports_its_children() -> None:
    children = [{"device_id": f"c{n}", "services": [{"service_id": "s", "properties": {"v": n}}]} for n in (1, 2)]
    uplinks = _read("iotda", {"devices": children}, "$oc/devices/gw/sys/gateway/sub_devices/properties/report")
    assert [(uplink.device, uplink.fields) for uplink in uplinks] == [("c1", {"s": {"v": 1}}), ("c2", {"s": {"v": 2}})]


def test_senml_multiple_measurements() -> None:
    uplinks = _read("senml", _message("SenML JSON (RFC 8428"))
    assert {uplink.device for uplink in uplinks} == {"urn:dev:ow:10e2073a01080063"}
    assert [uplink.time.timestamp() - 1320067464 for uplink in uplinks if uplink.time] == [0, 60, 120, 150, 180]
    assert uplinks[0].fields == {"%RH": 20, "lon": 24.30621, "lat": 60.07965}
    assert uplinks[3].fields == {"%EL": 98}


def test_senml_base_values_sums_and_relative_times() -> None:
    (past, now) = _read(
        "senml",
        [
            {"bn": "lid-1/", "bv": 20, "bs": 100, "bver": 10, "n": "tilt", "v": 1.5, "t": -5},
            {"n": "shocks", "s": 7},
            {"n": "cover", "vs": "open"},
            {"n": "wet", "vb": False, "extra": 1},
        ],
    )
    assert (past.fields, past.time, past.after_s) == ({"tilt": 21.5}, None, -5)
    assert (now.fields, now.after_s) == ({"shocks": 107, "cover": "open", "wet": False}, 0)


def test_senml_names_without_a_base() -> None:
    (first, second) = _read("senml", [{"n": "urn:dev:mac:01:depth", "v": 1}, {"n": "depth", "v": 2}], "senml/road-2")
    assert (first.device, first.fields) == ("urn:dev:mac:01", {"depth": 1})
    assert (second.device, second.fields) == ("road-2", {"depth": 2})


@pytest.mark.parametrize("form", ["json", "cbor"])
def test_senml_of_an_independent_encoder(form: str) -> None:
    pack = kpn_senml.SenmlPack("urn:dev:lid:7:")
    pack.base_time = 1772352000
    pack.add(kpn_senml.SenmlRecord("temperature_c", unit=kpn_senml.SenmlUnits.SENML_UNIT_DEGREES_CELSIUS, value=21.5))
    pack.add(kpn_senml.SenmlRecord("battery_pct", value=80))
    pack.add(kpn_senml.SenmlRecord("wet", value=True, time=1772352060))
    payload = pack.to_json().encode() if form == "json" else bytes.fromhex(_hexadecimal(pack.to_cbor()))
    (first, second) = _read("senml", payload)
    assert first.device == second.device == "urn:dev:lid:7"
    assert (first.fields, first.units) == ({"temperature_c": 21.5, "battery_pct": 80}, {"temperature_c": "Cel"})
    assert second.fields == {"wet": True}
    assert (first.time, second.time) == (
        datetime(2026, 3, 1, 8, 0, tzinfo=UTC),
        datetime(2026, 3, 1, 8, 1, tzinfo=UTC),
    )


def _hexadecimal(cbor: Any) -> str:
    return cbor if isinstance(cbor, str) else bytes(cbor).hex()


@settings(max_examples=40)
@given(
    records=st.lists(
        st.fixed_dictionaries({"n": st.text("ab", min_size=1, max_size=3), "v": st.floats(-1e9, 1e9)}), min_size=1
    )
)
def test_senml_reads_the_same_from_json_and_cbor(records: list[dict[str, Any]]) -> None:
    records[0]["bn"] = "lid:"
    labels = {"bn": -2, "n": 0, "v": 2}
    packed = cbor2.dumps([{labels[label]: value for label, value in record.items()} for record in records])
    assert _read("senml", records) == _read("senml", packed)


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("chirpstack", {"time": "2022-07-18T09:34:15Z"}, "deviceInfo"),
        ("chirpstack", {"deviceInfo": {"devEui": "01"}, "data": "???"}, "data"),
        ("chirpstack", {"deviceInfo": {"devEui": "01"}, "time": "2022-07-18T09:34:15"}, "time"),
        ("ttn", {"end_device_ids": {}}, "names neither"),
        ("ctwing", {"deviceId": "d", "payload": {"APPdata": "REV"}}, "APPdata is not base64"),
        ("ctwing", {"deviceId": "d", "payload": {"APPdata": 7}}, "APPdata is not base64"),
        ("ctwing", {"deviceId": "d", "timestamp": 1e300, "payload": {"a": 1}}, "no epoch time"),
        ("onenet", {"other": 1}, "neither msg nor params"),
        ("onenet", {"msg": "{"}, "truncated"),
        ("onenet", {"enc_msg": "bm9uc2Vuc2U=", "nonce": "C1z3?giR"}, "choose plain text"),
        ("onenet", {"msg": [{"type": 1}]}, "without dev_id or ds_id"),
        ("iotda", {"x": 1}, "neither services, devices nor notify_data"),
        ("iotda", {"services": [{"properties": {"a": 1}, "event_time": "yesterday"}]}, "event_time 'yesterday'"),
        ("senml", [], "empty pack"),
        ("senml", {"bn": "lid", "e": []}, "RFC 8428 has an array"),
        ("senml", [{"bn": "lid", "n": "a", "v": "1"}], "v is no number"),
        ("senml", [{"bn": "lid", "n": "a", "v": 1, "must_": 1}], "must be understood"),
        ("senml", [{"bn": "lid", "bver": 11, "n": "a", "v": 1}], "version 11"),
        ("senml", [{"v": 1}], "no base name names the device"),
        ("senml", [{"bn": "lid", "n": "a", "v": 1, "t": -1e12}], "years back"),
        ("senml", b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "neither JSON nor CBOR"),
        ("senml", b"\x81" * 1000, "neither JSON nor CBOR"),
        ("chirpstack", b"{" * 100_000, "malformed|recursion|Object keys"),
        ("chirpstack", b'{"deviceInfo":{"devEui":"\xff"}}', "UTF-8"),
        ("ttn", b" " * 300_000, "more than"),
    ],
)
def test_a_refusal_says_why(name: str, message: Any, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        _read(name, message)


def test_subscriptions_follow_from_the_formats_switched_on() -> None:
    assert topic_filters(["native", "ttn", "ctwing"], "county") == ("county/+/+/reading", "v3/+/devices/+/up")


_texts = st.text(max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("message", _MESSAGES, ids=lambda message: message["name"])
@settings(max_examples=40)
@given(data=st.data())
def test_a_message_with_anything_in_one_place_is_read_or_refused(message: dict[str, Any], data: st.DataObject) -> None:
    changed = json.loads(json.dumps(message["message"]))
    place = changed
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(_json)
            break
        place = place[key]
    payload = json.dumps(changed).encode()
    try:
        found = FORMATS[message["format"]].reader()(_IOTDA_TOPIC, payload)
    except FormatError:
        return
    assert all(isinstance(item, Uplink | Command) for item in found)
