"""What stands around the demonstration: its key, its addresses, its errors."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from rich.text import Text

from api.access.keys import add_key, revoke_key
from lifeline.commands.up import addresses
from lifeline.demonstration.display import Display
from lifeline.demonstration.report import heading
from lifeline.demonstration.script import Script
from lifeline.errors import HubError
from lifeline.settings import Settings
from simulators.errors import SimulatorError

_LOG_LINES = 15


@contextmanager
def log_told(log: Path) -> Iterator[None]:
    """Errors of the hub's start with the end of its log."""
    try:
        yield
    except HubError as error:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        raise HubError(f"{error}\n{end}") from error


@contextmanager
def one_reason() -> Iterator[None]:
    """What a task of the demonstration failed with, out of the group that it comes in."""
    try:
        yield
    except* (HubError, SimulatorError) as group:
        raise HubError("; ".join(str(error) for error in group.exceptions)) from group


@asynccontextmanager
async def key_of(pool: asyncpg.Pool, name: str) -> AsyncIterator[str]:
    """An API key for as long as the context lasts."""
    yield await add_key(pool, name, "officer", datetime.now(UTC))
    # The database may be what went away.
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        await revoke_key(pool, name, datetime.now(UTC))


def introduce(script: Script, settings: Settings, known: Settings, display: Display, key: str) -> None:
    """Say what is played and where the hub is reached."""
    display.say(heading(script))
    for line in addresses(settings, known):
        display.say(Text(line))
    display.say(Text(f"Topics    {known.topic_prefix}/#  {known.squads_prefix}/#"))
    display.say(Text(f"Logs      {settings.data_dir / 'hub.log'} (until the end)"))
    display.say(Text(f"curl -H 'X-API-Key: {key}' \\\n  http://{known.api_host}:{known.api_port}/api/v1/incidents"))
