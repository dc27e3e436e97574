"""Makers' own codecs in JavaScript, ``decodeUplink({bytes, fPort})`` of LoRa Alliance TS013, in a sandbox.

The sandbox is QuickJS (`quickjs-ng`): an interpreter without files, network, timers or modules, with limits on time,
memory and stack. Measured on the same codec it makes 128,000 calls a second with them; V8 (`mini-racer`) made 7,000,
since every call crosses a thread.
"""

import json
from pathlib import Path
from typing import Any

import quickjs  # type: ignore[import-untyped]

from ingest.codecs.codec import Codec, CodecError, Fields, Measured

LOAD_S = 0.25
CALL_S = 0.008  # processor time
MEMORY_BYTES = 8 * 1024 * 1024
STACK_BYTES = 256 * 1024
MAX_RESULT_CHARS = 64 * 1024
_RENEW_AFTER = 100_000  # calls; a codec that keeps things in globals starts afresh

# Taken before the codec is read, so that it can't put its own in their place.
_BEFORE = "const [__stringify, __parse] = [JSON.stringify, parseInt];"
_AFTER = """
(function (hex, port) {
  const bytes = new Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = __parse(hex.substr(2 * i, 2), 16);
  return __stringify(decodeUplink(port < 0 ? { bytes } : { bytes, fPort: port }));
})
"""


class _Sandbox:
    def __init__(self, source: str) -> None:
        self._source = source
        self._calls = 0
        self._start()

    def _start(self) -> None:
        context = quickjs.Context()
        context.set_memory_limit(MEMORY_BYTES)
        context.set_max_stack_size(STACK_BYTES)
        context.set_time_limit(LOAD_S)
        try:
            context.eval(_BEFORE)
            context.eval(self._source)
            if context.eval("typeof decodeUplink") != "function":
                raise CodecError("the file defines no function decodeUplink")
            self._run = context.eval(_AFTER)
        except (quickjs.JSException, quickjs.StackOverflow) as error:
            raise CodecError(f"the file can't be read: {_words(error)}") from error
        context.set_time_limit(CALL_S)
        self._context = context
        self._calls = 0

    def decode(self, payload: bytes, port: int | None) -> Measured:
        if self._calls >= _RENEW_AFTER:
            self._start()
        self._calls += 1
        try:
            text = self._run(payload.hex(), -1 if port is None else port)
        except (quickjs.JSException, quickjs.StackOverflow) as error:
            words = _words(error)
            if isinstance(error, quickjs.StackOverflow) or words.startswith("InternalError"):
                self._start()  # stopped by a limit: the interpreter may be half way through anything
            raise CodecError(words) from error
        return _result(text)


def _words(error: Exception) -> str:
    """The first line: what the codec said, without the place in its file."""
    return (str(error) or type(error).__name__).splitlines()[0]


def _result(text: Any) -> Measured:
    if not isinstance(text, str):
        raise CodecError("decodeUplink returned nothing")
    if len(text) > MAX_RESULT_CHARS:
        raise CodecError(f"decodeUplink returned {len(text)} characters, more than {MAX_RESULT_CHARS}")
    try:
        result = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"decodeUplink returned something that is no data: {error}") from error
    if not isinstance(result, dict):
        raise CodecError("decodeUplink returned no object")
    errors = _texts(result.get("errors"))
    if errors:
        raise CodecError("; ".join(errors))
    data: Fields | Any = result.get("data")
    if not isinstance(data, dict):
        raise CodecError("decodeUplink returned neither data nor errors")
    return Measured(data, _texts(result.get("warnings")))


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def load_javascript(path: Path) -> Codec:
    """The codec in a file; CodecError when it can't be read or defines no decodeUplink. For one thread only."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CodecError(f"{path.name}: {error}") from error
    return compile_javascript(source)


def compile_javascript(source: str) -> Codec:
    """The codec in a source text; CodecError when it can't be read or defines no decodeUplink. For one thread only."""
    return _Sandbox(source).decode
