"""``lifeline init``: load a county's grids, sensors, squads and plans."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from database.pool import connect
from dispatch.planbook import adopt
from dispatch.plans import Plan, read_plans
from lifeline.county import County, Loaded, load_county, read_county
from lifeline.preparation import prepare
from lifeline.reach import reach_database
from lifeline.settings import load_settings

app = typer.Typer()


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder with grids.json, sensors.csv, squads.yaml, plans/")],
) -> None:
    """Load a county, or load it again after its files changed: nothing is removed, what differs is updated."""
    settings = load_settings()
    county = read_county(folder, settings.profile_folders)
    plans = read_plans(folder / "plans")
    with reach_database(settings) as url:
        loaded, in_force, proposed = asyncio.run(_load(url, county, plans))
    typer.echo(f"{county.name_en} {county.name_zh}")
    for what, count in (("grids", loaded.grids), ("sensors", loaded.sensors), ("squads", loaded.squads)):
        typer.echo(f"{what}: {count.total}, of which {count.changed} new or changed")
    typer.echo(f"plans: {len(plans)}, of which {len(in_force)} new")
    for name in proposed:
        typer.echo(f"plan {name} is proposed: in force after `lifeline plans approve {name} --by NAME`")


async def _load(url: str, county: County, plans: Sequence[Plan]) -> tuple[Loaded, list[str], list[str]]:
    await prepare(url)
    connection = await connect(url, application="init")
    now = datetime.now(UTC)
    try:
        loaded = await load_county(connection, county, now)
        return loaded, *await adopt(connection, plans, now)
    finally:
        await connection.close()
