"""Messages that must not become readings, each wrong by construction, and good ones to send between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingest.kinds import KINDS, Quantity, State
from ingest.payload import MAX_PAYLOAD_BYTES, MAX_READINGS, native_topic
from ingest.session import MAX_PACKET_BYTES


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as a client publishes it. ``alone``: a broker may hang up on it, so nothing else is under way."""

    topic: bytes
    payload: bytes
    qos: int = 1
    retain: bool = False
    alone: bool = False


def code_of(kind: str) -> str:
    """The sensor of each kind that is registered."""
    return f"{kind}-1"


def good_values(kind: str) -> dict[str, Any]:
    """The middle of every column's range."""
    return {
        column.name: column.words[0] if isinstance(column, State) else (column.minimum + column.maximum) / 2
        for column in KINDS[kind].columns
    }


def good(prefix: str, kind: str, time: datetime) -> Sent:
    """A valid reading."""
    payload = msgspec.json.encode({"time": time, **good_values(kind)})
    return Sent(native_topic(prefix, kind, code_of(kind)).encode(), payload)


kinds = st.sampled_from(sorted(KINDS))
_texts = st.text(st.characters(codec="utf-8"), max_size=30)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts
)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4), max_leaves=12
)


@st.composite
def _broken_payloads(draw: st.DrawFn, kind: str, now: datetime) -> bytes:
    """A good payload of ``kind`` with one thing wrong."""
    reading = {"time": now.isoformat(), **good_values(kind)}
    column = draw(st.sampled_from(KINDS[kind].columns))
    whole = msgspec.json.encode(reading)
    fault = draw(st.sampled_from(["truncated", "bad bytes", "trailing", "value", "time", "incomplete", "unknown"]))
    if fault == "truncated":
        return whole[: draw(st.integers(0, len(whole) - 1))]
    if fault == "bad bytes":
        at = draw(st.integers(0, len(whole)))
        return whole[:at] + draw(st.sampled_from(_BAD_BYTES)) + whole[at:]
    if fault == "trailing":
        return whole + draw(st.sampled_from([b",", b"{}", b"]", b"x"]))
    if fault == "value":
        reading[column.name] = draw(_beyond(column) | st.booleans() | st.lists(_scalars, max_size=3))
    elif fault == "time":
        reading["time"] = draw(_bad_times(now))
    elif fault == "incomplete":
        reading = draw(st.sampled_from([good_values(kind), {"time": reading["time"]}, {}]))
    else:
        reading[draw(_texts.filter(lambda name: name not in reading))] = draw(_values)
    broken = msgspec.json.encode(reading)
    # One bad element holds back the whole array.
    return b"[" + whole + b"," + broken + b"]" if draw(st.booleans()) else broken


def _beyond(column: Quantity | State) -> st.SearchStrategy[Any]:
    if isinstance(column, State):
        return _texts.filter(lambda word: word not in column.words) | st.integers()
    above = st.floats(column.maximum, 1e308, exclude_min=True) | st.integers(int(column.maximum) + 1, 10**40)
    below = st.floats(-1e308, column.minimum, exclude_max=True) | st.integers(-(10**40), int(column.minimum) - 1)
    return above | below | _texts


def _bad_times(now: datetime) -> st.SearchStrategy[Any]:
    # A month back and five minutes ahead are allowed; dates are read with an offset only.
    past = int((now - timedelta(days=40)).timestamp())
    ahead = int((now + timedelta(days=1)).timestamp())
    return (
        st.none()
        | st.booleans()
        | _texts.filter(lambda text: not text[:4].isdigit())
        | st.integers(-(10**40), past)
        | st.integers(ahead, past * 1000)
        | st.integers(ahead * 1000, 10**40)
        | st.floats(ahead * 1000.0, 1e308)
        | st.floats(-1e308, float(past))
        | st.datetimes().map(datetime.isoformat)
        | st.just("0001-01-01T00:00:00+23:59")
        | st.just("9999-12-31T23:59:59-23:59")
    )


# Control characters and non-characters are left to those made by hand: Mosquitto hangs up on each of them.
_levels = st.text(st.characters(codec="utf-8", exclude_characters="/+#", exclude_categories=("Cc", "Cn")), max_size=20)


@st.composite
def _messages(draw: st.DrawFn, prefix: str, now: datetime) -> Sent:
    kind = draw(kinds)
    topic = native_topic(prefix, kind, code_of(kind))
    shape = draw(st.sampled_from(["broken"] * 6 + ["binary", "value", "topic", "topic"]))
    if shape == "broken":
        payload = draw(_broken_payloads(kind, now))
    elif shape == "binary":
        payload = draw(st.binary(max_size=200))
    elif shape == "value":
        payload = msgspec.json.encode(draw(_values.filter(lambda value: not isinstance(value, dict))))
    else:
        payload = good(prefix, kind, now).payload
        levels = draw(st.lists(_levels, min_size=1, max_size=5).filter(lambda found: found[1:2] != [code_of(kind)]))
        topic = "/".join([prefix, *levels])
    qos = draw(st.sampled_from([1, 1, 1, 0]))
    return Sent(topic.encode(), payload, qos, retain=draw(st.integers(0, 19)) == 0)


def generated(prefix: str, now: datetime, count: int) -> list[Sent]:
    """``count`` messages, the same ones for the same ``now``."""
    found: list[Sent] = []

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_messages(prefix, now))
    def collect(message: Sent) -> None:
        found.append(message)

    while len(found) < count:
        collect()
    return found[:count]


def enumerated(prefix: str, now: datetime) -> Iterator[Sent]:
    """Good payloads, cut off at every byte, with every kind of bad byte at every place, and each value spoilt."""
    for kind, described in KINDS.items():
        topic = native_topic(prefix, kind, code_of(kind)).encode()
        whole = good(prefix, kind, now).payload
        reading = {"time": now, **good_values(kind)}
        for at in range(len(whole)):
            yield Sent(topic, whole[:at])
            yield Sent(topic, b"[" + whole + b"," + whole[:at] + b"]")
            for byte in _BAD_BYTES:
                yield Sent(topic, whole[:at] + byte + whole[at:])
        for name in ("time", *described.column_names):
            for value in _BAD_VALUES:
                spoilt = msgspec.json.encode({**reading, name: value})
                yield Sent(topic, spoilt)
                yield Sent(topic, b"[" + whole + b"," + spoilt + b"]")


def hand_made(prefix: str, now: datetime) -> Iterator[Sent]:
    """What neither of the others comes upon."""
    gas = native_topic(prefix, "gas", code_of("gas"))
    topic = gas.encode()
    payload = good(prefix, "gas", now).payload
    seconds = str(int(now.timestamp())).encode()
    for text in _HAND_MADE:
        yield Sent(topic, text.replace(b"NOW", seconds))
    for depth in (100, 10_000, 30_000):
        yield Sent(topic, b"[" * depth)
        yield Sent(topic, b"[" * depth + b"]" * depth)
        yield Sent(topic, b'{"time":' * (depth // 10) + b"1" + b"}" * (depth // 10))
        yield Sent(topic, b'{"time":NOW,"x":'.replace(b"NOW", seconds) + b"[" * depth + b"]" * depth + b"}")
    yield Sent(topic, b'{"time":' + b"9" * 5000 + b',"ch4_lel_pct":1}')
    yield Sent(topic, b'{"time":' + seconds + b',"ch4_lel_pct":' + b"9" * 5000 + b"}")
    yield Sent(topic, b'{"time":' + seconds + b',"ch4_lel_pct":1' + b"0" * 400 + b".5}")
    yield Sent(topic, payload + b" " * (MAX_PAYLOAD_BYTES - len(payload) + 1))
    yield Sent(topic, b"[" + b",".join([payload] * 500) + b"]")  # longer than a payload may be
    element = b'{"time":' + seconds + b',"o2_pct_vol":20}'
    yield Sent(topic, b"[" + b",".join([element] * (MAX_READINGS + 1)) + b"]")
    yield Sent(topic, b"x" * (MAX_PACKET_BYTES - len(topic) - 64))
    for suffix in _WRONG_TOPICS:
        yield Sent(prefix.encode() + suffix, payload, alone=True)
    yield Sent(prefix.encode() + b"/" + b"a" * (65_000 - len(prefix)), payload, alone=True)
    yield Sent(topic, b"", retain=True)


def over_size(prefix: str) -> Sent:
    """Larger than the hub's Maximum Packet Size: a broker keeps it to itself, or hangs up on who sends it."""
    return Sent(native_topic(prefix, "gas", code_of("gas")).encode(), b"x" * (MAX_PACKET_BYTES + 1), alone=True)


# Not UTF-8, not allowed in JSON, or not part of any name, number, time or word of a reading.
_BAD_BYTES = (
    *(b"\xff", b"\xc3", b"\xed\xa0\x80"),
    *(b"\0", b"\x1f", b"\x7f", b"\\", b'"'),
)

# Neither a time nor a value of any column.
_BAD_VALUES = (
    *(True, False, "", " ", "1", "NaN", "null", "reading", "\0", "打开", "\U0001f573"),
    *(
        1e9,
        -1e9,
        1e38,
        1e39,
        -1e39,
        1e308,
        -1e308,
        10**10,
        -(10**10),
        10**18,
        2**63,
        2**64,
        -(2**63),
        10**60,
        -(10**60),
    ),
    *([], [1], [None], {}, {"value": 1}, {"time": 1}),
)

_HAND_MADE = (
    b"",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"[[]]",
    b"[{}]",
    b'""',
    b"{",
    b"}",
    b"NaN",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\0}\0",
    b"\0" * 1000,
    b"<xml/>",
    b"time=1&ch4_lel_pct=1",
    b"'; DROP TABLE sensor; --",
    b'{"time":NOW}',
    b'{"time":NOW,}',
    b'{"time":NOW,"ch4_lel_pct":NaN}',
    b'{"time":NOW,"ch4_lel_pct":Infinity}',
    b'{"time":NOW,"ch4_lel_pct":-Infinity}',
    b'{"time":NOW,"ch4_lel_pct":1e400}',
    b'{"time":NOW,"ch4_lel_pct":1e39}',
    b'{"time":NOW,"ch4_lel_pct":0x10}',
    b'{"time":NOW,"ch4_lel_pct":01}',
    b'{"time":NOW,"ch4_lel_pct":"1"}',
    b'{"time":NOW,"ch4_lel_pct":null}',
    b'{"time":NOW,"ch4_lel_pct":[1]}',
    b'{"time":NOW,"CH4_LEL_PCT":1}',
    b'{"time":NOW,"ch4_lel_pct":1,"__class__":"x"}',
    b'{"time":NOW,"ch4_lel_pct":1}{"time":NOW,"ch4_lel_pct":1}',
    b'{"time":NOW,"ch4_lel_pct":1,"note":"\xed\xa0\x80"}',
    b'{"time":NOW,"ch4_lel_pct":1,"\\u0000":1}',
    b'{"time":NOW,"ch4_lel_pct":1,"\\ud800":1}',
    b'{"time":"NOW","ch4_lel_pct":1}',
    b'{"time":"\\ud800","ch4_lel_pct":1}',
    b'{"time":1e400,"ch4_lel_pct":1}',
    b'{"time":-1e308,"ch4_lel_pct":1}',
    b'{"time":-0.0,"ch4_lel_pct":1}',
    b'{"time":"2026-02-30T00:00:00Z","ch4_lel_pct":1}',
    b'{"time":"2026-01-01T00:00:00","ch4_lel_pct":1}',
    b'{"time":"2026-01-01","ch4_lel_pct":1}',
    b'{"time":"now","ch4_lel_pct":1}',
)

_WRONG_TOPICS = (
    b"",
    b"/",
    b"//",
    b"/gas",
    b"/gas/",
    b"/gas//reading",
    b"/gas/nobody/reading",
    b"/gas/gas-1/reading/",
    b"/gas/gas-1/readings",
    b"/GAS/gas-1/reading",
    b"/gas/manhole-1/reading",
    b"/fifth/gas-1/reading",
    b"/gas/gas-1",
    b"/gas/ gas-1/reading",
    b"/gas/gas-1 /reading",
    b"/gas/$SYS/reading",
    b"/gas/../reading",
    "/燃气/一号/读数".encode(),
    "/gas/gas\u202e1-/reading".encode(),
    "/gas/\U0001f573/reading".encode(),
    "/gas/e\u0301/reading".encode(),
    "/gas/\ufeffgas-1/reading".encode(),
    # What MQTT forbids or advises against: some brokers refuse it, and it must harm no hub where it is let through.
    "/gas/\ufffe/reading".encode(),
    b"/gas/\x01\x7f/reading",
    b"/gas/gas-1\0/reading",
    b"/gas/\0/reading",
    b"/gas/\xff/reading",
    b"/gas/\xed\xa0\x80/reading",
    b"/+/gas-1/reading",
    b"/#",
)
