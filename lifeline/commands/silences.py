"""``lifeline silences``: keep hazards from calling squads out while work is going on."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from alerts import silences
from lifeline.reach import Result, on_pool
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)
_By = Annotated[str, typer.Option("--by", help="The person who answers for it")]
_WorkOrder = Annotated[str | None, typer.Option(help="Number of the work order")]


@app.callback()
def about() -> None:
    """Silences: hazards are recorded but call nobody out. Each ends by itself; what is still bad is then raised."""


@app.command()
def add(
    hours: Annotated[float, typer.Option(min=0.01, max=720, help="How long, from now on")],
    reason: Annotated[str, typer.Option(help="Why")],
    by: _By,
    sensor: Annotated[str | None, typer.Option(help="Code of a sensor")] = None,
    grid: Annotated[str | None, typer.Option(help="A grid")] = None,
    kind: Annotated[str | None, typer.Option(help="A kind of sensor")] = None,
    hazard_type: Annotated[str | None, typer.Option(help="Only hazards of this type")] = None,
    work_order: _WorkOrder = None,
    order: Annotated[int | None, typer.Option(help="Sensors on this work order of the hub, until it is done")] = None,
) -> None:
    """Silence what meets all that is given, from now on."""
    now = datetime.now(UTC)
    selector = silences.Selector(sensor, grid, kind, hazard_type, work_order, order)
    ends_at = now + timedelta(hours=hours)
    number = _on_pool(lambda pool: silences.add_silence(pool, selector, ends_at, reason, by, now))
    typer.echo(f"silence {number} until {ends_at.astimezone().isoformat(timespec='minutes')}")


@app.command()
def end(
    by: _By,
    number: Annotated[int | None, typer.Argument(help="Number of the silence, as listed")] = None,
    work_order: _WorkOrder = None,
) -> None:
    """End a silence, or those of a work order, before their time."""
    now = datetime.now(UTC)
    ended = _on_pool(lambda pool: silences.end_early(pool, by, now, silence_id=number, work_order=work_order))
    typer.echo(f"ended: {', '.join(map(str, ended))}")


@app.command("list")
def list_silences(over: Annotated[bool, typer.Option("--over", help="Those that are over, too")] = False) -> None:
    """Silences and the number of open hazards that each holds back."""
    now = datetime.now(UTC)
    rows = _on_pool(lambda pool: silences.listed(pool, now, over=over))
    names = ("sensor", "grid_id", "kind", "hazard_type", "work_order", "work_order_id")
    table = Table("number", "covers", "until", "hazards", "by", "reason")
    for row in rows:
        covers = ", ".join(f"{name} {row[name]}" for name in names if row[name] is not None)
        until = row["ends_at"].astimezone().isoformat(timespec="minutes")
        table.add_row(str(row["silence_id"]), covers, until, str(row["hazards"]), row["created_by"], row["reason"])
    Console(markup=False).print(table if rows else "Nothing is silenced.")


def _on_pool(work: Callable[[asyncpg.Pool], Awaitable[Result]]) -> Result:
    return on_pool(load_settings(), "silences", work)
