"""``lifeline key``: who may call the API."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from api.errors import ApiError
from api.keys import Role, add_key, revoke_key
from database.queries import load_queries
from lifeline.errors import HubError
from lifeline.reach import Result, on_pool
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)
_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_Name = Annotated[str, typer.Argument(help="Whose key it is; event records show it")]


@app.command()
def add(
    name: _Name,
    role: Annotated[Role, typer.Option(help="A viewer reads, an officer also acts, a device pushes messages")],
) -> None:
    """Make a key and print it: the only time that it can be seen, because only its SHA-256 is kept."""
    typer.echo(_on_pool(lambda pool: add_key(pool, name, role, datetime.now(UTC))))


@app.command()
def revoke(name: _Name) -> None:
    """End a key at once."""
    _on_pool(lambda pool: revoke_key(pool, name, datetime.now(UTC)))
    typer.echo(f"{name}: revoked")


@app.command("list")
def list_keys() -> None:
    """Show names, roles and times; the keys themselves are not kept."""
    table = Table("name", "role", "made", "revoked", box=None)
    for row in _on_pool(lambda pool: pool.fetch(_SQL.all_keys)):
        table.add_row(row["name"], row["role"], _when(row["created_at"]), _when(row["revoked_at"]))
    Console(soft_wrap=True).print(table)


def _when(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else "-"


def _on_pool(work: Callable[[asyncpg.Pool], Awaitable[Result]]) -> Result:
    try:
        return on_pool(load_settings(), "key", work)
    except ApiError as error:
        raise HubError(error.en) from error
