"""``lifeline init``: load a county: what stands where, who can be sent, and what is prepared."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from database.engine import Care
from database.pool import connect
from lifeline.county import County, Loaded, load_county, read_county
from lifeline.preparation import prepare
from lifeline.preparedness import Prepared, Preparedness, check_grid_duty, load_preparedness, read_preparedness
from lifeline.reach import reach_database
from lifeline.settings import load_settings

app = typer.Typer()


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder with grids.json, sensors.csv, squads.yaml, plans/ …")],
) -> None:
    """Load a county, or load it again after its files changed: nothing is removed, what differs is updated."""
    settings = load_settings()
    county = read_county(folder, settings.profile_folders)
    prepared = read_preparedness(folder)
    check_grid_duty(prepared.contacts, [grid.grid_id for grid in county.grids])
    with reach_database(settings) as url:
        loaded, done = asyncio.run(_load(url, county, prepared, settings.care))
    typer.echo(f"{county.name_en} {county.name_zh}")
    for what, count in (("grids", loaded.grids), ("sensors", loaded.sensors), ("squads", loaded.squads)):
        typer.echo(f"{what}: {count.total}, of which {count.changed} new or changed")
    typer.echo(f"plans: {len(prepared.plans)}, of which {len(done.in_force)} new")
    for name in done.proposed:
        typer.echo(f"plan {name} is proposed: in force after `lifeline plans approve {name} --by NAME`")


async def _load(url: str, county: County, prepared: Preparedness, care: Care) -> tuple[Loaded, Prepared]:
    await prepare(url, care)
    connection = await connect(url, application="init")
    now = datetime.now(UTC)
    try:
        loaded = await load_county(connection, county, now)
        return loaded, await load_preparedness(connection, prepared, now)
    finally:
        await connection.close()
