"""``lifeline up``: the whole hub with one command."""

import asyncio
from contextlib import suppress
from time import monotonic

import typer
from rich.console import Console

from ingest.broker import Broker
from lifeline.logs import configure
from lifeline.preparation import make_first_administrator
from lifeline.settings import ROLES, Settings, load_settings
from lifeline.supervisor import Servers, embedded_servers, running_hub
from lifeline.wiring import stop_signals

app = typer.Typer()


@app.command()
def up() -> None:
    """Run the whole hub, with a broker and a database of its own unless the settings name others."""
    started = monotonic()
    settings = load_settings()
    configure(settings.log_level, as_json=settings.log_json, process="up")
    with embedded_servers(settings) as servers:
        asyncio.run(_run(settings, servers, started))


async def _run(settings: Settings, servers: Servers, started: float) -> None:
    async with stop_signals() as stop:
        hub = asyncio.create_task(_stay(settings, servers, started), name="hub")
        signalled = asyncio.create_task(stop.wait(), name="signal")
        await asyncio.wait({hub, signalled}, return_when=asyncio.FIRST_COMPLETED)
        signalled.cancel()
        hub.cancel()  # a hub that is still starting can be stopped as well
        with suppress(asyncio.CancelledError):
            await hub


async def _stay(settings: Settings, servers: Servers, started: float) -> None:
    async with running_hub(servers.known):
        console = Console(soft_wrap=True, highlight=False, markup=False)
        for line in addresses(settings, servers.known):
            console.print(line)
        password = await make_first_administrator(servers.known.database)
        if password is not None:
            console.print(f"Log in as admin with the one-time password {password}, shown this once.")
        console.print(f"Ready after {monotonic() - started:.1f} s. Ctrl-C stops it.")
        await servers.keep()


def addresses(settings: Settings, known: Settings) -> list[str]:
    """Where everything is, for people, without passwords. ``known`` is ``settings`` with every address filled in."""
    broker: Broker = known.broker
    scheme = "mqtts" if broker.tls else "mqtt"
    site = f"{'http' if known.api_tls_certificate is None else 'https'}://{known.api_host}:{known.api_port}"
    host = known.database.rpartition("@")[2]
    kept = f" (password in {settings.data_dir / 'postgres.password'})" if settings.database_url is None else ""
    probes = ", ".join(f"{role} http://{known.probe_host}:{known.probe_port(role)}/metrics" for role in ROLES)
    return [
        f"API       {site}/api/v1",
        f"Console   {site}/console (squads: {site}/squad, everybody: {site}/public)",
        f"Broker    {scheme}://{broker.host}:{broker.port}",
        f"Database  postgresql://{host}{kept}",
        f"Metrics   {probes}",
    ]
