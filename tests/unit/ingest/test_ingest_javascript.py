"""Makers' JavaScript codecs: what they may do, and what they can't."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codecs.codec import Codec, CodecError
from ingest.codecs.javascript import CALL_S, compile_javascript, load_javascript

_ECHO = "function decodeUplink(input) { return { data: { bytes: input.bytes, port: input.fPort } }; }"


def _codec(body: str) -> Codec:
    return compile_javascript(f"function decodeUplink(input) {{ {body} }}")


def test_bytes_and_port_arrive() -> None:
    fields, warnings = compile_javascript(_ECHO)(b"\x00\x7f\xff", 85)
    assert fields == {"bytes": [0, 127, 255], "port": 85}
    assert not warnings


def test_without_a_port_there_is_none() -> None:
    assert compile_javascript(_ECHO)(b"", None).fields == {"bytes": []}


_echo = compile_javascript(_ECHO)


@settings(deadline=None, max_examples=40)
@given(payload=st.binary(max_size=300), port=st.integers(0, 255))
def test_any_bytes_come_through_whole(payload: bytes, port: int) -> None:
    fields, _ = _echo(payload, port)
    assert (bytes(fields["bytes"]), fields["port"]) == (payload, port)


def test_warnings_are_passed_on() -> None:
    assert list(_codec("return { data: { a: 1 }, warnings: ['battery old'] };")(b"", 1).warnings) == ["battery old"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return { errors: ['unknown FPort', 'again'] };", "unknown FPort; again"),
        ("throw new Error('length 3');", "Error: length 3"),
        ("throw 'bad';", "bad"),
        ("return nothing.at.all;", "ReferenceError"),
        ("return;", "returned nothing"),
        ("return 3;", "returned no object"),
        ("return { data: [1] };", "neither data nor errors"),
        ("return { data: { x: 'x'.repeat(70000) } };", "more than 65536"),
        ("const a = {}; a.a = a; return { data: a };", "circular"),
    ],
)
def test_an_error_is_told_in_the_codecs_own_words(body: str, words: str) -> None:
    with pytest.raises(CodecError, match=words):
        _codec(body)(b"\x01", 1)


@pytest.mark.parametrize(
    "body",
    [
        "while (true) {}",
        "function again() { return again(); } return again();",
        "const all = []; while (true) all.push(new Array(1000));",
        "return { data: { x: 'x'.repeat(1e9) } };",
        "return { data: { x: /(a+)+$/.test('a'.repeat(40) + 'b') } };",
        "return { data: { x: new Array(1e9).fill(0).length } };",
        "return { data: Array.from({ length: 1e8 }) };",
        "let s = 'x'; while (true) s += s;",
        "return { data: { get x() { while (true) {} } } };",
        "return { data: { toJSON() { while (true) {} } } };",
    ],
)
def test_a_codec_that_runs_away_is_stopped(body: str) -> None:
    codec = compile_javascript(
        f"function decodeUplink(input) {{ if (input.fPort === 1) {{ {body} }} return {{data: {{ok: 1}}}}; }}"
    )
    started = time.process_time()
    with pytest.raises(CodecError):
        codec(b"\x01", 1)
    assert time.process_time() - started < 10 * CALL_S
    assert codec(b"\x01", 2).fields == {"ok": 1}, "the next message is decoded as if nothing had been"


@pytest.mark.parametrize(
    "name", ["require", "process", "fetch", "XMLHttpRequest", "std", "os", "setTimeout", "WebAssembly", "Worker"]
)
def test_nothing_of_the_machine_is_within_reach(name: str) -> None:
    assert _codec(f"return {{ data: {{ kind: typeof {name} }} }};")(b"", 1).fields == {"kind": "undefined"}


def test_no_module_can_be_imported() -> None:
    fields, _ = _codec("let got = 'no'; import('os').then(() => { got = 'yes'; }); return { data: { got } };")(b"", 1)
    assert fields == {"got": "no"}


def test_codecs_share_nothing() -> None:
    first = compile_javascript("var kept = 1; Object.prototype.spoilt = 1; " + _ECHO)
    second = compile_javascript(_ECHO.replace("port:", "kept: typeof kept, spoilt: typeof ({}).spoilt, port:"))
    first(b"", 1)
    assert second(b"", 1).fields == {"bytes": [], "kept": "undefined", "spoilt": "undefined", "port": 1}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("function decodeUplink(", "can't be read: SyntaxError"),
        ("function Decode(port, bytes) { return {}; }", "no function decodeUplink"),
        ("while (true) {}", "can't be read"),
    ],
)
def test_a_file_that_is_no_codec_is_refused_when_loaded(tmp_path: Path, source: str, words: str) -> None:
    (tmp_path / "codec.js").write_text(source, encoding="utf-8")
    with pytest.raises(CodecError, match=words):
        load_javascript(tmp_path / "codec.js")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CodecError, match=r"gone\.js"):
        load_javascript(tmp_path / "gone.js")
