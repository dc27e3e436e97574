"""`lifeline up` as people run it: ready soon, kept running, stopped in order, gone when killed."""

import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
PORTS = ("API_PORT", "INGEST_PROBE_PORT", "DISPATCH_PROBE_PORT", "API_PROBE_PORT")
ROLES = ("ingest", "dispatch", "api")


@dataclass
class Up:
    """A hub started with ``lifeline up``, whose data are in ``folder``; ``lines`` is what it has said so far."""

    process: "subprocess.Popen[str]"
    folder: str
    lines: list[str] = field(default_factory=list)
    is_silent: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def read(self) -> None:
        """Collect its output until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.is_silent = True
            self.changed.notify_all()

    def wait_for(self, pattern: str, times: int = 1, since: int = 0, within_s: float = 30) -> list[re.Match[str]]:
        """The lines that match from line ``since`` on, once there are enough."""

        def found() -> list[re.Match[str]]:
            return [match for line in self.lines[since:] if (match := re.search(pattern, line))]

        with self.changed:
            self.changed.wait_for(lambda: self.is_silent or len(found()) >= times, within_s)
            assert len(found()) >= times, f"no {pattern!r} in:\n" + "\n".join(self.lines)
            return found()

    def child(self, role: str) -> psutil.Process:
        """The process of ``role``."""
        for process in psutil.Process(self.process.pid).children():
            if process.cmdline()[-2:] == ["lifeline", role]:
                return process
        raise AssertionError(f"no process of {role}")

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def starting() -> Iterator[Callable[..., Up]]:
    """Starts hubs, each with ports of its own, on embedded servers in one folder unless variables say otherwise."""
    started: list[tuple[Up, threading.Thread]] = []
    with tempfile.TemporaryDirectory(prefix="lifeline-up-") as folder:

        def up(**variables: str) -> Up:
            kept = {name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")}
            own = {f"LIFELINE_{name}": "0" for name in PORTS} | {"LIFELINE_DATA_DIR": str(Path(folder) / "data")}
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "lifeline", "up"],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=kept | own | variables,
            )
            hub = Up(process, (own | variables)["LIFELINE_DATA_DIR"])
            reader = threading.Thread(target=hub.read)
            reader.start()
            started.append((hub, reader))
            return hub

        yield up
        for hub, reader in started:
            if hub.process.poll() is None:
                hub.process.kill()
                hub.process.wait()
            reader.join()
            assert hub.process.stdout is not None
            hub.process.stdout.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Up]]:
    """Starts hubs of the test's own."""
    with starting() as up:
        yield up


@pytest.fixture(scope="module")
def hub() -> Iterator[Up]:
    """A hub that is ready, shared by tests that leave it at work; whatever they did, it stops in order."""
    with starting() as up:
        hub = up()
        hub.wait_for(r"^Ready after ")
        yield hub
        assert hub.end(signal.SIGTERM) == 0


def wait_until_gone(processes: list[psutil.Process]) -> None:
    """Block until all have ended, whether or not somebody took their exit status."""
    for process in processes:
        try:
            handle = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            ended, _, _ = select.select([handle], [], [], 15)
        finally:
            os.close(handle)
        assert ended, f"still there: {process}"


def test_the_hub_is_ready_soon_answers_and_stops_in_order(
    start: Callable[..., Up], in_reference_time: Callable[[float], float]
) -> None:
    began = time.monotonic()
    hub = start()
    hub.wait_for(r"^Ready after ")
    assert in_reference_time(time.monotonic() - began) < 10  # 5 s on an idle machine; tests may share theirs
    (api,) = hub.wait_for(r"^API +(http://\S+)")
    health = httpx.get(f"{api[1]}/health")
    assert {process["name"] for process in health.json()["processes"]} == set(ROLES)
    family = psutil.Process(hub.process.pid).children(recursive=True)
    assert hub.end(signal.SIGTERM) == 0
    wait_until_gone(family)
    stopped = hub.wait_for(r"\bstopped\b.*process=(\w+)", times=3)
    assert [match[1] for match in stopped] == ["api", "dispatch", "ingest"]
    said = "\n".join(hub.lines)
    assert "Traceback" not in said
    assert not re.search(r"postgresql://\w+:", said)  # no password is ever said


def test_on_a_full_machine_the_road_comes_before_who_looks_at_it(hub: Up) -> None:
    steps = {role: hub.child(role).nice() for role in ("ingest", "dispatch", "api")}
    assert steps["ingest"] == steps["dispatch"] == os.nice(0)
    assert steps["api"] > os.nice(0)


def test_a_killed_process_comes_back(hub: Up) -> None:
    before, said = hub.child("ingest"), len(hub.lines)
    before.kill()
    hub.wait_for(r"process_ended .*role=ingest status=-9", since=said)
    hub.wait_for(r"broker_connected .*process=ingest", since=said)
    assert hub.child("ingest").pid != before.pid


def server_of(hub: Up, program: str) -> psutil.Process:
    """The process of a server that came with the hub."""
    (found,) = (
        process
        for process in psutil.Process(hub.process.pid).children()
        if any(program == Path(part).name for part in process.cmdline()[:4])
    )
    return found


def test_a_killed_broker_comes_back_where_it_was(hub: Up) -> None:
    said = len(hub.lines)
    server_of(hub, "iotcore").kill()
    hub.wait_for(r"server_ended .*server=broker", since=said)
    hub.wait_for(r"broker_connected .*process=ingest", since=said)


def test_a_killed_database_comes_back_where_it_was(hub: Up) -> None:
    said = len(hub.lines)
    (api,) = hub.wait_for(r"^API +(http://\S+)")
    processes = {role: hub.child(role).pid for role in ROLES}
    server_of(hub, "postgres").kill()
    hub.wait_for(r"server_ended .*server=database", since=said)
    deadline = time.monotonic() + 30
    while httpx.get(f"{api[1]}/health", timeout=30).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)  # asked again
    assert {role: hub.child(role).pid for role in ROLES} == processes  # each waited for it


def test_a_killed_hub_takes_everything_with_it_and_starts_again(start: Callable[..., Up]) -> None:
    hub = start()
    hub.wait_for(r"^Ready after ")
    family = psutil.Process(hub.process.pid).children(recursive=True)
    assert len(family) > 5
    hub.end(signal.SIGKILL)
    wait_until_gone(family)
    again = start()
    again.wait_for(r"^Ready after ")
    assert again.end(signal.SIGTERM) == 0


def test_a_hub_that_is_still_starting_can_be_stopped(start: Callable[..., Up]) -> None:
    hub = start()
    hub.wait_for(r"\bstarted\b")  # the first of the three
    family = psutil.Process(hub.process.pid).children(recursive=True)
    assert hub.end(signal.SIGTERM) == 0
    wait_until_gone(family)


def test_a_second_hub_on_the_same_folder_is_refused(hub: Up, start: Callable[..., Up]) -> None:
    second = start(LIFELINE_DATA_DIR=hub.folder)
    assert second.process.wait(30) == 1
    second.wait_for(r"^lifeline: another hub uses ")


def test_a_port_that_is_taken_ends_the_start_with_what_to_do(hub: Up, start: Callable[..., Up]) -> None:
    (api,) = hub.wait_for(r"^API +http://127\.0\.0\.1:(\d+)")
    second = start(LIFELINE_API_PORT=api[1])
    assert second.process.wait(30) == 1
    second.wait_for(rf"can't listen on 127\.0\.0\.1:{api[1]}.*set LIFELINE_API_HOST, LIFELINE_API_PORT")
    second.wait_for(r"^lifeline: api ended with status 1: see its log")


def test_servers_that_are_named_are_used_and_left_running(
    start: Callable[..., Up], database_url: str, broker_url: str
) -> None:
    hub = start(LIFELINE_DATABASE_URL=database_url, LIFELINE_BROKER_URL=broker_url)
    hub.wait_for(r"^Ready after ")
    hub.wait_for(rf"^Broker +{re.escape(broker_url.partition('@')[2] or broker_url)}$")
    names = {" ".join(process.cmdline()) for process in psutil.Process(hub.process.pid).children()}
    assert len(names) == len(ROLES)
    assert hub.end(signal.SIGINT) == 0
