"""``lifeline review``: an incident after the action, and the key figures of many."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import asyncpg
import msgspec
import typer

from api.console.event_words import in_both
from dispatch import review as after_action
from dispatch.kpis import DEFINITIONS, By, Figures, figures
from lifeline.errors import HubError
from lifeline.reach import on_pool
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)


@app.command()
def incident(
    incident_id: Annotated[int, typer.Argument(min=1, help="Its number")],
    html: Annotated[Path | None, typer.Option(help="Write a page with the plot to this file")] = None,
) -> None:
    """Print an incident's key times, timeline, decisions and readings as JSON."""

    async def read(pool: asyncpg.Pool) -> after_action.Review:
        async with pool.acquire() as connection:
            return await after_action.review(connection, incident_id, datetime.now(UTC))

    found = on_pool(load_settings(), "review", read)
    if html is None:
        typer.echo(after_action.write_json(found).decode())
        return
    try:
        html.write_text(after_action.write_page(found, in_both), encoding="utf-8")
    except OSError as error:
        raise HubError(f"{html}: {error.strerror}") from error


@app.command()
def kpis(
    days: Annotated[int, typer.Option(min=1, help="Incidents opened within these days")] = 30,
    by: Annotated[By, typer.Option(help="What to group by")] = "all",
) -> None:
    """Print key figures with their definitions as JSON; exercises are not counted."""
    now = datetime.now(UTC)

    async def read(pool: asyncpg.Pool) -> list[Figures]:
        async with pool.acquire() as connection:
            return await figures(connection, now - timedelta(days=days), now, by)

    found = {"definitions": DEFINITIONS, "figures": on_pool(load_settings(), "review", read)}
    typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
