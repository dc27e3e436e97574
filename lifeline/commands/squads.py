"""``lifeline squads``: who can be sent, how each squad stands, and taking one out of service."""

from datetime import UTC, datetime
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from dispatch.squads import POSITION_HOLDS, Roster, Squad, load_roster, set_service, standing
from lifeline.reach import audited, on_pool
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)

_Squad = Annotated[str, typer.Argument(help="As `lifeline squads list` shows it")]


@app.command("list")
def list_squads() -> None:
    """Show every squad: skills, how it stands, its open tasks, and how old its last position is."""
    now = datetime.now(UTC)

    async def read(pool: asyncpg.Pool) -> Roster:
        async with pool.acquire() as connection:
            return await load_roster(connection, now)

    roster = on_pool(load_settings(), "squads", read)
    table = Table("squad", "队伍", "skills", "stands", "tasks", "position", box=None)
    for squad in roster.squads:
        tasks = roster.engaged.get(squad.squad_id, ())
        how = standing(squad, tasks, now)
        table.add_row(
            squad.squad_id,
            squad.name_zh,
            " ".join(sorted(squad.skills)),
            f"{how}: {squad.out_reason}" if how == "out_of_service" else how,
            " ".join(str(task.task_id) for task in tasks),
            _seen(squad, now),
        )
    Console(soft_wrap=True, highlight=False).print(table)


def _seen(squad: Squad, now: datetime) -> str:
    if squad.seen_at is None:
        return "home"
    age = now - squad.seen_at
    return f"{age.total_seconds() / 60:.0f} min ago{', stale: home' if age > POSITION_HOLDS else ''}"


@app.command()
def out(squad: _Squad, reason: Annotated[str, typer.Option(help="Why, as: no vehicle")]) -> None:
    """Take a squad out of service: others are sent on what it hasn't begun, and it is not asked until it is back."""
    _set(squad, reason)
    typer.echo(f"{squad}: out of service")


@app.command()
def back(squad: _Squad) -> None:
    """Put a squad back into service."""
    _set(squad, None)
    typer.echo(f"{squad}: in service")


def _set(squad: str, out_for: str | None) -> None:
    async def change(pool: asyncpg.Pool) -> None:
        async with audited(pool, "squads out" if out_for is not None else "squads back") as connection:
            await set_service(connection, squad, out_for, datetime.now(UTC))

    on_pool(load_settings(), "squads", change)
