"""``lifeline drill``: the drills that there are, and one of them played on a hub of its own."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lifeline.demonstration.script import COUNTY
from lifeline.errors import HubError
from simulators.drill import DRILLS, load_drill
from simulators.errors import DrillError
from simulators.roster import read_roster

app = typer.Typer(no_args_is_help=True)

_County = Annotated[Path, typer.Option(help="Folder of the county whose sensors and squads take part")]
_Name = Annotated[str, typer.Argument(help="A drill that ships, or a file of your own (.yaml)")]


@app.callback()
def drill() -> None:
    """Drills: what can be rehearsed, and rehearsing it."""


@app.command("list")
def list_drills(
    names: Annotated[bool, typer.Option("--names", help="Bare names, one a line")] = False, county: _County = COUNTY
) -> None:
    """List the drills that ship."""
    found = _shipped()
    if names:
        for path in found:
            typer.echo(path.stem)
        return
    sensors = read_roster(county / "sensors.csv")
    table = Table("drill", "演练 title", "h:mm", "wanted", box=None)
    for path in found:
        one = load_drill(path, sensors)
        minutes = one.duration_s // 60
        length = f"{minutes // 60}:{minutes % 60:02}"
        table.add_row(one.name, f"{one.title.zh}\n{one.title.en}", length, str(len(one.wanted)))
    Console(highlight=False).print(table)


@app.command()
def show(name: _Name, county: _County = COUNTY) -> None:
    """Show what a drill does and wants."""
    path = _find(name)
    load_drill(path, read_roster(county / "sensors.csv"))
    typer.echo(path.read_text(encoding="utf-8"), nl=False)


@app.command()
def check(
    files: Annotated[list[str] | None, typer.Argument(help="Names or files; all that ship when none is given")] = None,
    county: _County = COUNTY,
) -> None:
    """Check drills against the county; status 1 when one of them can't be played."""
    from lifeline.rehearsal.casting import load_cast

    faults = 0
    for path in [_find(name) for name in files] if files else _shipped():
        try:
            load_cast(path, county)
            typer.echo(f"{path.stem}: good")
        except DrillError as error:
            faults += 1
            typer.echo(str(error))
    if faults:
        raise typer.Exit(1)


@app.command()
def run(
    name: _Name,
    speed: Annotated[
        float | None, typer.Option(min=0.1, help="Drill seconds in a second; as fast as it goes when not given")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed than the drill's own")] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the report to this file; an earlier report there is compared with")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report with plots to this HTML file")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="On the running hub that the settings name, with real squads and real clocks")
    ] = False,
    squad: Annotated[
        list[str] | None, typer.Option(help="A squad that takes part in a live drill; all when none is named")
    ] = None,
    person: Annotated[
        list[str] | None, typer.Option(help="A contact who is told in a live drill; nobody when none is named")
    ] = None,
    channel: Annotated[
        list[str] | None, typer.Option(help="A channel on which they are told; all of theirs when none is named")
    ] = None,
    county: _County = COUNTY,
) -> None:
    """Rehearse a drill; status 0 only when everything wanted happened.

    It has a hub and a database of its own, on servers of its own or beside the data on those that LIFELINE_BROKER_URL
    and LIFELINE_DATABASE_URL name. The hub goes by the drill's time, so the outcome is the same at any speed.
    """
    # Listing drills should not wait for the hub's rooms.
    from lifeline.rehearsal.casting import load_cast
    from lifeline.rehearsal.hold import hold_live_drill, hold_rehearsal

    found = load_cast(_find(name), county)
    chosen = found.seed if seed is None else seed
    if live:
        if speed not in (None, 1.0):
            raise HubError("a live drill goes by the real clock: leave --speed out")
        passed = hold_live_drill(
            found,
            county,
            seed=chosen,
            squads=squad or (),
            people=person or (),
            channels=channel or (),
            json=json,
            page=report,
        )
        raise typer.Exit(0 if passed else 1)
    if not hold_rehearsal(found, county, seed=chosen, speed=speed, json=json, page=report):
        raise typer.Exit(1)


def _shipped() -> list[Path]:
    return sorted(DRILLS.glob("*.yaml"))


def _find(name: str) -> Path:
    path = Path(name) if name.endswith(".yaml") else DRILLS / f"{name}.yaml"
    if not path.is_file():
        names = ", ".join(path.stem for path in _shipped())
        raise DrillError(f"there is no drill {name}: name a file, or one of {names}")
    return path
