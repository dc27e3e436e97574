"""``lifeline rota``: who is on duty when, as iCalendar."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from dispatch import rota
from dispatch.rota import Shift, parse_calendar, save_shifts, shifts_between, write_calendar
from lifeline.errors import HubError
from lifeline.reach import audited, on_pool
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)


@app.command("import")
def import_calendar(file: Annotated[Path, typer.Argument(help="An iCalendar file, *.ics")]) -> None:
    """Take in shifts and leave: SUMMARY is the squad or contact by id, CATEGORIES may be leave, STATUS CANCELLED."""
    try:
        shifts = parse_calendar(file.read_bytes())
    except OSError as error:
        raise HubError(f"{file}: {error.strerror}") from error

    async def save(pool: asyncpg.Pool) -> None:
        async with audited(pool, "rota import") as connection:
            await save_shifts(connection, shifts)

    on_pool(load_settings(), "rota", save)
    called_off = sum(shift.called_off for shift in shifts)
    typer.echo(f"shifts: {len(shifts) - called_off}, called off: {called_off}")


@app.command()
def export(
    days: Annotated[int, typer.Option(min=1, max=366, help="From now on")] = 31,
) -> None:
    """Print the rota as iCalendar."""
    now = datetime.now(UTC)

    async def read(pool: asyncpg.Pool) -> list[Shift]:
        async with pool.acquire() as connection:
            return await shifts_between(connection, now, now + timedelta(days=days))

    typer.echo(write_calendar(on_pool(load_settings(), "rota", read), now).decode(), nl=False)


@app.command("hand-over")
def hand_over(
    uid: Annotated[str, typer.Argument(help="UID of the shift that ends, as in the iCalendar file")],
    by: Annotated[str, typer.Option(help="Who hands over")],
    note: Annotated[str, typer.Option(help="What the next shift has to know")] = "",
) -> None:
    """Note that a shift was handed over (交接班), and what was said; a shift is handed over once."""

    async def note_it(pool: asyncpg.Pool) -> None:
        async with audited(pool, "rota hand-over") as connection:
            await rota.hand_over(connection, uid, by, note, datetime.now(UTC))

    on_pool(load_settings(), "rota", note_it)
    typer.echo(f"{uid}: handed over")
