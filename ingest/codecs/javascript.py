"""Makers' own codecs in JavaScript, ``decodeUplink({bytes, fPort})`` of LoRa Alliance TS013, in a sandbox.

The sandbox is QuickJS (`quickjs-ng`), an interpreter without files, network, timers or modules, in a process of its
own with nothing to lose. Limits on time, memory and stack hold whatever a codec does: see `ingest.codecs.interpreter`.

The intake waits for every call, so a codec that runs into its limits again and again would hold up all other sensors.
It rests until what was lost with it is no more than a small share of the time.
"""

import json
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from math import ceil, inf
from pathlib import Path
from select import POLLIN, poll
from time import monotonic
from typing import Any

import msgspec

from ingest.codecs.codec import Codec, CodecError, Fields, Measured
from ingest.codecs.interpreter import ANSWER, REQUEST, RESULT, STOPPED, THROWN, Answer
from ingest.codecs.interpreter import __file__ as _INTERPRETER

_NO_PORT = -1
_ANSWER_WITHIN_MS = 10_000  # on the clock: the process is starved or stopped, and the hub must go on
_PIPE_BYTES = 64 * 1024
# What stopped calls may take: 1 s at once, a fiftieth of the time in the long run. One device that sends what its codec
# chokes on stays below that; a codec that always does is tried every few seconds.
_SHARE = 1 / 50
_AT_ONCE_S = 1.0
_LONGEST_REST_S = 60.0
_JSON = msgspec.json.Decoder()


Clock = Callable[[], float]
"""Seconds since some moment, never going back."""


class _Ended(Exception):
    """The process did not answer."""


class _Process:
    """One running interpreter; it ends when this object does."""

    def __init__(self, source: str) -> None:
        # -I: no paths and no settings from outside; the environment holds the hub's secrets.
        self._process = subprocess.Popen(
            [sys.executable, "-I", _INTERPRETER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={},
        )
        self.end = weakref.finalize(self, _end, self._process)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._poll = poll()
        self._poll.register(self._answers, POLLIN)
        self._source = source
        self._started: Answer | None = None

    @property
    def started(self) -> bool:
        """Whether nobody has to wait any more until it can decode."""
        return self._started is not None

    def start(self) -> Answer:
        """Whether the source can be read; _Ended when it ends the process."""
        if self._started is None:
            self._started = self._ask(self._source.encode(errors="replace"), _NO_PORT)
        return self._started

    def decode(self, payload: bytes, port: int | None) -> Answer:
        """What the codec makes of a payload; _Ended when it ends the process."""
        self.start()
        return self._ask(payload, _NO_PORT if port is None else port)

    def _ask(self, content: bytes, port: int) -> Answer:
        request = REQUEST.pack(port, len(content)) + content
        try:
            while request:
                request = request[os.write(self._requests, request) :]
        except BrokenPipeError as error:
            raise _Ended from error
        content = self._read(b"", ANSWER.size)
        kind, length = ANSWER.unpack_from(content)
        return kind, self._read(content, ANSWER.size + length)[ANSWER.size :].decode()

    def _read(self, content: bytes, length: int) -> bytes:
        """``content`` and what follows it, ``length`` bytes at least: an answer comes whole as a rule."""
        while len(content) < length:
            more = os.read(self._answers, _PIPE_BYTES) if self._poll.poll(_ANSWER_WITHIN_MS) else b""
            if not more:
                raise _Ended
            content += more
        return content


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


class _Patience:
    """How long the hub has waited for calls that were stopped, and how long it does without the codec for that."""

    def __init__(self) -> None:
        self._even_at = -inf  # when the share allowed has made up for all of them

    def spend(self, lost_s: float, now: float) -> None:
        latest = now + _AT_ONCE_S / _SHARE + _LONGEST_REST_S
        self._even_at = min(max(self._even_at, now) + lost_s / _SHARE, latest)

    def rest_s(self, now: float) -> float:
        """Until the codec may be called again, 0 or less when it may be."""
        return self._even_at - now - _AT_ONCE_S / _SHARE


class _Sandbox:
    def __init__(self, source: str, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._patience = _Patience()
        self._stopped = ""  # why it was, the last time
        self._process = _Process(source)
        try:
            kind, text = self._process.start()
        except _Ended as error:
            raise CodecError("the file can't be read: it takes too long") from error
        if kind != RESULT:
            raise CodecError(f"the file can't be read: {_words(kind, text)}")

    def decode(self, payload: bytes, port: int | None) -> Measured:
        began = self._clock()
        rest_s = self._patience.rest_s(began)
        if rest_s > 0:
            raise CodecError(f"decodeUplink was stopped too often and rests for {ceil(rest_s)} s: {self._stopped}")
        costly = not self._process.started  # the last stop ended the one before it
        try:
            kind, text = self._process.decode(payload, port)
        except _Ended:
            self._process.end()
            self._process = _Process(self._source)  # gets ready while the hub goes on
            kind, text = STOPPED, "decodeUplink took too long and was stopped"
        if kind == STOPPED:
            self._stopped = text
        if costly or kind == STOPPED:
            now = self._clock()
            self._patience.spend(now - began, now)
        if kind != RESULT:
            raise CodecError(_words(kind, text))
        return _result(text)


def _words(kind: bytes, text: str) -> str:
    """What the codec said, without the place in its file; our own words as they are."""
    if kind != THROWN:
        return text
    said = str(json.loads(text)).encode(errors="replace").decode()
    return said.split("\n", 1)[0] or "an error without words"


def _result(text: str) -> Measured:
    try:
        result = _JSON.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
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
    """What stands under ``errors`` or ``warnings``: a list, or by some makers a text alone."""
    if isinstance(value, str):
        return [value] if value else []
    return [str(item) for item in value] if isinstance(value, list) else []


def load_javascript(path: Path) -> Codec:
    """The codec in a file; CodecError when it can't be read or defines no decodeUplink. For one thread only."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CodecError(f"{path.name}: {error}") from error
    return compile_javascript(source)


def compile_javascript(source: str, clock: Clock = monotonic) -> Codec:
    """The codec in a source text; CodecError when it can't be read or defines no decodeUplink. For one thread only."""
    return _Sandbox(source, clock).decode
