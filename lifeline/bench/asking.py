"""Clients of the API in a benchmark: bare HTTP over a few connections, so that they cost little themselves."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from lifeline.errors import HubError

CONNECTIONS = 24
WARM_UP_S = 2.0  # a process that has just started opens its connections and plans its statements
_PATIENCE_S = 10.0
_AGAIN_S = 2.0  # as the stream tells browsers
_ROUTES = "/api/v1"


@dataclass(slots=True)
class Asked:
    """What became of requests: milliseconds of each, by sort."""

    times_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: int = 0
    rate: float = 0.0

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share was answered."""
        times = sorted(one for some in self.times_ms.values() for one in some)
        return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0

    @property
    def worst_ms(self) -> dict[str, float]:
        """The 99th percentile of each sort."""
        return {
            sort: round(sorted(times)[min(len(times) - 1, int(0.99 * len(times)))], 2)
            for sort, times in self.times_ms.items()
        }


class _Line:
    """One connection that is kept open."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, address: str) -> tuple[int, bytes]:
        """Status and body of a GET."""
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)
        reader, writer = self._open
        writer.write(_request(address, self._key))
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


def _request(address: str, key: str) -> bytes:
    return f"GET {_ROUTES}{address} HTTP/1.1\r\nHost: hub\r\nX-API-Key: {key}\r\n\r\n".encode()


async def ask_at_rate(port: int, key: str, mix: Sequence[tuple[str, str]], rate: float, seconds: float) -> Asked:
    """Send ``rate`` requests a second for ``seconds``; each time counts from when the request was due.

    Those of the WARM_UP_S before are not counted.
    """
    asked = Asked()
    lines: asyncio.Queue[_Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        line = _Line(port, key)
        await line.get("/squads")
        lines.put_nowait(line)
    began = time.perf_counter() + WARM_UP_S

    async def ask(sort: str, address: str, due: float) -> None:
        line = await lines.get()
        status, _ = await asyncio.wait_for(line.get(address), _PATIENCE_S)
        lines.put_nowait(line)
        if due >= began:
            asked.times_ms[sort].append((time.perf_counter() - due) * 1000)
            asked.failed += status != 200

    async with asyncio.TaskGroup() as group:
        for number in range(-int(rate * WARM_UP_S), int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(ask(*mix[number % len(mix)], due))
    asked.rate = int(rate * seconds) / (time.perf_counter() - began)
    return asked


async def ask_once(port: int, key: str, address: str) -> tuple[float, bytes]:
    """Milliseconds and body of one request; HubError when it isn't answered with 200."""
    line = _Line(port, key)
    began = time.perf_counter()
    status, body = await line.get(address)
    if status != 200:
        raise HubError(f"{address} was answered with {status}")
    return (time.perf_counter() - began) * 1000, body


async def listen(port: int, key: str, counts: list[int], number: int) -> None:
    """Listen to incidents and count what comes in ``counts``, until cancelled."""
    reader, writer = await _let_in(port, key)
    counts[number] = 0
    try:
        while chunk := await reader.read(65_536):
            counts[number] += chunk.count(b"event: incident")
    finally:
        writer.close()


async def _let_in(port: int, key: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that has begun; who is told that the hub is busy comes again, as browsers do."""
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_request("/stream?topic=incident", key))
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status == 200:
            await reader.readuntil(b"retry: 2000\n\n")
            return reader, writer
        writer.close()
        if status != 503:
            raise HubError(f"a listener was answered with {status}")
        await asyncio.sleep(_AGAIN_S)
