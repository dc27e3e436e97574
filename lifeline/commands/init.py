"""``lifeline init``: load a county's grids, sensors and squads."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from database.pool import connect
from lifeline.county import County, Loaded, load_county, read_county
from lifeline.preparation import prepare
from lifeline.reach import reach_database
from lifeline.settings import load_settings

app = typer.Typer()


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder with grids.json, sensors.csv, squads.yaml, clocks.yaml")],
) -> None:
    """Load a county, or load it again after its files changed: nothing is removed, what differs is updated."""
    settings = load_settings()
    county = read_county(folder, settings.profile_folders)
    with reach_database(settings) as url:
        loaded = asyncio.run(_load(url, county))
    typer.echo(f"{county.name_en} {county.name_zh}")
    for what, count in (("grids", loaded.grids), ("sensors", loaded.sensors), ("squads", loaded.squads)):
        typer.echo(f"{what}: {count.total}, of which {count.changed} new or changed")


async def _load(url: str, county: County) -> Loaded:
    await prepare(url)
    connection = await connect(url, application="init")
    try:
        return await load_county(connection, county, datetime.now(UTC))
    finally:
        await connection.close()
