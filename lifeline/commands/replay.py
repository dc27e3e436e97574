"""``lifeline replay``: a past event once more, as an exercise."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from lifeline.county import read_county
from lifeline.demonstration.script import COUNTY
from lifeline.errors import HubError
from lifeline.rehearsal.hold import check_files, hold_rehearsal
from lifeline.rehearsal.past import drill_of_past, read_past
from lifeline.settings import load_settings
from simulators.roster import read_roster

app = typer.Typer()


@app.command()
def replay(
    begin: Annotated[str, typer.Option("--from", help="First moment, such as 2026-06-12T14:00; local without offset")],
    to: Annotated[str, typer.Option(help="Last moment, likewise")],
    speed: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds of then in a second; as fast as it goes when not given")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the report to this file")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report with plots to this HTML file")] = None,
    county: Annotated[Path, typer.Option(help="Folder of the county")] = COUNTY,
) -> None:
    """Send the stored readings of a past event through a hub of today's rules, with virtual squads.

    They are read from the database that LIFELINE_DATABASE_URL names; everything else happens on a scratch database.
    """
    check_files(json, report)
    zone = read_county(county).time_zone
    start, end = (_moment(text, name) for text, name in ((begin, "--from"), (to, "--to")))
    start, end = (moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone) for moment in (start, end))
    if start >= end:
        raise HubError("--from must be before --to")
    past = asyncio.run(read_past(load_settings().database, start, end))
    drill = drill_of_past(past, start, end, read_roster(county / "sensors.csv"))
    hold_rehearsal(drill, county, seed=0, speed=speed, json=json, page=report, recorded=past)


def _moment(text: str, name: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise HubError(f"{name} {text!r} is no time: write it like 2026-06-12T14:00") from error
