"""`lifeline drill`, `lifeline replay` and `lifeline simulate` as a person runs them."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import orjson
import pytest

from ingest.kinds import KINDS
from ingest.payload import DECODERS
from ingest.storage import copy_rows
from lifeline.county import load_county, read_county
from simulators.drill import DRILLS, load_drill
from simulators.fleet import Fleet
from simulators.roster import read_roster

REPOSITORY = Path(__file__).parents[2]
COUNTY = REPOSITORY / "counties" / "guangning"
NAMES = sorted(path.stem for path in DRILLS.glob("*.yaml"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where temporary folders are made; the database's account passes through."""
    with tempfile.TemporaryDirectory(prefix="lifeline-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def environment(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    """The session's servers; a scratch database beside the one named."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")}
    urls = {
        "LIFELINE_DATABASE_URL": request.getfixturevalue("database_url"),
        "LIFELINE_BROKER_URL": request.getfixturevalue("broker_url"),
    }
    return {**given, **urls, "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1", "TMPDIR": str(folder)}


def lifeline(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "lifeline", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)


def test_the_names_are_bare_and_each_drill_is_good(environment: dict[str, str]) -> None:
    assert lifeline(environment, "drill", "list", "--names").stdout.split() == NAMES
    assert len(NAMES) >= 12
    checked = lifeline(environment, "drill", "check")
    assert checked.returncode == 0
    assert checked.stdout.split("\n")[:-1] == [f"{name}: good" for name in NAMES]
    assert "seed: 15" in lifeline(environment, "drill", "show", "cover-stolen-at-night").stdout
    assert "深夜井盖被盗" in lifeline(environment, "drill", "list").stdout


def test_a_drill_is_run_with_a_report_and_compared_with_the_last_run(
    environment: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    file, page = tmp_path / "report.json", tmp_path / "report.html"
    options = ("--json", str(file), "--report", str(page))
    first = lifeline(environment, "drill", "run", "cover-stolen-at-night", *options)
    assert first.returncode == 0, first.stderr
    assert "8 of 8 wanted outcomes happened" in first.stdout
    report = json.loads(file.read_text())
    assert report["passed"] is True
    assert report["last_run"] is None
    assert all(message["title"].startswith("【演练】") for message in report["messages"])
    again = lifeline(environment, "drill", "run", "cover-stolen-at-night", "--seed", "7", "--speed", "100000", *options)
    assert again.returncode == 0, again.stdout
    second = json.loads(file.read_text())
    assert (second["seed"], second["last_run"]["seed"]) == (7, 15)
    assert [one["happened"] for one in second["outcomes"]] == [one["happened"] for one in report["outcomes"]]
    assert page.read_text(encoding="utf-8").count("<svg") == 3
    assert list(folder.iterdir()) == []


def test_what_was_wanted_and_did_not_happen_is_status_1(environment: dict[str, str], tmp_path: Path) -> None:
    text = (DRILLS / "cover-stolen-at-night.yaml").read_text(encoding="utf-8")
    own = tmp_path / "nothing-stolen.yaml"
    own.write_text(text.replace("name: cover-stolen-at-night", "name: nothing-stolen").replace("taken: 1", "taken: 0"))
    ended = lifeline(environment, "drill", "run", str(own))
    assert ended.returncode == 1
    assert "did not happen" in ended.stdout
    own.write_text(text)
    checked = lifeline(environment, "drill", "check", str(own))
    assert (checked.returncode, "the file is called nothing-stolen" in checked.stdout) == (1, True)
    unknown = lifeline(environment, "drill", "run", "earthquake")
    assert unknown.returncode == 1
    assert "there is no drill earthquake" in unknown.stderr
    assert "Traceback" not in unknown.stderr


async def test_a_past_event_is_replayed_as_an_exercise(
    environment: dict[str, str], pool: asyncpg.Pool, tmp_path: Path
) -> None:
    county, sensors = read_county(COUNTY), read_roster(COUNTY / "sensors.csv")
    drill = load_drill(DRILLS / "gas-leak-well-chain.yaml", sensors)
    start = drill.starts.replace(tzinfo=county.time_zone)
    fleet = Fleet(drill.players(sensors), seed=1, start=start, time_zone=county.time_zone, injections=drill.injections)
    async with pool.acquire() as connection:
        await load_county(connection, county, start)
        ids = {row["code"]: row["sensor_id"] for row in await connection.fetch("SELECT sensor_id, code FROM sensor")}
        rows = [
            row
            for one in fleet.readings(start + timedelta(hours=1))
            for row in DECODERS["gas"].decode(one.payload(), ids[one.code], one.time)
        ]
        if await connection.fetchval("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'") == 0:
            from database.engine import ensure_days

            await ensure_days(connection, "reading_gas", sorted({row[1].date() for row in rows} | {start.date()}))
        await copy_rows(connection, KINDS["gas"], rows)
    file = tmp_path / "replay.json"
    times = ("--from", "2026-06-09T09:30", "--to", "2026-06-09T10:30")
    ended = lifeline(environment, "replay", *times, "--json", str(file))
    assert ended.returncode == 0, ended.stderr
    report = json.loads(file.read_text())
    assert report["network"]["delivered"] == len(rows)
    assert report["counts"]["incident_opened"] >= 1
    assert {case["sensor"] for case in report["cases"]} >= {"gas-0003"}
    assert await pool.fetchval("SELECT count(*) FROM incident") == 0, "the real database is left alone"
    nothing = lifeline(environment, "replay", "--from", "2020-01-01", "--to", "2020-01-02")
    assert (nothing.returncode, "no readings between" in nothing.stderr) == (1, True)


def test_a_load_is_counted_exactly(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "load.json"
    options = ("--sensors", "50", "--rate", "400", "--seconds", "1", "--processes", "2", "--json", str(file))
    ended = lifeline(environment, "simulate", *options)
    assert ended.returncode == 0, ended.stderr
    figures = json.loads(file.read_text())
    assert figures["sent"] == figures["acknowledged"]
    assert 250 <= figures["sent"] <= 800
    assert figures["generator_was_limit"] is False
    assert figures["acknowledged"] == pytest.approx(figures["per_cpu_second"] * figures["cpu_seconds"], rel=0.05)
    assert orjson.loads(file.read_bytes())["processes"] == 2


@pytest.mark.alone
def test_the_generator_publishes_a_hundred_thousand_a_second_from_one_core(
    environment: dict[str, str], tmp_path: Path, in_reference_time: Callable[[float], float]
) -> None:
    own = {name: value for name, value in environment.items() if name != "LIFELINE_BROKER_URL"}
    file = tmp_path / "load.json"
    ended = lifeline(own, "simulate", "--sensors", "10000", "--seconds", "3", "--json", str(file))
    assert ended.returncode == 0, ended.stderr
    figures = json.loads(file.read_text())
    assert figures["sent"] == figures["acknowledged"]
    assert figures["cpu_seconds"] <= 1.05 * figures["seconds"]  # one core
    for rate in (figures["rate"], figures["per_cpu_second"]):
        assert 1 / in_reference_time(1 / rate) >= 100_000
