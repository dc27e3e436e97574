"""Clients that take their time are hung up on; others are not."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from lifeline.patience import PatientProtocol

WITHIN_S = 20


class Hasty(PatientProtocol):
    """The same with less patience."""

    head_within_s = 0.2
    stalls_for_s = 0.2


async def _flood() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 100_000
        await asyncio.sleep(0)


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[int, uvicorn.Server]]:
    app = FastAPI()

    @app.get("/flood")
    async def flood() -> StreamingResponse:
        return StreamingResponse(_flood())

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    @app.get("/")
    async def hello() -> str:
        return "hello"

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, http=Hasty, ws="none", log_config=None))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield listening.getsockname()[1], server
        finally:
            server.should_exit = True
            await task


async def test_half_a_head_is_not_waited_for() -> None:
    async with serving() as (port, _):
        for sent in (b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow:"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            async with asyncio.timeout(WITHIN_S):
                assert await reader.read() == b""
            writer.close()


@pytest.mark.parametrize(
    "begin",
    [
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
    ],
    ids=["head", "trailers"],
)
async def test_a_head_without_end_is_not_kept(begin: bytes) -> None:
    async with serving() as (port, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        reading = asyncio.create_task(_read_all(reader))
        writer.write(begin)
        async with asyncio.timeout(WITHIN_S):
            sent_bytes = await _go_on_while_heard(writer)
            await reading
            while server.server_state.connections:
                await asyncio.sleep(0.01)
        assert sent_bytes < 20_000_000  # what two sockets hold, not what a patient client has
        writer.close()


async def test_a_long_body_in_many_pieces_is_no_long_head() -> None:
    async with serving() as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"2\r\nab\r\n" * 50_000 + b"0\r\n\r\n")
        async with asyncio.timeout(WITHIN_S):
            assert (await reader.readuntil(b"100000")).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_body_comes_whole_with_an_offer_of_http_2() -> None:
    async with serving() as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /length HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAEAAEAAAAIAAAAB\r\nContent-Length: 5\r\n\r\nab"
        )
        await asyncio.sleep(0)
        writer.write(b"cde")
        async with asyncio.timeout(WITHIN_S):
            assert (await reader.readuntil(b"\r\n\r\n5")).startswith(b"HTTP/1.1 200")
        writer.close()


async def _go_on_while_heard(writer: asyncio.StreamWriter) -> int:
    line = b"X-More: " + b"y" * 1000 + b"\r\n"
    sent_bytes = 0
    with suppress(ConnectionError):
        while True:
            writer.write(line)
            await writer.drain()
            sent_bytes += len(line)
    return sent_bytes


async def _read_all(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(1_000_000):
            pass


async def test_who_asks_in_time_is_answered_again_and_again() -> None:
    async with serving() as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(WITHIN_S):
                assert (await reader.readuntil(b'"hello"')).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_who_reads_nothing_is_hung_up_on() -> None:
    async with serving() as (port, server):
        loop = asyncio.get_running_loop()
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", port))
            await loop.sock_sendall(client, b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(WITHIN_S):
                while not server.server_state.connections:
                    await asyncio.sleep(0.01)
                while server.server_state.connections:
                    await asyncio.sleep(0.01)
