"""``lifeline broker``: who may do what at Mosquitto."""

import csv
import os
from pathlib import Path
from typing import Annotated

import typer

from database.queries import load_queries
from lifeline.credentials import Account, Topics, accounts_of, acl_text, issue
from lifeline.errors import HubError
from lifeline.reach import on_pool
from lifeline.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True)
_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@app.callback()
def _about() -> None:
    """Accounts at the broker."""


@app.command()
def credentials(
    folder: Annotated[Path, typer.Argument(help="Gets passwords, acl and new.csv")],
    platform: Annotated[
        list[str] | None, typer.Option(help="NAME=TOPIC FILTER that a platform may publish to; may come again")
    ] = None,
) -> None:
    """Write Mosquitto's password and ACL files: a sensor may publish its readings, a squad read its orders and answer.

    Who has a password keeps it. What was made anew is added to new.csv, to be put into the devices; delete it then.
    Mosquitto reads the files again on SIGHUP.
    """
    settings = load_settings()
    accounts = accounts_of(_hub(settings)[0], *_registers(settings), _platforms(platform or []), _topics(settings))
    folder.mkdir(parents=True, exist_ok=True)
    passwords = folder / "passwords"
    before = passwords.read_text(encoding="utf-8") if passwords.exists() else ""
    issued = issue(accounts, _hub(settings)[1], before)
    if issued.new:
        # First of all: a password that is in force and that nobody knows would be lost.
        with open(folder / "new.csv", "a", encoding="utf-8", newline="", opener=_private) as file:
            csv.writer(file).writerows(issued.new.items())
    _replace(folder / "acl", acl_text(accounts))
    _replace(passwords, issued.passwords)
    typer.echo(f"{len(accounts)} accounts, of which {len(issued.new)} new")
    if issued.new:
        typer.echo(f"their passwords are in {folder / 'new.csv'}: put them into the devices, then delete it")


def _hub(settings: Settings) -> tuple[str, str]:
    broker = settings.broker
    if not broker.username or not broker.password:
        raise HubError("LIFELINE_BROKER_URL needs the hub's own name and password: mqtts://hub:PASSWORD@host:8883")
    return broker.username, broker.password


def _topics(settings: Settings) -> Topics:
    return Topics(settings.topic_prefix, settings.squads_prefix)


def _registers(settings: Settings) -> tuple[list[tuple[str, str]], list[str]]:
    sensors = on_pool(settings, "broker", lambda pool: pool.fetch(_SQL.sensors))
    squads = on_pool(settings, "broker", lambda pool: pool.fetch(_SQL.squads))
    return [(row["code"], row["kind"]) for row in sensors], [row["squad_id"] for row in squads]


def _platforms(options: list[str]) -> list[Account]:
    topics: dict[str, list[str]] = {}
    for option in options:
        name, given, topic = option.partition("=")
        if not (name and given and topic):
            raise HubError(f"--platform {option}: must look like chirpstack=application/#")
        topics.setdefault(name, []).append(topic)
    return [Account(name, tuple(filters)) for name, filters in topics.items()]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _replace(path: Path, text: str) -> None:
    """At once, so that Mosquitto never reads half a file."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with open(beside, "w", encoding="utf-8", opener=_private) as file:
        file.write(text)
    beside.replace(path)
