"""The hub as one thing: servers, database, and its three processes kept running."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import IO

import structlog
from pydantic import SecretStr

from lifeline.embedded import EmbeddedBroker, EmbeddedDatabase, free_port
from lifeline.errors import HubError
from lifeline.offspring import die_with_parent
from lifeline.preparation import prepare
from lifeline.probe import ask_ready
from lifeline.settings import ROLES, Settings

_READY_WITHIN_S = 60.0
_POLL_S = 0.05
_WATCH_S = 0.5
_BACKOFF_S = (0.2, 10.0)
_STEADY_S = 30.0  # a process that lived this long starts again with the shortest delay
_STOP_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers that came with the hub; ``known`` are settings in which every address is known."""

    known: Settings
    embedded: Sequence[EmbeddedBroker | EmbeddedDatabase]

    async def keep(self) -> None:
        """Start again, at the same address, each server that ends, until cancelled."""
        log = structlog.get_logger()
        while True:
            await asyncio.sleep(_WATCH_S)
            for server in self.embedded:
                if not server.is_running:
                    log.error("server_ended", server=server.name)
                    try:
                        # Not in a thread of its own: the kernel ties a child to the thread that started it.
                        server.restart()
                    except HubError as error:
                        log.error("server_not_started", server=server.name, error=str(error))


@contextmanager
def embedded_servers(settings: Settings, *, durable: bool = True) -> Iterator[Servers]:
    """Start the servers that ``settings`` do not name. ``durable=False`` is for data that nobody will miss."""
    with ExitStack() as opened:
        known: dict[str, object] = {
            name: free_port() for name, value in settings if name.endswith("_port") and value == 0
        }
        embedded: list[EmbeddedBroker | EmbeddedDatabase] = []
        if settings.broker_url is None:
            broker = opened.enter_context(EmbeddedBroker(settings.data_dir))
            embedded.append(broker)
            known["broker_url"] = SecretStr(broker.url)
            known["broker_dollar_topics"] = False
        if settings.database_url is None:
            database = opened.enter_context(EmbeddedDatabase(settings.data_dir, durable=durable))
            embedded.append(database)
            known["database_url"] = SecretStr(database.url)
        yield Servers(settings.model_copy(update=known), embedded)


@asynccontextmanager
async def running_hub(settings: Settings, *, output: IO[bytes] | None = None) -> AsyncIterator[Mapping[str, "Child"]]:
    """Prepare the database, run the hub's processes and keep them running; gives them by role once all are ready.

    ``output`` takes what they print, which is their log; None leaves it to this process's own streams.
    Raises HubError when one of them ends before it is ready: what is wrong is in its log.
    """
    await prepare(settings.database, settings.care)
    environment = {**os.environ, **_environment(settings)}
    children = {
        role: Child(role, environment, settings.probe_host, settings.probe_port(role), output) for role in ROLES
    }
    keepers: list[asyncio.Task[None]] = []
    try:
        for child in children.values():
            await child.start()
        await asyncio.gather(*(child.until_ready() for child in children.values()))
        keepers = [asyncio.create_task(child.keep(), name=f"keep {role}") for role, child in children.items()]
        yield children
    finally:
        for keeper in keepers:
            keeper.cancel()
        for child in reversed(children.values()):
            await child.stop()
        for keeper in keepers:
            with suppress(asyncio.CancelledError):
                await keeper


def _environment(settings: Settings) -> dict[str, str]:
    # Not as arguments: those are for everybody on the machine to read.
    return {f"LIFELINE_{name.upper()}": _text(value) for name, value in settings if value is not None}


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@dataclass(slots=True)
class Child:
    """One process of the hub; ``environment`` holds its settings."""

    role: str
    environment: Mapping[str, str]
    probe_host: str
    probe_port: int
    output: IO[bytes] | None = None
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0

    @property
    def pid(self) -> int:
        """Process id of the current incarnation."""
        return self._running.pid

    @property
    def _running(self) -> asyncio.subprocess.Process:
        if self.process is None:
            raise HubError(f"{self.role} is not running")
        return self.process

    async def start(self) -> None:
        """Start the process; it ends with this one, in order if it can."""
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "lifeline", self.role),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            env=self.environment,
            process_group=0,  # a Ctrl-C at the terminal is for the supervisor alone
            preexec_fn=die_with_parent(signal.SIGTERM),
        )

    async def is_ready(self) -> bool:
        """Whether its probe says so."""
        return await ask_ready(self.probe_host, self.probe_port, self.pid)

    async def until_ready(self) -> None:
        """Wait for the process to do its work; HubError when it ends, or after a minute."""
        deadline = monotonic() + _READY_WITHIN_S
        while not await self.is_ready():
            if self._running.returncode is not None:
                raise HubError(f"{self.role} ended with status {self._running.returncode}: see its log")
            if monotonic() > deadline:
                raise HubError(f"{self.role} is not ready after {_READY_WITHIN_S:.0f} s: see its log")
            await asyncio.sleep(_POLL_S)

    async def keep(self) -> None:
        """Start the process again whenever it ends, with a growing delay, until cancelled."""
        log = structlog.get_logger()
        delay = _BACKOFF_S[0]
        while True:
            since = monotonic()
            status = await self._running.wait()
            if monotonic() - since > _STEADY_S:
                delay = _BACKOFF_S[0]
            log.error("process_ended", role=self.role, status=status, restart_s=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _BACKOFF_S[1])
            self.restarts += 1
            try:
                await self.start()
            except OSError as error:  # no memory or no process to be had just now
                log.error("process_not_started", role=self.role, error=str(error))

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not end."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(_STOP_WITHIN_S):
                await self.process.wait()
        except TimeoutError:
            structlog.get_logger().error("process_killed", role=self.role)
            self.process.kill()
            await self.process.wait()
