"""``lifeline drill``: the drills that there are, and one of them played on a hub of its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lifeline.county import read_county
from lifeline.demonstration.report import clock_time, outcomes
from lifeline.demonstration.script import COUNTY
from lifeline.errors import HubError
from lifeline.logs import configure
from lifeline.scratch import scratch_database
from lifeline.settings import load_settings
from lifeline.supervisor import embedded_servers
from simulators.drill import DRILLS, Drill, load_drill
from simulators.errors import DrillError
from simulators.roster import read_roster

app = typer.Typer(no_args_is_help=True)

_County = Annotated[Path, typer.Option(help="Folder of the county whose sensors and squads take part")]
_Name = Annotated[str, typer.Argument(help="A drill that ships, or a file of your own (.yaml)")]

_PLAIN_WIDTH = 140  # of tables in a file or pipe


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
    table = Table("name", "演练", "drill", "h:mm", "wanted", box=None)
    for path in found:
        one = load_drill(path, sensors)
        minutes = one.duration_s // 60
        length = f"{minutes // 60}:{minutes % 60:02}"
        table.add_row(one.name, one.title.zh, one.title.en, length, str(len(one.wanted)))
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
    sensors = read_roster(county / "sensors.csv")
    faults = 0
    for path in [_find(name) for name in files] if files else _shipped():
        try:
            load_drill(path, sensors)
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
    county: _County = COUNTY,
) -> None:
    """Rehearse a drill; status 0 only when everything wanted happened.

    It has a hub and a database of its own, on servers of its own or beside the data on those that LIFELINE_BROKER_URL
    and LIFELINE_DATABASE_URL name. The hub goes by the drill's time, so the outcome is the same at any speed.
    """
    for file in (json, report):
        if file is not None and not file.absolute().parent.is_dir():
            raise HubError(f"there is no folder {file.absolute().parent} to write {file.name} to")
    sensors = read_roster(county / "sensors.csv")
    whole = _rehearse(load_drill(_find(name), sensors), county, speed=speed, seed=seed, last=_read_last(json))
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n")
    if report is not None:
        from lifeline.rehearsal.page import as_html

        report.write_text(as_html(whole), encoding="utf-8")
    if not whole["passed"]:
        raise typer.Exit(1)


def _shipped() -> list[Path]:
    return sorted(DRILLS.glob("*.yaml"))


def _find(name: str) -> Path:
    path = Path(name) if name.endswith(".yaml") else DRILLS / f"{name}.yaml"
    if not path.is_file():
        names = ", ".join(path.stem for path in _shipped())
        raise DrillError(f"there is no drill {name}: name a file, or one of {names}")
    return path


def _read_last(file: Path | None) -> dict[str, Any] | None:
    if file is None or not file.exists():
        return None
    try:
        last = msgspec.json.decode(file.read_bytes())
    except msgspec.MsgspecError:
        return None
    return last if isinstance(last, dict) else None


def _rehearse(
    drill: Drill, county: Path, *, speed: float | None, seed: int | None, last: dict[str, Any] | None
) -> dict[str, Any]:
    # Read when it is needed: listing drills should not wait for the hub's rooms.
    from lifeline.rehearsal.assess import assess_drill
    from lifeline.rehearsal.rehearse import rehearse

    console = Console(stderr=True, highlight=False)
    with _folder() as folder, (folder / "hub.log").open("a", encoding="utf-8") as log:
        settings = load_settings().model_copy(update={"data_dir": folder})
        configure("error", as_json=settings.log_json, process="drill", stream=log)
        with (
            embedded_servers(settings, durable=False) as servers,
            scratch_database(servers.known.database, "drill") as database_url,
            _progress(console, drill) as progress,
        ):
            rehearsed = uvloop.run(
                rehearse(
                    drill,
                    read_county(county),
                    read_roster(county / "sensors.csv"),
                    database_url=database_url,
                    broker=servers.known.broker,
                    seed=drill.seed if seed is None else seed,
                    speed=speed,
                    look=lambda at_s: progress.update(progress.task_ids[0], completed=at_s),
                )
            )
    whole = assess_drill(rehearsed, last)
    out = Console(highlight=False, markup=False, soft_wrap=True)
    if not out.is_terminal:
        out = Console(highlight=False, markup=False, soft_wrap=True, width=_PLAIN_WIDTH)
    out.print(f"演练报告 Drill report: {drill.title.zh} {drill.title.en}")
    out.print(outcomes(rehearsed.report.outcomes, now_s=None))
    for finding in whole["findings"]:
        out.print(f"· {finding['zh']}  {finding['en']}")
    met = sum(outcome.met for outcome in rehearsed.report.outcomes)
    out.print(
        f"{met} of {len(rehearsed.report.outcomes)} wanted outcomes happened; {whole['score']} points; "
        f"{clock_time(drill.duration_s)} of drill time in {rehearsed.took_s:.1f} s"
    )
    return whole


@contextmanager
def _folder() -> Iterator[Path]:
    # The database may run as another account than ours, which has to pass through.
    with tempfile.TemporaryDirectory(prefix="lifeline-drill-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def _progress(console: Console, drill: Drill) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(drill.title.en, total=max(drill.duration_s, drill.last_s))
        yield progress
