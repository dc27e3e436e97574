"""``lifeline restore``: bring an empty database to a backup."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from lifeline.backup import restore as restore_into
from lifeline.reach import reach_database
from lifeline.settings import load_settings

app = typer.Typer()


@app.command()
def restore(path: Annotated[Path, typer.Argument(help="A file of `lifeline backup`")]) -> None:
    """Bring an empty database to a backup; then run `lifeline migrate` and `lifeline dashboards reader`."""
    with reach_database(load_settings()) as url:
        asyncio.run(restore_into(url, path))
    typer.echo("restored: run `lifeline migrate` and `lifeline dashboards reader` before the hub starts")
