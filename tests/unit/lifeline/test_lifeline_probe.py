"""Probes and metrics of a process."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import pytest

from lifeline.errors import HubError
from lifeline.metrics import Metrics
from lifeline.probe import Probe, ask_ready, serve_probe


@dataclass
class Stats:
    readings: int = 0
    commit_s: float = 0.0
    connected: bool = False


def probe(*, ready: bool = True, stats: Stats | None = None) -> Probe:
    return Probe(4711, lambda: ready, Metrics({"ingest": stats or Stats()}))


def test_metrics_follow_the_counters_without_being_told() -> None:
    stats = Stats()
    metrics = Metrics({"ingest": stats})
    stats.readings, stats.commit_s, stats.connected = 7, 1.5, True
    text = metrics.exposition().decode()
    assert "lifeline_ingest_readings_total 7.0" in text
    assert "lifeline_ingest_commit_seconds 1.5" in text
    assert "lifeline_ingest_connected 1.0" in text
    assert "# TYPE lifeline_ingest_readings_total counter" in text
    assert "process_resident_memory_bytes" in text


def test_two_processes_in_one_interpreter_do_not_share_metrics() -> None:
    first, second = Metrics({"ingest": Stats(readings=1)}), Metrics({"ingest": Stats(readings=2)})
    assert b"readings_total 1.0" in first.exposition()
    assert b"readings_total 2.0" in second.exposition()


@pytest.mark.parametrize(
    ("method", "path", "ready", "status"),
    [
        ("GET", "/live", False, HTTPStatus.OK),
        ("GET", "/ready", True, HTTPStatus.OK),
        ("GET", "/ready", False, HTTPStatus.SERVICE_UNAVAILABLE),
        ("GET", "/ready?verbose=1", True, HTTPStatus.OK),
        ("HEAD", "/metrics", True, HTTPStatus.OK),
        ("GET", "/", True, HTTPStatus.NOT_FOUND),
        ("POST", "/ready", True, HTTPStatus.METHOD_NOT_ALLOWED),
    ],
)
def test_answers(method: str, path: str, ready: bool, status: HTTPStatus) -> None:
    assert probe(ready=ready).answer(method, path).status is status


async def test_readiness_is_asked_of_the_process_itself_not_of_whoever_answers() -> None:
    async with serve_probe(probe(), "127.0.0.1", 0) as port:
        assert await ask_ready("127.0.0.1", port, 4711)
        assert not await ask_ready("127.0.0.1", port, 4712)
    assert not await ask_ready("127.0.0.1", port, 4711)


async def test_a_process_that_is_not_ready_says_so() -> None:
    async with serve_probe(probe(ready=False), "127.0.0.1", 0) as port:
        assert not await ask_ready("127.0.0.1", port, 4711)


async def exchange(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("request_bytes", [b"", b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"\xff" * 100_000, b" \r\n\r\n"])
async def test_nonsense_harms_nobody(request_bytes: bytes) -> None:
    async with serve_probe(probe(), "127.0.0.1", 0) as port:
        with suppress(ConnectionError):
            assert b" 200 " not in await exchange(port, request_bytes)
        assert (await exchange(port, b"GET /live HTTP/1.1\r\n\r\n")).endswith(b"live 4711\n")


async def test_a_head_request_gets_no_body() -> None:
    async with serve_probe(probe(), "127.0.0.1", 0) as port:
        answer = await exchange(port, b"HEAD /live HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")


async def test_a_port_that_is_taken_is_named() -> None:
    async with serve_probe(probe(), "127.0.0.1", 0) as port:
        with pytest.raises(HubError, match=f"127.0.0.1:{port}"):
            async with serve_probe(probe(), "127.0.0.1", port):
                pass
