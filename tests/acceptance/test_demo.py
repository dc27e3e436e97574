"""`lifeline demo` as a person runs it: a program on servers of its own, or on those that the tests are given."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ENDS_WITHIN_S = 10.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demonstration makes its temporary folder; the database's account passes through."""
    with tempfile.TemporaryDirectory(prefix="lifeline-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def environment(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    """Servers of its own, unless the tests are to use others."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")}
    if "LIFELINE_TEST_DATABASE_URL" in os.environ:
        given["LIFELINE_DATABASE_URL"] = request.getfixturevalue("empty_database_url")
    if "LIFELINE_TEST_BROKER_URL" in os.environ:
        given["LIFELINE_BROKER_URL"] = os.environ["LIFELINE_TEST_BROKER_URL"]
    return {**given, "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1", "TMPDIR": str(folder)}


@contextmanager
def started(environment: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The running program; killed when the test leaves it running."""
    program = subprocess.Popen(
        [sys.executable, "-m", "lifeline", "demo", *arguments],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def read_until(program: "subprocess.Popen[str]", wanted: str) -> str:
    """Its output up to and including the first line with ``wanted``."""
    assert program.stdout is not None
    seen = []
    for line in program.stdout:
        seen.append(line)
        if wanted in line:
            return "".join(seen)
    pytest.fail(f"{wanted!r} never came:\n{''.join(seen)}")


def descendants(pid: int) -> dict[int, str]:
    """Processes below ``pid`` with the time at which each began, in clock ticks."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            state = state_of(int(entry.name))
            if state is not None:
                parents[int(entry.name)] = (int(state[1]), state[19])
    found: dict[int, str] = {}
    generation = {pid}
    while generation:
        generation = {child for child, (parent, _) in parents.items() if parent in generation}
        found |= {child: parents[child][1] for child in generation}
    return found


def state_of(pid: int) -> list[str] | None:
    """Fields 3 and following of /proc/PID/stat; None when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def still_there(processes: dict[int, str]) -> list[int]:
    """Those of ``processes`` that run."""
    states = {pid: state_of(pid) for pid in processes}
    return [pid for pid, state in states.items() if state and state[0] != "Z" and state[19] == processes[pid]]


def test_the_drill_goes_as_wanted(environment: dict[str, str], folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    with started(environment, "--once", "--json", str(file)) as program:
        introduction = read_until(program, "/api/v1/incidents")
        call = re.search(r"curl -H 'X-API-Key: (\S+)' \\\n +(http://\S+)", introduction)
        assert call is not None, introduction
        request = urllib.request.Request(call[2], headers={"X-API-Key": call[1]})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert "items" in json.load(answer)
        output, _ = program.communicate(timeout=90)
        assert program.returncode == 0, output
    assert "8 of 8 wanted outcomes happened" in output
    figures = json.loads(file.read_text())
    assert figures["drill"]["passed"] is True
    assert all(outcome["happened"] for outcome in figures["drill"]["outcomes"])
    assert figures["readings_published"] > 200
    assert figures["readings_stored"] == figures["readings_published"]
    assert figures["quarantined"] == 0
    assert figures["hazards_raised"] >= 2
    assert figures["orders_delivered"] >= 1  # both wells are one incident
    assert figures["tasks_closed"] >= 1
    assert 0 < figures["detect_ms"]["p50"] <= figures["detect_ms"]["p99"] < 5000
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("moment", "number"), [("is starting", signal.SIGTERM), ("incident opened", signal.SIGINT)], ids=["start", "drill"]
)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see the processes")
def test_a_signal_ends_it_and_all_that_it_started(
    environment: dict[str, str], folder: Path, moment: str, number: signal.Signals
) -> None:
    with started(environment, "--once") as program:
        read_until(program, moment)
        begun = descendants(program.pid)
        signalled = time.monotonic()
        program.send_signal(number)
        output, _ = program.communicate(timeout=ENDS_WITHIN_S + 20)
        assert time.monotonic() - signalled < ENDS_WITHIN_S
        assert program.returncode == 130, output
        assert "Traceback" not in output
    assert still_there(begun) == []
    assert moment == "is starting" or len(begun) >= 3
    assert list(folder.iterdir()) == []
