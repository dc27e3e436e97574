"""`lifeline bench` gives every figure, on servers of its own too. What they should be is for a quiet machine."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from small_bench import CONSOLES, INCIDENTS, SENSORS

SMALL = (str(Path(__file__).with_name("small_bench.py")),)
RATES = ("hub_rate", "drain_rate", "copy_rate", "usual_rate")


def measured(*arguments: str, program: Sequence[str] = ("-m", "lifeline")) -> Any:
    """The figures of a benchmark on embedded servers."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")}
    # Not below pytest's folders, which are closed to the account that the database runs as.
    with tempfile.TemporaryDirectory(prefix="lifeline-bench-") as folder:
        figures_file = Path(folder) / "figures.json"
        ended = subprocess.run(
            [sys.executable, *program, "bench", *arguments, "--json", str(figures_file)],
            env={**others, "LIFELINE_DATA_DIR": str(Path(folder) / "data")},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return json.loads(figures_file.read_text())


@pytest.mark.timeout(320)
def test_every_figure_is_measured_on_embedded_servers() -> None:
    figures = measured("ingest", "--seconds", "1")
    assert all(figures[rate] > 0 for rate in RATES), figures
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"]
    assert figures["latency_ms"]["samples"] == 20
    assert figures["known_sensors"] == 100_000
    assert figures["peak_memory_bytes"] < 300e6


@pytest.mark.timeout(320)
def test_what_open_consoles_cost_is_measured() -> None:
    figures = measured("console", "--seconds", "1", "--rounds", "1", program=SMALL)
    for road in (figures["full"], figures["steady"]):
        assert min(road["rate_alone"], road["rate_open"]) > 0, road
        (seen,) = road["rounds"]
        assert seen["told_bytes_per_s"] > 0  # the consoles were told what changed
        assert min(seen["open"]["api_cores"], seen["open"]["clients_cores"]) > 0
        around = (seen["alone"]["rate"] + road["after"]["rate"]) / 2
        assert road["open_over_alone"] == pytest.approx(seen["open"]["rate"] / around)
    assert figures["steady"]["commit_ms_open"] > 0
    assert (figures["consoles"], figures["incidents"], figures["sensors"]) == (CONSOLES, INCIDENTS, SENSORS)
    assert min(figures["first_view_ms"], figures["visible_ms"]) > 0
