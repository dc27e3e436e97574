"""``lifeline api``: answer requests."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import typer
import uvicorn

from api.app import create_app
from api.ingress.intake import Intake
from database.listen import Listener
from dispatch.publisher import Publisher
from lifeline.errors import HubError
from lifeline.settings import Settings, load_settings
from lifeline.wiring import Work, main

app = typer.Typer()
_FINISH_WITHIN_S = 5


@app.command()
def api() -> None:
    """Answer requests over HTTP, until SIGTERM."""
    main("api", load_settings(), build)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process, which stops everything in order."""
        yield


async def build(settings: Settings, pool: asyncpg.Pool) -> Work:
    """The web server with the API on it, and where a broker is named, the connection that takes what is pushed."""
    listening = _listen(settings.api_host, settings.api_port)
    publisher = intake = None
    if settings.broker_url is not None:
        publisher = Publisher(settings.broker, client_id=f"{settings.client_id}-ingress")
        intake = Intake(publisher.deliver, settings.format_names, settings.ingress_prefix)
    config = uvicorn.Config(
        create_app(pool, intake=intake),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_FINISH_WITHIN_S,
    )
    server = _Server(config)
    finished = asyncio.Event()

    async def run(_: Listener) -> None:
        async with asyncio.TaskGroup() as group:
            connection = group.create_task(publisher.run(), name="ingress connection") if publisher else None
            try:
                await server.serve(sockets=[listening])
            finally:
                finished.set()
                if connection is not None:
                    connection.cancel()

    async def close() -> None:
        server.should_exit = True
        await finished.wait()

    stats = {"ingress": intake.stats} if intake is not None else {}
    return Work(run, lambda: server.started, close, stats)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise HubError(
            f"can't listen on {host}:{port}: {error.strerror or error}; set LIFELINE_API_HOST, LIFELINE_API_PORT"
        ) from error
