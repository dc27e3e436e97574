"""``lifeline key``: who may call the API."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from api.access.keys import add_key, revoke_key
from api.access.roles import KeyRole
from api.errors import ApiError
from database.queries import load_queries
from lifeline.errors import HubError
from lifeline.reach import Result, audited, on_pool
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)
_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_Name = Annotated[str, typer.Argument(help="Whose key it is; event records show it")]


@app.command()
def add(
    name: _Name,
    role: Annotated[KeyRole, typer.Option(help="A viewer reads, an officer also acts, a device pushes messages")],
    scope: Annotated[list[str] | None, typer.Option(help="A tag of the API, as readings; again for several")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="After how many days it ends by itself")] = None,
) -> None:
    """Make a key and print it: the only time that it can be seen, because only its SHA-256 is kept."""
    now = datetime.now(UTC)

    async def make(pool: asyncpg.Pool) -> str:
        async with audited(pool, "key add") as connection:
            ends = None if days is None else now + timedelta(days=days)
            return await add_key(connection, name, role, now, scopes=tuple(scope or ()), expires_at=ends)

    typer.echo(_on_pool(make))


@app.command()
def revoke(name: _Name) -> None:
    """End a key at once."""

    async def end(pool: asyncpg.Pool) -> None:
        async with audited(pool, "key revoke") as connection:
            await revoke_key(connection, name, datetime.now(UTC))

    _on_pool(end)
    typer.echo(f"{name}: revoked")


@app.command("list")
def list_keys() -> None:
    """Show names, roles and times; the keys themselves are not kept."""
    table = Table("name", "role", "scopes", "made", "ends", "revoked", box=None)
    for row in _on_pool(lambda pool: pool.fetch(_SQL.all_keys)):
        times = [_when(row[column]) for column in ("created_at", "expires_at", "revoked_at")]
        table.add_row(row["name"], row["role"], ", ".join(row["scopes"]) or "-", *times)
    Console(soft_wrap=True).print(table)


def _when(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else "-"


def _on_pool(work: Callable[[asyncpg.Pool], Awaitable[Result]]) -> Result:
    try:
        return on_pool(load_settings(), "key", work)
    except ApiError as error:
        raise HubError(error.en) from error
