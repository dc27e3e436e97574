"""``lifeline demo``: the hub at work on a county's traffic and a gas leak."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lifeline.demonstration.display import Display
from lifeline.demonstration.guard import refuse_real_data
from lifeline.demonstration.interruption import Interruption, interruptible
from lifeline.demonstration.lines import Lines
from lifeline.demonstration.screen import Screen
from lifeline.demonstration.script import Script, read_script
from lifeline.demonstration.show import demonstrate, own_settings
from lifeline.errors import HubError
from lifeline.logs import configure
from lifeline.settings import Settings, load_settings
from lifeline.supervisor import embedded_servers

app = typer.Typer()
_INTERRUPTED = 130
_PLAIN_WIDTH = 120  # of tables in a file or pipe


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the drill; status 0 if what was wanted happened")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file after the drill")] = None,
) -> None:
    """Run a hub of its own, play the county's traffic and the gas-leak drill, and show what happens.

    The gas leak goes by much faster than it would. Without --once a second drill follows in real time.

    Servers that LIFELINE_BROKER_URL and LIFELINE_DATABASE_URL name are used, a database only when it is empty or
    holds an earlier demonstration.
    """
    if json is not None and not json.absolute().parent.is_dir():
        raise HubError(f"there is no folder {json.absolute().parent} to write {json.name} to")
    script = read_script()
    with interruptible() as interruption, _folder() as folder:
        passed = _run(script, own_settings(load_settings(), folder), interruption, once=once, json=json)
    if once and not passed:
        raise typer.Exit(_INTERRUPTED if passed is None else 1)


@contextmanager
def _folder() -> Iterator[Path]:
    # The database may run as another account than ours, which has to pass through.
    with tempfile.TemporaryDirectory(prefix="lifeline-demo-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def _run(
    script: Script, settings: Settings, interruption: Interruption, *, once: bool, json: Path | None
) -> bool | None:
    display = _display(script)
    with (settings.data_dir / "hub.log").open("a", encoding="utf-8") as log:
        configure(settings.log_level, as_json=settings.log_json, process="demo", stream=log)
        if settings.database_url is not None:
            asyncio.run(refuse_real_data(settings.database, script, datetime.now(UTC)))
        display.say("Lifeline is starting 正在启动 …")
        with embedded_servers(settings) as servers:
            playing = demonstrate(script, settings, servers.known, display, once=once, json=json)
            passed = asyncio.run(interruption.end_early(playing))
            if interruption.requested:
                display.say("Lifeline is stopping 正在停止 …")
            return passed


def _display(script: Script) -> Display:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no Chinese is no reason to stop
    console = Console(highlight=False, markup=False)
    zone = script.county.time_zone
    if console.is_terminal:
        return Screen(console, zone)
    return Lines(Console(highlight=False, markup=False, soft_wrap=True, width=_PLAIN_WIDTH), zone)
