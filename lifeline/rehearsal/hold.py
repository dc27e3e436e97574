"""Holding a rehearsal: servers, a scratch database, progress, the report on the screen and in files."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lifeline.county import read_county
from lifeline.demonstration.report import clock_time, outcomes
from lifeline.errors import HubError
from lifeline.logs import configure
from lifeline.preparedness import read_preparedness
from lifeline.rehearsal.assess import assess_drill
from lifeline.rehearsal.live import hold_live
from lifeline.rehearsal.page import as_html
from lifeline.rehearsal.rehearse import Rehearsed, rehearse
from lifeline.scratch import scratch_database
from lifeline.settings import load_settings
from lifeline.supervisor import embedded_servers
from simulators.drill import Drill
from simulators.network import Delivery
from simulators.roster import read_roster

_PLAIN_WIDTH = 140  # of tables in a file or pipe


def check_files(*files: Path | None) -> None:
    """HubError when a report could not be written; better now than after the drill."""
    for file in files:
        if file is not None and not file.absolute().parent.is_dir():
            raise HubError(f"there is no folder {file.absolute().parent} to write {file.name} to")


def hold_rehearsal(
    drill: Drill,
    county: Path,
    *,
    seed: int,
    speed: float | None,
    json: Path | None,
    page: Path | None,
    recorded: Sequence[Delivery] | None = None,
) -> bool:
    """Rehearse ``drill`` and report; whether everything wanted happened.

    An earlier report in ``json`` is compared with before it is written over.
    """
    check_files(json, page)
    last = _read_last(json)
    with _folder() as folder, (folder / "hub.log").open("a", encoding="utf-8") as log:
        settings = load_settings().model_copy(update={"data_dir": folder})
        configure("error", as_json=settings.log_json, process="drill", stream=log)
        with (
            embedded_servers(settings, durable=False) as servers,
            scratch_database(servers.known.database, "drill") as database_url,
            _progress(drill) as progress,
        ):
            rehearsed = uvloop.run(
                rehearse(
                    drill,
                    read_county(county),
                    read_preparedness(county),
                    read_roster(county / "sensors.csv"),
                    database_url=database_url,
                    broker=servers.known.broker,
                    seed=seed,
                    speed=speed,
                    look=lambda at_s: progress.update(progress.task_ids[0], completed=at_s),
                    recorded=recorded,
                )
            )
    return _report(rehearsed, assess_drill(rehearsed, last), json, page)


def hold_live_drill(
    drill: Drill,
    county: Path,
    *,
    seed: int,
    squads: Sequence[str],
    people: Sequence[str],
    channels: Sequence[str],
    json: Path | None,
    page: Path | None,
) -> bool:
    """Hold ``drill`` live on the hub that the settings name, and report as ``hold_rehearsal`` does."""
    check_files(json, page)
    last = _read_last(json)
    settings = load_settings()
    with _progress(drill) as progress:
        held, assessed = uvloop.run(
            hold_live(
                drill,
                county,
                settings,
                seed=seed,
                squads=squads,
                people=people,
                channels=channels,
                last=last,
                look=lambda at_s: progress.update(progress.task_ids[0], completed=at_s),
            )
        )
    return _report(held, assessed, json, page)


def _report(rehearsed: Rehearsed, whole: dict[str, Any], json: Path | None, page: Path | None) -> bool:
    _tell(rehearsed, whole)
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n")
    if page is not None:
        page.write_text(as_html(whole), encoding="utf-8")
    return rehearsed.report.passed


def _read_last(file: Path | None) -> dict[str, Any] | None:
    if file is None or not file.exists():
        return None
    try:
        last = msgspec.json.decode(file.read_bytes())
    except msgspec.MsgspecError:
        return None
    return last if isinstance(last, dict) else None


def _tell(rehearsed: Rehearsed, whole: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, soft_wrap=True, width=_PLAIN_WIDTH)
    drill, report = rehearsed.drill, rehearsed.report
    console.print(f"演练报告 Drill report: {drill.title.zh} {drill.title.en}")
    if report.outcomes:
        console.print(outcomes(report.outcomes, now_s=None))
    for finding in whole["findings"]:
        console.print(f"· {finding['zh']}  {finding['en']}")
    counts = ", ".join(f"{name} {count}" for name, count in sorted(report.counts.items()))
    console.print(counts or "nothing happened")
    met = sum(outcome.met for outcome in report.outcomes)
    console.print(
        f"{met} of {len(report.outcomes)} wanted outcomes happened; {whole['score']} points; "
        f"{clock_time(drill.duration_s)} of drill time in {rehearsed.took_s:.1f} s"
    )


@contextmanager
def _folder() -> Iterator[Path]:
    # The database may run as another account than ours, which has to pass through.
    with tempfile.TemporaryDirectory(prefix="lifeline-drill-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def _progress(drill: Drill) -> Iterator[Progress]:
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(drill.title.en, total=max(drill.duration_s, drill.last_s))
        yield progress
