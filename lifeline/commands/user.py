"""``lifeline user``: the persons that may log in."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from api.access.accounts import NAME_PATTERN, Details, add_account, change_account, find_account, reset_password
from api.access.roles import AccountRole
from api.errors import ApiError
from database.pool import Connection
from database.queries import load_queries
from lifeline.errors import HubError
from lifeline.reach import Result, audited, on_pool
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)
_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_Name = Annotated[str, typer.Argument(help=f"The name to log in with: {NAME_PATTERN}")]


@app.command()
def add(
    name: _Name,
    role: Annotated[AccountRole, typer.Option(help="What this person may do; a squad's member needs --squad")],
    squad: Annotated[str | None, typer.Option(help="Whose tasks a squad's member sees")] = None,
    full_name: Annotated[str, typer.Option(help="The person's name, for others to read")] = "",
) -> None:
    """Add a user and print the one-time password, to be replaced at the first log-in."""
    details = Details(role, full_name, squad)
    typer.echo(_change("user add", lambda connection: add_account(connection, name, details, datetime.now(UTC))))


@app.command()
def passwd(name: _Name) -> None:
    """Print a new one-time password; all of the user's sessions end and a lock is lifted."""
    typer.echo(_change("user passwd", lambda connection: reset_password(connection, name, datetime.now(UTC))))


@app.command()
def disable(name: _Name) -> None:
    """Log a user out everywhere and let them in no more."""

    async def end(connection: Connection) -> None:
        row = await find_account(connection, name)
        details = Details(row["role"], row["full_name"], row["squad_id"], disabled=True)
        await change_account(connection, name, details, datetime.now(UTC))

    _change("user disable", end)
    typer.echo(f"{name}: disabled")


@app.command("list")
def list_users() -> None:
    """Show names, roles and whether they may log in."""
    table = Table("name", "full name", "role", "squad", "state", box=None)
    for row in _on_pool(lambda pool: pool.fetch(_SQL.all_accounts)):
        state = "disabled" if row["disabled_at"] else "one-time password" if row["must_change_password"] else "active"
        table.add_row(row["name"], row["full_name"], row["role"], row["squad_id"] or "-", state)
    Console(soft_wrap=True, markup=False).print(table)


def _change(action: str, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    async def on_connection(pool: asyncpg.Pool) -> Result:
        async with audited(pool, action) as connection:
            return await work(connection)

    return _on_pool(on_connection)


def _on_pool(work: Callable[[asyncpg.Pool], Awaitable[Result]]) -> Result:
    try:
        return on_pool(load_settings(), "user", work)
    except asyncpg.CheckViolationError as error:
        raise HubError(f"a user's name has to match {NAME_PATTERN}") from error
    except ApiError as error:
        raise HubError(error.en) from error
