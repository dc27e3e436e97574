"""The process that one maker's codec runs in: source and payloads come on standard input, answers go out.

`ingest.codecs.javascript` starts it as a file, so it reads nothing of the hub; it opens no file, and its environment is
empty. The interpreter looks at its own time limit between two steps of JavaScript only, and some functions of its
library take hours in one step (`Array(4e9).join()`). So the process has a limit, too: the kernel ends it.
"""

import resource
import signal
import sys
from struct import Struct
from typing import BinaryIO

import quickjs  # type: ignore[import-untyped]

# Processor time, not time on the clock: a busy machine must not turn good messages away.
LOAD_S = 0.25
CALL_S = 0.008
STUCK_LOAD_S = 1.0
STUCK_CALL_S = 0.02
MEMORY_BYTES = 8 * 1024 * 1024
STACK_BYTES = 256 * 1024
MAX_RESULT_CHARS = 64 * 1024
RENEW_AFTER = 100_000  # calls; a codec that keeps things in globals starts afresh

REQUEST = Struct("<hI")  # LoRaWAN port, -1 for none; bytes that follow
ANSWER = Struct("<cI")  # what follows, and how many bytes
RESULT = b"R"  # what decodeUplink returned, as JSON
THROWN = b"T"  # what was thrown, as a JSON text
REFUSED = b"F"  # our own words
STOPPED = b"S"  # our own words, for a call that a limit ended

# Run before the codec is read. What is used later is taken now, so that the codec can't put its own in its place. An
# InternalError is what a limit throws; no JavaScript can catch it, and it is asked for its words when the limit is no
# longer in force, so they are fixed. Whatever else is thrown is put into words here, within the limits.
_BEFORE = """
(function () {
  const say = () => {}; // makers leave their console.log in
  globalThis.console = { log: say, debug: say, info: say, warn: say, error: say };
  const evaluate = eval, stringify = JSON.stringify, parse = parseInt, text = String;
  const bind = Function.prototype.bind, call = Function.prototype.call;
  const cut = bind.call(call, String.prototype.slice), join = bind.call(call, Array.prototype.join);
  const limit = InternalError.prototype;
  const fixed = { toString: limit.toString, name: "InternalError", message: "", stack: undefined };
  for (const name in fixed) Object.defineProperty(limit, name, { value: fixed[name] });
  Object.defineProperty(limit, Symbol.toPrimitive, { value: undefined });
  function words(thrown) {
    try {
      const said = text(thrown);
      const shown = cut(said === "[object Object]" ? text(stringify(thrown)) : said, 0, 1000);
      return join(["!", stringify(shown)], ""); // what + makes of long texts can't be handed over
    } catch (error) {
      return '!"something without words"';
    }
  }
  return function (source) {
    let decode;
    try {
      decode = evaluate(source + "\\n;typeof decodeUplink === 'function' ? decodeUplink : undefined");
    } catch (error) {
      return words(error);
    }
    if (decode === undefined) return "?";
    return function (hex, port) {
      try {
        const bytes = new Array(hex.length / 2);
        for (let i = 0; i < bytes.length; i++) bytes[i] = parse(hex.substr(2 * i, 2), 16);
        return stringify(decode(port < 0 ? { bytes } : { bytes, fPort: port }));
      } catch (error) {
        return words(error);
      }
    };
  };
})()
"""
# The last three are what `quickjs` makes of a text that it can't hand over.
_FAILURES = (quickjs.JSException, quickjs.StackOverflow, TypeError, UnicodeError, MemoryError)

Answer = tuple[bytes, str]


class Interpreter:
    """A codec in QuickJS: no files, network, timers or modules."""

    def __init__(self, source: str) -> None:
        self._source = source

    def start(self) -> Answer:
        """Read the source anew; RESULT when it can decode."""
        context = quickjs.Context()
        context.set_memory_limit(MEMORY_BYTES)
        context.set_max_stack_size(STACK_BYTES)
        context.set_time_limit(LOAD_S)
        signal.setitimer(signal.ITIMER_PROF, STUCK_LOAD_S)
        try:
            run = context.eval(_BEFORE)(self._source)
        except _FAILURES as error:
            return REFUSED, _first_line(error)
        if isinstance(run, str):
            return (THROWN, run[1:]) if run[0] == "!" else (REFUSED, "it defines no function decodeUplink")
        context.set_time_limit(CALL_S)
        self._context = context
        self._run = run
        self._calls = 0
        return RESULT, ""

    def decode(self, payload: bytes, port: int) -> Answer:
        """What the codec makes of a payload."""
        if self._calls >= RENEW_AFTER:
            self.start()
        self._calls += 1
        signal.setitimer(signal.ITIMER_PROF, STUCK_CALL_S)
        try:
            text = self._run(payload.hex(), port)
        except _FAILURES as error:
            self.start()  # the interpreter may be half way through anything
            return STOPPED, _first_line(error)
        if not isinstance(text, str):
            return REFUSED, "decodeUplink returned nothing"
        if text[0] == "!":  # no JSON begins with it
            return THROWN, text[1:]
        if len(text) > MAX_RESULT_CHARS:
            return REFUSED, f"decodeUplink returned {len(text)} characters, more than {MAX_RESULT_CHARS}"
        return RESULT, text


def _first_line(error: Exception) -> str:
    """What happened, without the place in the codec's file."""
    return (str(error) or type(error).__name__).splitlines()[0]


def _answer(stream: BinaryIO, answer: Answer) -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    content = answer[1].encode(errors="replace")
    stream.write(ANSWER.pack(answer[0], len(content)) + content)
    stream.flush()


def main() -> None:
    """Read the source, then decode until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the hub, which closes our input when it ends
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _, length = REQUEST.unpack(requests.read(REQUEST.size))
    interpreter = Interpreter(requests.read(length).decode())
    started = interpreter.start()
    _answer(answers, started)
    while started[0] == RESULT and len(header := requests.read(REQUEST.size)) == REQUEST.size:
        port, length = REQUEST.unpack(header)
        _answer(answers, interpreter.decode(requests.read(length), port))


if __name__ == "__main__":
    main()
