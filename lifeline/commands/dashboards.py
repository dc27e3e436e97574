"""``lifeline dashboards``: the dashboards of Grafana, and the account that it reads with."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from dashboards.catalogue import CONSOLE, all_dashboards, write_dashboards
from dashboards.grafana import Difference, Grafana
from dashboards.reader import READER, grant_reader
from database.pool import connect
from lifeline.errors import HubError
from lifeline.reach import reach_database
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)
_Console = Annotated[str, typer.Option(help="Address of the duty console, which the dashboards link to")]


@app.command()
def build(folder: Annotated[Path, typer.Argument(help="Gets zh/ and en/")], console: _Console = CONSOLE) -> None:
    """Write the dashboards as JSON, for Grafana to read from files."""
    changed = write_dashboards(folder, console)
    for path in changed:
        typer.echo(path)
    typer.echo(f"{len(changed)} of {len(all_dashboards(console))} files written")


@app.command()
def push(console: _Console = CONSOLE) -> None:
    """Bring a running Grafana to these dashboards."""
    with _grafana() as grafana:
        _tell(grafana.push(all_dashboards(console)))


@app.command()
def diff(console: _Console = CONSOLE) -> None:
    """Show where a running Grafana differs; status 1 when it does."""
    with _grafana() as grafana:
        differences = grafana.compare(all_dashboards(console))
    for difference in differences:
        for line in difference.lines:
            typer.echo(line)
    _tell(differences)
    if any(difference.state != "same" for difference in differences):
        raise typer.Exit(1)


@app.command()
def reader() -> None:
    """Make the database account that Grafana reads with, or set its password anew; again after each migration."""
    settings = load_settings()
    if settings.reader_password is None:
        raise HubError("LIFELINE_READER_PASSWORD is not set: it becomes the password of Grafana's database account")
    with reach_database(settings) as url:
        asyncio.run(_grant(url, settings.reader_password.get_secret_value()))
    typer.echo(f"{READER} may read what the dashboards show")


async def _grant(url: str, password: str) -> None:
    connection = await connect(url, application="reader")
    try:
        await grant_reader(connection, password)
    finally:
        await connection.close()


def _grafana() -> Grafana:
    settings = load_settings()
    if settings.grafana_url is None or settings.grafana_token is None:
        raise HubError("set LIFELINE_GRAFANA_URL and LIFELINE_GRAFANA_TOKEN (the token of a service account)")
    return Grafana(settings.grafana_url, settings.grafana_token.get_secret_value())


def _tell(differences: list[Difference]) -> None:
    for difference in differences:
        typer.echo(f"{difference.state:<8}{difference.uid}")
