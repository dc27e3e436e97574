"""Makers' JavaScript codecs: what they may do, and what they can't."""

import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codecs.codec import Codec, CodecError
from ingest.codecs.interpreter import __file__ as INTERPRETER
from ingest.codecs.javascript import compile_javascript, load_javascript

_ECHO = "function decodeUplink(input) { return { data: { bytes: input.bytes, port: input.fPort } }; }"


def _codec(body: str) -> Codec:
    return compile_javascript(f"function decodeUplink(input) {{ {body} }}")


def test_bytes_and_port_arrive() -> None:
    measured = compile_javascript(_ECHO)(b"\x00\x7f\xff", 85)
    assert measured.fields == {"bytes": [0, 127, 255], "port": 85}
    assert not measured.warnings


def test_without_a_port_there_is_none() -> None:
    assert compile_javascript(_ECHO)(b"", None).fields == {"bytes": []}


@pytest.fixture(scope="module")
def echo() -> Codec:
    return compile_javascript(_ECHO)


@settings(max_examples=40)
@given(payload=st.binary(max_size=300), port=st.integers(0, 255))
def test_any_bytes_come_through_whole(echo: Codec, payload: bytes, port: int) -> None:
    fields = echo(payload, port).fields
    assert (bytes(fields["bytes"]), fields["port"]) == (payload, port)


def test_a_payload_larger_than_a_pipe_comes_through_whole() -> None:
    codec = _codec("return { data: { n: input.bytes.length, last: input.bytes[199999] } };")
    try:
        assert codec(bytes(199_999) + b"\x09", 1).fields == {"n": 200_000, "last": 9}
    except CodecError as error:
        assert "interrupted" in str(error)  # noqa: PT017, a slow machine may need more than the time there is


def test_warnings_are_passed_on() -> None:
    assert list(_codec("return { data: { a: 1 }, warnings: ['battery old'] };")(b"", 1).warnings) == ["battery old"]


def test_a_warning_that_is_no_list_is_passed_on() -> None:
    assert list(_codec("return { data: { a: 1 }, errors: '', warnings: 'old' };")(b"", 1).warnings) == ["old"]


def test_what_a_codec_tells_the_console_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    assert _codec("console.log('got', input); console.error(1); return { data: { a: 1 } };")(b"", 1).fields == {"a": 1}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return { errors: ['unknown FPort', 'again'] };", "unknown FPort; again"),
        ("return { errors: 'no such port' };", "no such port"),
        ("throw new Error('length 3');", "Error: length 3"),
        ("throw 'bad';", "bad"),
        ("return nothing.at.all;", "ReferenceError"),
        ("return;", "returned nothing"),
        ("return 3;", "returned no object"),
        ("return { data: [1] };", "neither data nor errors"),
        ("return { data: { x: 'x'.repeat(70000) } };", "more than 65536"),
        ("const a = {}; a.a = a; return { data: a };", "circular"),
        # What is thrown needs to be no Error, nor to bear being asked for its words.
        ("throw null;", "null"),
        ("throw { code: 7 };", '{"code":7}'),
        ("throw Symbol('s');", "Symbol"),
        ("throw 'long '.repeat(1e5) + input.fPort;", "long long"),
        ("throw { toString() { throw 1; } };", "something without words"),
        ("throw new Error('first\\nsecond');", "Error: first$"),
        ("throw new Error('a\\ud800b');", "Error: a.b"),
        ("throw '';", "an error without words"),
        ("return { errors: [{ code: 7 }] };", "code"),
        ("return { data: { x: 1n } };", "BigInt"),
        ("return { data: { x: '\\ud800' } };", "no data"),
        ("return Promise.resolve({ data: {} });", "neither data nor errors"),
    ],
)
def test_an_error_is_told_in_the_codecs_own_words(body: str, words: str) -> None:
    with pytest.raises(CodecError, match=words):
        _codec(body)(b"\x01", 1)


_RUNAWAYS = [
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
    "for (;;) try { while (true) {} } catch (e) {} finally { while (true) {} }",
    "throw { toString() { while (true) {} } };",
    "throw new Proxy({}, { get() { while (true) {} } });",
    # Functions that take hours in one step, where the interpreter does not look at the clock.
    "return { data: { x: Array(4e9).join() } };",
    "return { data: { x: [].reverse.call({ length: 2 ** 53 - 1 }) } };",
    "const s = 'x'.repeat(1e5); return { data: { x: s.replaceAll('x', s) } };",
    "return { data: { x: (2n ** 1000000n).toString() } };",
]


def test_a_codec_that_runs_away_is_stopped() -> None:
    cases = "".join(f"case {port}: {{ {body} }}\n" for port, body in enumerate(_RUNAWAYS, 1))
    codec = compile_javascript(
        f"function decodeUplink(input) {{ switch (input.fPort) {{ {cases} }} return {{data: {{ok: 1}}}}; }}",
        clock=lambda: 0.0,  # so many in a row would have to rest
    )
    for port, body in enumerate(_RUNAWAYS, 1):
        started = time.process_time()
        with pytest.raises(CodecError, match=r"InternalError|RangeError|took too long"):
            codec(b"\x01", port)
        assert time.process_time() - started < 0.1, "the hub itself does not work for it"
        assert codec(b"\x01", 0).fields == {"ok": 1}, f"the message after {body} is decoded as if nothing had been"


_CHOKES = "function decodeUplink({{ bytes }}) {{ if (bytes[0]) {{ {} }} return {{ data: {{ ok: 1 }} }}; }}"


@pytest.mark.parametrize("body", ["while (true) {}", "return { data: { x: Array(4e9).join() } };"])
def test_a_codec_that_is_stopped_again_and_again_rests_and_is_tried_anew(body: str) -> None:
    ahead_s = 0.0
    codec = compile_javascript(_CHOKES.format(body), clock=lambda: time.monotonic() + ahead_s)
    refusals = []
    for _ in range(2000):
        with pytest.raises(CodecError) as refused:
            codec(b"\x01", 1)
        refusals.append(str(refused.value))
    ran = [words for words in refusals if "rests for" not in words]
    assert 1 < len(ran) < 200, "a stop takes 8 ms or more, and there is 1 s for them all"
    assert refusals[-1].endswith(f"s: {ran[-1]}"), "why it rests is said with the reason of the last stop"
    with pytest.raises(CodecError, match="stopped too often and rests for"):
        codec(b"\x00", 1)
    ahead_s = 61.0
    assert codec(b"\x00", 1).fields == {"ok": 1}


class _Ticking:
    """A clock that is a second further each time that it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_a_codec_that_always_hangs_takes_a_fiftieth_of_the_time() -> None:
    clock = _Ticking()
    codec = compile_javascript(_CHOKES.format("while (true) {}"), clock)
    ran = 0
    while clock.now < 3600:
        with pytest.raises(CodecError) as refused:
            codec(b"\x01", 1)
        ran += "rests for" not in str(refused.value)  # and took a second
    assert 60 < ran < 80


def test_a_stop_now_and_then_costs_nobody_a_rest() -> None:
    clock = _Ticking()
    codec = compile_javascript(_CHOKES.format("while (true) {}"), clock)
    for _ in range(20):
        with pytest.raises(CodecError, match="interrupted"):
            codec(b"\x01", 1)
        assert codec(b"\x00", 1).fields == {"ok": 1}
        clock.now += 60


@pytest.mark.parametrize(
    "trick",
    [
        "JSON.stringify = () => '{\"data\":{\"forged\":1}}'; String = parseInt = eval = () => '!';",
        "Array.prototype.join = String.prototype.slice = Function.prototype.call = () => { throw 1; };",
        "globalThis.decodeUplink = () => ({ data: { forged: 1 } });",
        "Object.defineProperty(Error.prototype, 'toString', { value() { while (true) {} } });",
        "Error.prepareStackTrace = () => { while (true) {} };",
        "InternalError.prototype.toString = () => { while (true) {} };",
        "Object.defineProperty(Object.prototype, Symbol.toPrimitive, { get() { while (true) {} } });",
        "Object.prototype.errors = ['forged']; Array.prototype[0] = 'forged';",
        "(async () => { while (true) await null; })();",
    ],
)
def test_prototype_tricks_reach_nothing_of_ours(trick: str) -> None:
    codec = compile_javascript(
        f"function decodeUplink(input) {{ if (input.fPort === 1) {{ {trick} while (true) {{}} }}"
        " if (input.fPort === 2) throw new Error('told'); return { data: { ok: input.bytes[0] } }; }"
    )
    for _ in range(2):
        with pytest.raises(CodecError, match=r"InternalError|took too long"):
            codec(b"\x07", 1)
        with pytest.raises(CodecError, match="Error: told"):
            codec(b"\x07", 2)
        assert codec(b"\x07", 3).fields == {"ok": 7}


def _interpreters() -> set[int]:
    return {child.pid for child in psutil.Process().children() if INTERPRETER in child.cmdline()}


def test_the_process_of_a_codec_has_nothing_and_ends_with_it() -> None:
    others = _interpreters()
    codec = compile_javascript(_ECHO)
    [pid] = _interpreters() - others
    process = psutil.Process(pid)
    assert process.environ() == {}
    assert process.rlimit(psutil.RLIMIT_NOFILE) == (0, 0)
    process.kill()
    process.wait(10)
    with pytest.raises(CodecError, match="was stopped"):
        codec(b"", 1)
    assert codec(b"", 1).fields == {"bytes": [], "port": 1}
    del codec
    assert _interpreters() <= others


@pytest.mark.parametrize(
    "name", ["require", "process", "fetch", "XMLHttpRequest", "std", "os", "setTimeout", "WebAssembly", "Worker"]
)
def test_nothing_of_the_machine_is_within_reach(name: str) -> None:
    assert _codec(f"return {{ data: {{ kind: typeof {name} }} }};")(b"", 1).fields == {"kind": "undefined"}


def test_no_module_can_be_imported() -> None:
    codec = _codec("let got = 'no'; import('os').then(() => { got = 'yes'; }); return { data: { got } };")
    assert codec(b"", 1).fields == {"got": "no"}


def test_codecs_share_nothing() -> None:
    first = compile_javascript("var kept = 1; Object.prototype.spoilt = 1; " + _ECHO)
    second = compile_javascript(_ECHO.replace("port:", "kept: typeof kept, spoilt: typeof ({}).spoilt, port:"))
    first(b"", 1)
    assert second(b"", 1).fields == {"bytes": [], "kept": "undefined", "spoilt": "undefined", "port": 1}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("function decodeUplink(", "can't be read: SyntaxError"),
        ("throw { toString() { while (true) {} } };", "can't be read"),
        ("const x = Array(4e9).join();", "takes too long"),
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
