"""Real servers for all tests: a database of its own for each test, a broker for the session.

LIFELINE_TEST_DATABASE_URL names a PostgreSQL or TimescaleDB server to make databases on, LIFELINE_TEST_BROKER_URL an
MQTT 5 broker; without them the embedded ones are started. TMPDIR says where temporary files go, their data too; without
it they are kept in memory where that has room.
"""

import asyncio
import gc
import inspect
import logging
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import structlog
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from database.engine import detect_engine
from database.migrate import migrate
from database.pool import connect, open_pool
from ingest.tables import ensure_reading_tables
from lifeline.bench.decode import native_rate
from lifeline.embedded import EmbeddedBroker, EmbeddedDatabase, free_port
from lifeline.offspring import spawn, stop

# What fails in a test is told by pytest; tracebacks with every local variable would take minutes to write.
structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

# A database of its own for each test means a thousand times hundreds of small files: most of the time, on a disk.
_MEMORY = Path("/dev/shm")
_MEMORY_FREE_BYTES = 6 * 2**30
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _MEMORY_FREE_BYTES:
    tempfile.tempdir = os.environ["TMPDIR"] = str(_MEMORY)

# How long one example takes says nothing on a machine that others use.
settings.register_profile("lifeline", deadline=None)
settings.load_profile("lifeline")

_RARE_MARKS = ("alone", "rehearsal")

# Native messages that the machine of README's figures would decode per second: 667,000, times what was saved since.
_REFERENCE_RATE = 860_000
_PACE_S = 0.2


# What is read now stays: looking through it for garbage would make the collecting a fifth longer.
gc.disable()

# The dearest files, the longest first, so that no worker is left alone with one at the end. Of those in _SPREAD each
# test is dear and needs nothing that the others have set up, so they may go to different workers.
_DEAR = (
    "test_api_generated",
    "test_console_pages",
    "test_bench",
    "test_demo",
    "test_nothing_lost",
    "test_acceptance_lifeline_up",
    "test_hostile_messages",
    "test_console",
    "test_console_acts",
    "test_squad_page",
    "test_broker_crash",
    "test_drill",
    "test_live_drill",
    "test_dispatch_killed",
    "test_api_openapi",
    "test_api_login",
    "test_api_hostile",
    "test_lifeline_embedded",
    "test_lifeline_user",
    "test_console_live",
    "test_console_entrance",
)
_SPREAD = ("test_api_generated", "test_bench", "test_demo", "test_broker_crash")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Dear files first."""
    rank = {name: number for number, name in enumerate(_DEAR)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


def pytest_collection_finish() -> None:
    """Everything is read."""
    gc.freeze()
    gc.enable()


class _ByFile(LoadScopeScheduling):
    """Whoever is free takes the next file."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return nodeid if Path(file).stem in _SPREAD else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """What ``--dist loadscope --no-loadscope-reorder`` means here."""
    return _ByFile(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``-m alone`` or ``-m rehearsal`` only files that name the mark are read: all take each worker 15 s."""
    mark = config.getoption("markexpr")
    if mark not in _RARE_MARKS:
        return None
    files = collection_path.rglob("test_*.py") if collection_path.is_dir() else [collection_path]
    return None if any(f"mark.{mark}" in file.read_text(encoding="utf-8") for file in files) else True


@pytest.fixture
def in_reference_time() -> Callable[[float], float]:
    """Turns seconds measured in a test into those that the machine of README's figures would have taken.

    Times are promised for that machine. Another one, or one whose neighbours are busy, is slower in everything: how
    much is measured before the test and after what it timed, by the same decoding, and the worse of the two counts. A
    faster machine gets no stricter limit.
    """
    before = native_rate(_PACE_S)

    def convert(seconds: float) -> float:
        pace = min(1.0, min(before, native_rate(_PACE_S)) / _REFERENCE_RATE)
        print(f"measured {seconds:.2f} s at {pace:.2f} of the reference pace")
        return seconds * pace

    return convert


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A server to make databases on, and the migrated one that tests clone, after SQL of how to."""

    url: str
    template: str
    clone: str

    def url_of(self, database: str) -> str:
        """Where to connect to ``database``."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    # Not below pytest's own folders: those are closed to the account that the database runs as.
    with tempfile.TemporaryDirectory(prefix="lifeline-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def database_server(server_folder: Path) -> Iterator[DatabaseServer]:
    """A server with a migrated template; it is read once per session."""
    with ExitStack() as opened:
        url, template = os.environ.get("LIFELINE_TEST_DATABASE_URL"), f"lifeline_template_{uuid4().hex[:12]}"
        clone = f'TEMPLATE "{template}"'
        if url is None:
            url = opened.enter_context(EmbeddedDatabase(server_folder / "database", durable=False)).url
            clone += " STRATEGY file_copy"  # a third less work, as this server's checkpoints wait for no disk
        server = DatabaseServer(url, template, clone)
        asyncio.run(_make_template(server))
        opened.callback(lambda: asyncio.run(_drop(server, server.template)))
        yield server


async def _make_template(server: DatabaseServer) -> None:
    admin = await connect(server.url, application="tests")
    try:
        await admin.execute(f'CREATE DATABASE "{server.template}"')
        connection = await connect(server.url_of(server.template), application="tests")
        await migrate(connection)
        if await ensure_reading_tables(connection) == "timescaledb":
            # Its background workers stay connected, and a database with sessions can't be cloned.
            await connection.execute("SELECT _timescaledb_functions.stop_background_workers()")
        await connection.close()
        await admin.execute(f'ALTER DATABASE "{server.template}" ALLOW_CONNECTIONS false')
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", server.template
        )
    finally:
        await admin.close()


async def _drop(server: DatabaseServer, database: str) -> None:
    admin = await connect(server.url, application="tests")
    try:
        await admin.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    finally:
        await admin.close()


@pytest.fixture
async def empty_database_url(database_server: DatabaseServer) -> AsyncIterator[str]:
    """A database without any table, gone after the test."""
    async for url in _database(database_server, template=""):
        yield url


@pytest.fixture
async def database_url(database_server: DatabaseServer) -> AsyncIterator[str]:
    """A migrated database with reading tables, gone after the test."""
    async for url in _database(database_server, template=database_server.clone):
        yield url


async def _database(server: DatabaseServer, *, template: str) -> AsyncIterator[str]:
    name = f"lifeline_test_{uuid4().hex[:12]}"
    admin = await connect(server.url, application="tests")
    try:
        await admin.execute(f'CREATE DATABASE "{name}" {template}')
        yield server.url_of(name)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool on the test's own database."""
    opened = await open_pool(database_url, application="tests", size=8)
    yield opened
    opened.terminate()


@pytest.fixture
async def timescaledb(pool: asyncpg.Pool) -> None:
    """Skips the test where the server has no TimescaleDB."""
    async with pool.acquire() as connection:
        if await detect_engine(connection) != "timescaledb":
            pytest.skip("needs TimescaleDB: name a server that has it in LIFELINE_TEST_DATABASE_URL")


@pytest.fixture(scope="session")
def broker_url(server_folder: Path) -> Iterator[str]:
    """The session's broker; tests keep apart by topics and client ids."""
    url = os.environ.get("LIFELINE_TEST_BROKER_URL")
    if url is not None:
        yield url
        return
    with EmbeddedBroker(server_folder / "broker") as broker:
        yield broker.url


@pytest.fixture
def topic_root() -> str:
    """First level of the topics of this test alone."""
    return f"t{uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; the test is skipped where there is none."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium fonts-noto-cjk")
    return found


@dataclass(slots=True)
class Mosquitto:
    """A private Mosquitto on loopback that can be killed and started again on the same port and data."""

    program: str
    folder: Path
    config: str
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        head = f"listener {self.port} 127.0.0.1\npersistence_location {self.folder}/\n"
        if os.geteuid() == 0:
            head += "user root\n"  # else it would run as an account that can't write the folder
        path = self.folder / "mosquitto.conf"
        path.write_text(head + self.config)
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = spawn([self.program, "-c", path], death_signal=signal.SIGKILL, output=log)
        deadline = time.monotonic() + 10
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"Mosquitto did not start:\n{(self.folder / 'mosquitto.log').read_text()}")
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM: it saves what it is to keep."""
        assert self.process is not None
        stop(self.process, signal.SIGTERM)

    def restart(self) -> None:
        """Stop it if it runs, and start it again."""
        self.stop()
        self.start()


@pytest.fixture
def mosquitto() -> Iterator[Callable[..., Mosquitto]]:
    """Starts private Mosquittos with the given lines of configuration; anonymous access unless they say otherwise."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("needs Mosquitto: apt-get install mosquitto")
    with ExitStack() as opened:

        def start(config: str = "allow_anonymous true\n") -> Mosquitto:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="lifeline-mosquitto-")))
            server = Mosquitto(program, folder, config)
            server.start()
            opened.callback(server.stop)
            return server

        yield start


@pytest.fixture(autouse=True)
def _no_stray_task(request: pytest.FixtureRequest) -> Iterator[None]:
    """A task or callback whose exception nobody took fails the test that started it."""
    strays: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            strays.append(logging.Formatter().format(record))

    collector = Collector(logging.ERROR)
    logger = logging.getLogger("asyncio")
    logger.addHandler(collector)
    try:
        gc.freeze()  # what is there before the test need not be searched after it
        yield
        if inspect.iscoroutinefunction(request.function) or request.node.get_closest_marker("rehearsal"):
            gc.collect()  # asyncio complains when the forgotten task is collected
    finally:
        logger.removeHandler(collector)
    if strays:
        pytest.fail("stray asyncio error:\n" + "\n".join(strays))
