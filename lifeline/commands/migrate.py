"""``lifeline migrate``: bring the database to this version."""

import asyncio

import typer

from api.access.accounts import FIRST_NAME
from database.engine import Care
from lifeline.preparation import Prepared, make_first_administrator, prepare
from lifeline.reach import reach_database
from lifeline.settings import load_settings

app = typer.Typer()


@app.command()
def migrate() -> None:
    """Run the migrations that have not run, make the reading tables, add the rules that changed."""
    settings = load_settings()
    with reach_database(settings) as url:
        done, password = asyncio.run(_bring(url, settings.care))
    typer.echo(f"readings in: {'TimescaleDB' if done.engine == 'timescaledb' else 'plain PostgreSQL'}")
    typer.echo(f"migrations run: {', '.join(done.migrations) or 'none, all are there'}")
    typer.echo(f"rules added: {', '.join(done.rules) or 'none, all are there'}")
    if password is not None:
        typer.echo(f"log in as {FIRST_NAME} with the one-time password {password}, shown this once")


async def _bring(url: str, care: Care) -> tuple[Prepared, str | None]:
    return await prepare(url, care), await make_first_administrator(url)
