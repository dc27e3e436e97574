"""``lifeline bench``: what the road carries on this machine."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lifeline.bench.alerts import bench_alerts
from lifeline.bench.api import bench_api
from lifeline.bench.console import bench_console
from lifeline.bench.decode import bench_decode
from lifeline.bench.ingest import bench_ingest
from lifeline.bench.servers import bench_servers
from lifeline.bench.year import bench_year
from lifeline.settings import load_settings
from lifeline.supervisor import embedded_servers

app = typer.Typer()

_Json = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file")]


@app.callback()
def bench() -> None:
    """What the road carries on this machine, on the servers that the settings name, else on embedded ones."""


@app.command()
def ingest(
    seconds: Annotated[float, typer.Option(min=1, help="How long each rate is measured")] = 10,
    json_file: _Json = None,
) -> None:
    """Messages per second on the whole road, beside what its parts could do; latency; memory."""
    console = Console(stderr=True, highlight=False)
    with embedded_servers(load_settings()) as embedded:
        known = embedded.known
        broker_url = known.broker_url
        assert broker_url is not None
        with bench_servers(known.database, broker_url.get_secret_value()) as servers:
            figures = bench_ingest(servers, seconds, console.print).as_json()
    _show(figures, json_file)


@app.command()
def api(
    seconds: Annotated[float, typer.Option(min=1, help="How long each rate is measured")] = 10,
    interval: Annotated[int, typer.Option(min=60, help="Seconds between the readings of the year")] = 3600,
    json_file: _Json = None,
) -> None:
    """Times of answers over a year of data while messages come in, and what 500 listeners cost the road."""
    console = Console(stderr=True, highlight=False)
    with embedded_servers(load_settings()) as embedded:
        known = embedded.known
        broker_url = known.broker_url
        assert broker_url is not None
        with bench_servers(known.database, broker_url.get_secret_value()) as servers:
            figures = bench_api(servers, seconds, interval, console.print).as_json()
    _show(figures, json_file)


@app.command()
def console(
    seconds: Annotated[float, typer.Option(min=1, help="How long each window lasts")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="How often a window with consoles follows one without")] = 5,
    json_file: _Json = None,
) -> None:
    """What ten open consoles cost the road with 500 open incidents and 50 changes a second, and how quick they are."""
    shown = Console(stderr=True, highlight=False)
    with embedded_servers(load_settings()) as embedded:
        known = embedded.known
        broker_url = known.broker_url
        assert broker_url is not None
        with bench_servers(known.database, broker_url.get_secret_value()) as servers:
            figures = bench_console(servers, seconds, rounds, shown.print)
    _show(figures, json_file)


@app.command()
def alerts(json_file: _Json = None) -> None:
    """Time per reading and memory per sensor of the alert engine, as sensors and open hazards grow."""
    console = Console(stderr=True, highlight=False)
    with embedded_servers(load_settings()) as embedded:
        known = embedded.known
        broker_url = known.broker_url
        assert broker_url is not None
        with bench_servers(known.database, broker_url.get_secret_value()) as servers:
            table = bench_alerts(servers, console.print)
    _show({"alerts": table}, json_file)


@app.command()
def year(
    sensors: Annotated[int, typer.Option(min=8, help="How many sensors, in the shares of a county")] = 1000,
    days: Annotated[int, typer.Option(min=15, max=400, help="How long they report")] = 365,
    json_file: _Json = None,
) -> None:
    """Bytes per reading and the time of every dashboard's queries, with a year of simulated readings.

    The whole year takes about 20 minutes and 10 GB on the database's server; fewer days are the same by the day.
    """
    console = Console(stderr=True, highlight=False)
    with embedded_servers(load_settings()) as embedded:
        known = embedded.known
        broker_url = known.broker_url
        assert broker_url is not None
        with bench_servers(known.database, broker_url.get_secret_value()) as servers:
            figures = bench_year(servers, sensors, days, console.print)
    _show(figures, json_file)


@app.command()
def decode(
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each rate is measured")] = 3,
    json_file: _Json = None,
) -> None:
    """Messages per second from bytes to rows in one process, without broker and database."""
    _show(bench_decode(seconds).as_json(), json_file)


def _show(figures: Mapping[str, Any], json_file: Path | None) -> None:
    shown = json.dumps(figures, indent=2)
    if json_file is not None:
        json_file.write_text(shown + "\n", encoding="utf-8")
    Console(highlight=False).print(shown)
