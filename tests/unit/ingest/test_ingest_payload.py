"""The native payload: what is accepted, and the reason for what is not."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.kinds import KINDS, Quantity
from ingest.payload import (
    DECODERS,
    FUTURE_LIMIT,
    MAX_PAYLOAD_BYTES,
    MAX_READINGS,
    PAST_LIMIT,
    PayloadError,
    native_topic,
    parse_topic,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GAS = DECODERS["gas"]


def gas(time: object, **quantities: object) -> bytes:
    return json.dumps({"time": time, **quantities}).encode()


def reading_of(kind_name: str):
    kind = KINDS[kind_name]
    values = {
        column.name: st.none()
        | (st.floats(column.minimum, column.maximum) if isinstance(column, Quantity) else st.sampled_from(column.words))
        for column in kind.columns
    }
    return st.fixed_dictionaries(values).filter(lambda found: any(value is not None for value in found.values()))


@given(
    st.sampled_from(sorted(KINDS)).flatmap(
        lambda name: st.tuples(st.just(name), st.lists(reading_of(name), min_size=1, max_size=5))
    )
)
def test_what_a_kind_can_report_comes_through_unchanged(case):
    name, readings = case
    body = [{"time": NOW.isoformat(), **reading} for reading in readings]
    rows = DECODERS[name].decode(json.dumps(body).encode(), 7, NOW)
    assert rows == [(7, NOW, *(reading[column] for column in KINDS[name].column_names)) for reading in readings]


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23T20:00:00+08:00",
        NOW.timestamp(),
        int(NOW.timestamp() * 1000),
        int(NOW.timestamp()),
    ],
)
def test_time_comes_in_three_ways(time):
    assert GAS.decode(gas(time, ch4_lel_pct=1), 1, NOW)[0][1] == NOW


def outcome(decoder, payload: bytes):
    """Rows, or the reason why there are none."""
    try:
        return decoder.decode(payload, 1, NOW), ""
    except PayloadError as error:
        return [], str(error)


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_a_reason(payload):
    for decoder in DECODERS.values():
        rows, reason = outcome(decoder, payload)
        assert rows or reason
        assert all(len(row) == 2 + len(decoder.kind.columns) for row in rows)


short_text = st.text('abtime{}\\é"', max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | short_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(short_text, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["time", "ch4_lel_pct", "battery_pct", "x"]), json_values))
def test_any_json_gives_rows_within_range_or_a_reason(body):
    try:
        rows = GAS.decode(json.dumps(body).encode(), 1, NOW)
    except PayloadError:
        return
    for row in rows:
        for column, value in zip(KINDS["gas"].quantities, row[2:], strict=True):
            assert value is None or column.minimum <= value <= column.maximum
        assert NOW - PAST_LIMIT <= row[1] <= NOW + FUTURE_LIMIT


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b'{"a\xff":1}', "not UTF-8"),
        (b"[" * 30_000, "truncated|array|recursion"),
        (b"[]", "length >= 1"),
        (b"null", "object"),
        (gas(None, ch4_lel_pct=1), "time"),
        (gas(True, ch4_lel_pct=1), "bool"),
        (json.dumps({"ch4_lel_pct": 1}).encode(), "missing required field `time`"),
        (gas("2026-11-23T12:00:00", ch4_lel_pct=1), "timezone"),
        (gas(1e300, ch4_lel_pct=1), "no epoch time"),
        (gas((NOW + timedelta(minutes=6)).timestamp(), ch4_lel_pct=1), "future"),
        (gas((NOW - timedelta(days=31)).timestamp(), ch4_lel_pct=1), "30 days back"),
        (gas(NOW.timestamp()), "no quantity"),
        (gas(NOW.timestamp(), ch4_lel_pct="3"), "got `str`"),
        (gas(NOW.timestamp(), ch4_lel_pct=float("nan")), "malformed"),
        (gas(NOW.timestamp(), ch4_lel_pct=201), "<= 200"),
        (gas(NOW.timestamp(), ch4=1), "unknown field `ch4`"),
        (b'{"time":1,"ch4_lel_pct":1' + b"0" * 5000 + b"}", "out of range"),
        (b" " * (MAX_PAYLOAD_BYTES + 1), "more than 65536"),
        (json.dumps([{"time": NOW.timestamp(), "ch4_lel_pct": 1}] * (MAX_READINGS + 1)).encode(), "length <= 1000"),
    ],
)
def test_the_reason_says_what_is_wrong(payload, reason):
    with pytest.raises(PayloadError, match=reason):
        GAS.decode(payload, 1, NOW)


def test_topics_name_kind_and_sensor():
    assert parse_topic(native_topic("sensors", "gas", "gas-0001"), "sensors") == ("gas", "gas-0001")
    assert parse_topic("a/b/noise/n:1/reading", "a/b") == ("noise", "n:1")


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("sensors/gas/g1", "KIND/SENSOR/reading"),
        ("sensors/gas/g1/reading/x", "KIND/SENSOR/reading"),
        ("sensor/gas/g1/reading", "KIND/SENSOR/reading"),
        ("sensors/gaz/g1/reading", "unknown kind 'gaz'"),
        ("sensors/gas//reading", "names no sensor"),
        ("", "KIND/SENSOR/reading"),
    ],
)
def test_other_topics_are_refused_with_a_reason(topic, reason):
    with pytest.raises(PayloadError, match=reason):
        parse_topic(topic, "sensors")
