"""``lifeline backup``: dump the database into a file."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lifeline.backup import back_up, keep_latest
from lifeline.reach import reach_database
from lifeline.settings import load_settings

app = typer.Typer()


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Gets lifeline-TIME.dump")],
    keep: Annotated[int | None, typer.Option(min=1, help="Delete all backups there but this many latest ones")] = None,
) -> None:
    """Dump the database into a file while the hub goes on working."""
    with reach_database(load_settings()) as url:
        path = asyncio.run(back_up(url, folder, datetime.now(UTC)))
    typer.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    for old in keep_latest(folder, keep) if keep else ():
        typer.echo(f"{old}: deleted")
