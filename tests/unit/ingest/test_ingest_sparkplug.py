"""Sparkplug B: births, aliases, gaps and requests to be born again."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pysparkplug
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats import sparkplug
from ingest.formats.sparkplug import SparkplugReader
from ingest.formats.sparkplug_payload import parse, rebirth_payload, signed
from ingest.formats.uplink import Command, FormatError, Uplink

_MESSAGES = json.loads((Path(__file__).parents[2] / "data" / "sparkplug_messages.json").read_text(encoding="utf-8"))
_NBIRTH, _DBIRTH, _DDATA = _MESSAGES[:3]
_REBIRTH = Command("spBv1.0/county/NCMD/well-7", rebirth_payload)


def _uplinks(found: Sequence[Uplink | Command]) -> list[Uplink]:
    return [item for item in found if isinstance(item, Uplink)]


def _commands(found: Sequence[Uplink | Command]) -> list[Command]:
    return [item for item in found if isinstance(item, Command)]


def _give(reader: SparkplugReader, message: dict[str, Any], seq: int | None = None) -> Sequence[Uplink | Command]:
    payload = bytes.fromhex(message["payload"])
    if seq is not None:
        payload += bytes([0x18, *([seq] if seq < 128 else [seq & 0x7F | 0x80, 1])])  # field 3 again: the last one holds
    return reader.read(message["topic"], payload)


def test_messages_of_two_independent_encoders() -> None:
    reader = SparkplugReader()
    for message in _MESSAGES:
        uplinks = _uplinks(_give(reader, message))
        assert [uplink.fields for uplink in uplinks] == message["fields"], message["topic"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INT8", -5),
        ("INT16", -300),
        ("INT32", -70_000),
        ("INT64", -(2**40)),
        ("UINT8", 250),
        ("UINT16", 65_000),
        ("UINT32", 4_000_000_000),
        ("UINT64", 2**40),
        ("FLOAT", 12.25),
        ("DOUBLE", 0.1),
        ("BOOLEAN", True),
        ("STRING", "open 开"),
    ],
)
def test_an_independent_encoder_agrees_on_every_type(kind: str, value: Any) -> None:
    """A birth by name and data by alias, as `pysparkplug` encodes them."""
    of = pysparkplug.DataType[kind]
    reader, at = SparkplugReader(), 1772352000000
    node = pysparkplug.NBirth(at, 255, [pysparkplug.Metric(at, "bdSeq", pysparkplug.DataType.INT64, 0, None)])
    born = pysparkplug.DBirth(at, 0, [pysparkplug.Metric(at, "x", of, value, 9)])
    data = pysparkplug.DData(at, 1, [pysparkplug.Metric(at - 1, None, of, value, 9, is_historical=True)])
    null = pysparkplug.DData(at, 2, [pysparkplug.Metric(at, None, of, None, 9)])
    assert not reader.read("spBv1.0/g/NBIRTH/e", node.encode())
    for topic, message, when in (("DBIRTH", born, at), ("DDATA", data, at - 1)):
        (uplink,) = _uplinks(reader.read(f"spBv1.0/g/{topic}/e/d", message.encode()))
        assert uplink.fields == {"x": value}
        assert uplink.time is not None
        assert round(uplink.time.timestamp() * 1000) == when
    assert not reader.read("spBv1.0/g/DDATA/e/d", null.encode())


def test_an_independent_reader_takes_our_request() -> None:
    now = datetime(2026, 3, 1, 8, tzinfo=UTC)
    command = pysparkplug.NCmd.decode(rebirth_payload(now))
    assert command.timestamp == now.timestamp() * 1000
    assert [(metric.name, metric.datatype, metric.value) for metric in command.metrics] == [
        ("Node Control/Rebirth", pysparkplug.DataType.BOOLEAN, True)
    ]


def test_an_uplink_names_the_device_and_the_time_of_its_metrics() -> None:
    reader = SparkplugReader()
    _give(reader, _NBIRTH)
    (uplink,) = _uplinks(_give(reader, _DBIRTH))
    assert (uplink.device, uplink.also) == ("county/well-7/gas-1", ("gas-1",))
    assert uplink.time == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_in_order_nothing_is_asked_for() -> None:
    reader = SparkplugReader()
    for message in (_NBIRTH, _DBIRTH, _DDATA):
        assert not _commands(_give(reader, message))


def test_data_under_unknown_aliases_is_refused_and_asks_for_births() -> None:
    with pytest.raises(FormatError, match="born again") as refusal:
        _give(SparkplugReader(), _DDATA)
    assert refusal.value.commands == (_REBIRTH,)


def test_a_node_that_does_not_answer_is_asked_again_now_and_then() -> None:
    reader = SparkplugReader()
    asked = 0
    for _ in range(60):
        with pytest.raises(FormatError) as refusal:
            _give(reader, _DDATA)
        asked += len(refusal.value.commands)
    assert 2 <= asked <= 12


def test_a_gap_asks_for_births_and_the_data_is_read() -> None:
    reader = SparkplugReader()
    _give(reader, _NBIRTH)
    _give(reader, _DBIRTH)
    found = _give(reader, _DDATA, seq=5)
    assert len(_uplinks(found)) == 1
    assert _commands(found) == [_REBIRTH]


def test_the_sequence_wraps_after_255() -> None:
    reader = SparkplugReader()
    _give(reader, _NBIRTH)
    _give(reader, _DBIRTH)
    for seq in range(2, 300):
        assert not _commands(_give(reader, _DDATA, seq=seq % 256)), seq


def test_a_message_delivered_twice_is_no_gap() -> None:
    reader = SparkplugReader()
    for message in (_NBIRTH, _DBIRTH, _DDATA, _DDATA):
        assert not _commands(_give(reader, message))


def test_a_death_forgets_the_births() -> None:
    reader = SparkplugReader()
    _give(reader, _NBIRTH)
    _give(reader, _DBIRTH)
    assert not reader.read("spBv1.0/county/NDEATH/well-7", b"")
    with pytest.raises(FormatError, match="born again"):
        _give(reader, _DDATA)


def test_a_node_birth_starts_afresh() -> None:
    reader = SparkplugReader()
    _give(reader, _NBIRTH)
    _give(reader, _DBIRTH)
    assert not _commands(_give(reader, _NBIRTH))
    with pytest.raises(FormatError, match="born again"):
        _give(reader, _DDATA)


@pytest.mark.parametrize("topic", ["spBv1.0/STATE/host", "spBv1.0/g/NCMD/e", "spBv1.0/g/DCMD/e/d"])
def test_what_hosts_say_is_passed_over(topic: str) -> None:
    assert not SparkplugReader().read(topic, b"anything")


@pytest.mark.parametrize(
    "topic", ["spBv1.0", "spBv1.0/g/NDATA", "spBv1.0/g/DDATA/e", "spBv1.0/g/NDATA/e/d", "x/g/NDATA/e"]
)
def test_another_topic_is_refused(topic: str) -> None:
    with pytest.raises(FormatError, match="topic is not"):
        SparkplugReader().read(topic, b"")


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparkplug, "MAX_NODES", 3)
    monkeypatch.setattr(sparkplug, "MAX_METRICS", 7)
    reader = SparkplugReader()
    birth = bytes.fromhex(_NBIRTH["payload"])
    for number in range(10):
        reader.read(f"spBv1.0/g/NBIRTH/e{number}", birth)
    with pytest.raises(FormatError, match="more than 7 metrics"):
        _give(reader, _DBIRTH)


@settings(max_examples=40)
@given(value=st.integers(-(2**31), 2**31 - 1))
def test_signed_integers_come_back(value: int) -> None:
    assert signed(value & 0xFFFFFFFF, 3) == value
    assert signed(value & 0xFFFFFFFFFFFFFFFF, 4) == value


@settings(max_examples=40)
@given(payload=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    reader = SparkplugReader()
    for topic in ("spBv1.0/g/NBIRTH/e", "spBv1.0/g/DBIRTH/e/d", "spBv1.0/g/DDATA/e/d"):
        try:
            reader.read(topic, payload)
        except FormatError:
            continue


@pytest.mark.parametrize("place", range(len(_DBIRTH["payload"]) // 2))
def test_a_changed_byte_is_read_or_refused(place: int) -> None:
    payload = bytearray.fromhex(_DBIRTH["payload"])
    for change in (0x01, 0x80, 0xFF):
        payload[place] ^= change
        with suppress(FormatError):
            parse(bytes(payload))
        payload[place] ^= change
