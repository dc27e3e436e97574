"""``lifeline dispatch``: send squads and hear from them."""

import asyncpg
import typer

from dispatch.channels import read_channels
from dispatch.service import build_service
from lifeline.settings import Settings, load_settings
from lifeline.wiring import Work, main

app = typer.Typer()


@app.command()
def dispatch() -> None:
    """Send squads and hear from them, until SIGTERM."""
    main("dispatch", load_settings(), build)


async def build(settings: Settings, pool: asyncpg.Pool) -> Work:
    """Dispatcher, outbox and receipts."""
    service = build_service(
        pool,
        settings.broker,
        prefix=settings.squads_prefix,
        client_id=f"{settings.client_id}-dispatch",
        channels=read_channels(settings.channels_file),
        page=f"{settings.public_url}/squad/link",
    )
    stats = {"dispatch": service.stats, "session": service.session.stats}
    return Work(service.run, lambda: service.ready, service.session.close, stats)
