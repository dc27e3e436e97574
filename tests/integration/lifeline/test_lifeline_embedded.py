"""The embedded servers: on loopback only, data that stays, and an end with whoever started them."""

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from lifeline.embedded import EmbeddedBroker, EmbeddedDatabase
from lifeline.errors import HubError

PARENT = """
import signal, sys
from pathlib import Path
from lifeline.embedded import EmbeddedBroker, EmbeddedDatabase
database, broker = EmbeddedDatabase(Path(sys.argv[1]), durable=False), EmbeddedBroker(Path(sys.argv[1]))
database.start()
broker.start()
print(database.pid, broker.pid, flush=True)
signal.pause()
"""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lifeline-embedded-") as path:
        yield Path(path)


async def ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def wait_for_end(pid: int) -> None:
    """Block until the process has ended, whether or not somebody took its exit status."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([handle], [], [], 15)
    finally:
        os.close(handle)
    assert ended, f"process {pid} is still there"


def test_data_survives_a_restart(folder: Path) -> None:
    with EmbeddedDatabase(folder) as database:
        asyncio.run(ask(database.url, "CREATE TABLE kept AS SELECT 42 AS n"))
        password = database.password_file.read_text()
    with EmbeddedDatabase(folder) as database:
        assert asyncio.run(ask(database.url, "SELECT n FROM kept")) == 42
        assert database.password_file.read_text() == password


def test_what_was_committed_survives_a_killed_server(folder: Path) -> None:
    database = EmbeddedDatabase(folder, durable=False)
    database.start()
    asyncio.run(ask(database.url, "CREATE TABLE kept AS SELECT 42 AS n"))
    os.kill(database.pid, signal.SIGKILL)
    database.stop()
    with EmbeddedDatabase(folder, durable=False) as database:
        assert asyncio.run(ask(database.url, "SELECT n FROM kept")) == 42


def test_a_password_is_asked_for(folder: Path) -> None:
    with EmbeddedDatabase(folder, durable=False) as database:
        with pytest.raises(asyncpg.InvalidPasswordError):
            asyncio.run(ask(f"postgresql://lifeline:wrong@{database.address}/postgres", "SELECT 1"))
        assert database.password_file.stat().st_mode & 0o077 == 0


def test_servers_listen_on_loopback_only(folder: Path) -> None:
    with EmbeddedDatabase(folder, durable=False) as database, EmbeddedBroker(folder) as broker:
        for pid in (database.pid, broker.pid):
            listening = [c for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
            assert [connection.laddr.ip for connection in listening] == ["127.0.0.1"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_the_database_runs_without_rights_also_below_a_closed_folder(folder: Path) -> None:
    closed = folder / "home"
    (closed / "checkout").mkdir(parents=True, mode=0o700)
    closed.chmod(0o700)
    with EmbeddedDatabase(closed / "checkout" / "data", durable=False) as database:
        assert psutil.Process(database.pid).uids().real != 0
        assert asyncio.run(ask(database.url, "SELECT 1")) == 1
    assert closed.stat().st_mode & 0o777 == 0o701  # to pass, not to list


def test_one_folder_serves_one_hub(folder: Path) -> None:
    with EmbeddedDatabase(folder, durable=False) as database:
        with pytest.raises(HubError, match=f"another hub uses {folder}"):
            EmbeddedDatabase(folder).start()
        assert EmbeddedDatabase(folder).url_if_running() == database.url
    assert EmbeddedDatabase(folder).url_if_running() is None


def test_what_an_interrupted_start_left_is_cleared_away(folder: Path) -> None:
    (folder / "postgres.new.1").mkdir()
    with EmbeddedDatabase(folder, durable=False):
        assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["postgres"]


def test_a_data_folder_that_is_a_file_is_named(folder: Path) -> None:
    (folder / "data").write_text("")
    with pytest.raises(HubError, match=f"can't use the folder {folder / 'data'}"):
        EmbeddedDatabase(folder / "data").start()


def test_a_database_that_does_not_start_points_to_its_log(folder: Path) -> None:
    with EmbeddedDatabase(folder, durable=False):
        pass
    (folder / "postgres" / "postgresql.conf").write_text("nonsense")
    with pytest.raises(HubError, match=r"see the end of .*postgres\.log"):
        EmbeddedDatabase(folder, durable=False).start()
    assert "syntax error" in (folder / "postgres.log").read_text()


def test_a_stopped_broker_comes_back_under_its_address(folder: Path) -> None:
    broker = EmbeddedBroker(folder)
    broker.start()
    url = broker.url
    broker.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0
    broker.start()
    assert broker.url == url
    broker.stop()


@linux_only
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_both_servers_end_with_a_killed_parent(folder: Path, number: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(folder)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.send_signal(number)
    parent.wait()
    for pid in pids:
        wait_for_end(pid)
    with EmbeddedDatabase(folder, durable=False) as database:  # shut down in order, so nothing is replayed
        assert asyncio.run(ask(database.url, "SELECT 1")) == 1
    assert "was not properly shut down" not in (folder / "postgres.log").read_text()


def test_both_are_there_soon(folder: Path, in_reference_time: Callable[[float], float]) -> None:
    started = time.monotonic()
    with EmbeddedDatabase(folder), EmbeddedBroker(folder):
        assert in_reference_time(time.monotonic() - started) < 5
