"""``lifeline doctor``: what is wrong with this hub, and what to do about it."""

import asyncio
from datetime import UTC, datetime

import typer
from rich.console import Console

from lifeline.diagnosis import look
from lifeline.settings import load_settings

app = typer.Typer()
_STYLES = {"ok": "green", "warning": "yellow", "bad": "red"}


@app.command()
def doctor() -> None:
    """Check settings, servers, clocks, disk, certificate, schema and processes; status 1 when something is bad."""
    findings = asyncio.run(look(load_settings(), datetime.now(UTC)))
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        console.print(f"[{_STYLES[finding.state]}]{finding.state:<8}[/]", end="")
        console.print(finding.what, markup=False)
        if finding.remedy:
            console.print(f"        → {finding.remedy}", markup=False)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)
