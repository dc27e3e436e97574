"""``lifeline api``: answer requests."""

import asyncio
import gc
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, cast

import asyncpg
import httpx
import structlog
import typer
import uvicorn
from fastapi import FastAPI

from api.app import create_app, openapi_document
from api.console.door import Door
from api.ingress.intake import Intake
from api.stream.feed import Feed, sweep
from api.warnings.cap import Issuer
from api.webhooks.delivery import DeliveryStats, run_once
from api.webhooks.guard import Doors, parse_networks
from database.errors import PASSING
from database.listen import Listener
from database.pool import open_pool
from dispatch.publisher import Publisher
from lifeline.errors import HubError
from lifeline.patience import PatientProtocol
from lifeline.settings import Settings, load_settings
from lifeline.stage import LiveStage
from lifeline.wiring import Work, main

if TYPE_CHECKING:
    from api.access.oidc import Provider
    from api.access.roles import AccountRole

app = typer.Typer()
_FINISH_WITHIN_S = 5
_SWEEP_EVERY_S = 3600
_DELIVER_EVERY_S = 1
_GIVES_WAY = 5  # steps of niceness: on a machine that is full, readings and orders come before who looks at them
_SERIES_POOL_SIZE = 4
_FRAME_BYTES = 1_000_000  # of a WebSocket


@app.command()
def api(
    openapi: Annotated[bool, typer.Option("--openapi", help="Print the OpenAPI 3.1 description and end")] = False,
) -> None:
    """Answer requests over HTTP, until SIGTERM."""
    if openapi:
        typer.echo(json.dumps(openapi_document(), ensure_ascii=False, indent=2))
        return
    os.nice(_GIVES_WAY)
    main("api", load_settings(), build)


def _issuer(settings: Settings) -> Issuer:
    return Issuer(
        settings.warning_organisation, settings.warning_issuer_zh, settings.warning_issuer_en, settings.public_url
    )


def _provider(settings: Settings) -> "Provider | None":
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_client_secret is None:
        return None
    from api.access.oidc import Provider  # half a second to read

    pairs = [pair.partition("=") for pair in (settings.oidc_roles or "").split(",")]
    return Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        f"{settings.public_url}/api/v1/auth/oidc/callback",
        {word: cast("AccountRole", role) for word, _, role in pairs},
        settings.oidc_claim,
    )


async def _deliver(pool: asyncpg.Pool, doors: Doors, stats: DeliveryStats) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            more = False
            try:
                more = await run_once(pool, client, doors, datetime.now(UTC), stats)
            except PASSING as error:
                structlog.get_logger().warning("webhooks_wait", error=str(error) or type(error).__name__)
            await asyncio.sleep(0 if more else _DELIVER_EVERY_S)


async def _sweep(pool: asyncpg.Pool) -> None:
    while True:
        try:
            await sweep(pool, datetime.now(UTC))
        except PASSING as error:
            structlog.get_logger().warning("sweep_waits", error=str(error) or type(error).__name__)
        await asyncio.sleep(_SWEEP_EVERY_S)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell when requests are answered."""
        await super().startup(sockets)
        self.answers.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process, which stops everything in order."""
        yield


async def _open_console(app: FastAPI, door: Door, server: _Server, tiles: str) -> None:
    """Read the console's libraries once requests are answered, in a thread, so that they go on being answered."""
    await server.answers.wait()
    house = await asyncio.to_thread(import_module, "api.console.house")
    async with house.opened(app, tiles) as inside:
        door.inside = inside
        gc.freeze()
        structlog.get_logger().info("console_open")
        await asyncio.Event().wait()


async def build(settings: Settings, pool: asyncpg.Pool) -> Work:
    """The web server with the API on it, and where a broker is named, the connection that takes what is pushed."""
    listening = _listen(settings.api_host, settings.api_port)
    publisher = intake = None
    feed, doors, delivered = Feed(), Doors(parse_networks(settings.webhook_networks or "")), DeliveryStats()
    if settings.broker_url is not None:
        publisher = Publisher(settings.broker, client_id=f"{settings.client_id}-ingress")
        intake = Intake(publisher.deliver, settings.format_names, settings.ingress_prefix)
    door, stage = Door(), None if settings.broker_url is None else LiveStage()
    series_pool = await open_pool(settings.database, application="api", size=_SERIES_POOL_SIZE)
    app = create_app(
        pool,
        intake=intake,
        feed=feed,
        issuer=_issuer(settings),
        doors=doors,
        onenet_token=settings.onenet_token.get_secret_value() if settings.onenet_token else None,
        tls=settings.api_tls_certificate is not None,
        console=door,
        provider=_provider(settings),
        stage=stage,
        series_pool=series_pool,
    )
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="websockets-sansio",
        ws_max_size=_FRAME_BYTES,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_FINISH_WITHIN_S,
        forwarded_allow_ips=settings.api_trusted_proxies,
        ssl_certfile=settings.api_tls_certificate,
        ssl_keyfile=settings.api_tls_key,
    )
    server = _Server(config)
    finished = asyncio.Event()

    async def run(listener: Listener) -> None:
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(feed.run(pool, listener), name="feed"),
                group.create_task(_sweep(pool), name="sweep"),
                group.create_task(_deliver(pool, doors, delivered), name="webhooks"),
                group.create_task(_open_console(app, door, server, settings.map_tiles_url or ""), name="console"),
            ]
            if publisher is not None:
                beside.append(group.create_task(publisher.run(), name="ingress connection"))
            try:
                await server.serve(sockets=[listening])
            finally:
                finished.set()
                if stage is not None:
                    await stage.close()
                series_pool.terminate()
                for task in beside:
                    task.cancel()

    async def close() -> None:
        server.should_exit = True
        feed.end_all()
        await finished.wait()

    stats: dict[str, Any] = {"stream": feed.stats, "webhook": delivered}
    if intake is not None:
        stats["ingress"] = intake.stats
    return Work(run, lambda: server.started, close, stats)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise HubError(
            f"can't listen on {host}:{port}: {error.strerror or error}; set LIFELINE_API_HOST, LIFELINE_API_PORT"
        ) from error
