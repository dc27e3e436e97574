"""Channels to people: whatever apprise reaches (WeCom, DingTalk, Feishu, SMTP, webhooks, SMS gateways).

Their addresses hold secrets, so they stay in one file that this process reads; the database, answers and logs know
channels by their names only.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import yaml

from database.queries import load_queries
from dispatch.errors import DispatchError
from dispatch.notices import Notice, tell_people
from dispatch.words import Words

if TYPE_CHECKING:
    import apprise

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

SEND_WITHIN_S = 15.0
TEST_EVERY = timedelta(days=1)


class ChannelError(DispatchError):
    """A channel that is not there or didn't take a message; never holds its address."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels by name."""

    _known: "Mapping[str, apprise.Apprise]" = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in the order of the file."""
        return tuple(self._known)

    async def send(self, name: str, title: str, text: str) -> None:
        """Hand a message over; ChannelError when there is no such channel, or it doesn't take it in time."""
        known = self._known.get(name)
        if known is None:
            raise ChannelError(f"no channel is called {name}: add it to the file of LIFELINE_CHANNELS_FILE")
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                taken = await known.async_notify(body=text, title=title)
        except TimeoutError as error:
            raise ChannelError(f"the channel {name} didn't answer within {SEND_WITHIN_S:.0f} s") from error
        if not taken:
            raise ChannelError(f"the channel {name} didn't take the message")


def read_channels(path: Path | None) -> Channels:
    """Channels of a YAML file of names and apprise addresses; none without a file.

    ChannelError names what is wrong and never repeats an address.
    """
    # It logs addresses, and what went wrong with them; what matters of that is told by ChannelError.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # at debug it logs paths, and many a secret is in one
    if path is None:
        return Channels()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ChannelError(f"{path}: {error}") from error
    except yaml.YAMLError:
        raise ChannelError(f"{path}: not YAML; write lines like NAME: ADDRESS") from None
    if not isinstance(content, dict) or not all(isinstance(url, str) for url in content.values()):
        raise ChannelError(f"{path}: write lines like NAME: ADDRESS")
    import apprise  # every process would read it, and few have a channel

    known = {}
    for name, url in content.items():
        known[str(name)] = apprise.Apprise()
        if not known[str(name)].add(url):
            raise ChannelError(f"{path}: the address of {name} is none that apprise knows")
    return Channels(known)


async def check_due(pool: asyncpg.Pool, channels: Channels, now: datetime) -> dict[str, str]:
    """Send a test over each channel that wasn't tested for a day; what went wrong by name, empty where nothing did.

    The duty officer is told of a channel that fails its test.
    """
    rows = await pool.fetch(_SQL.tested_since, now - TEST_EVERY)
    fresh = {row["channel"] for row in rows}
    results = {}
    for name in channels.names:
        if name not in fresh:
            results[name] = await _check(channels, name)
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(_SQL.note, name, now, not results[name], results[name])
                await tell_people(connection, [_notice(name, now)] if results[name] else [], now)
    return results


def _notice(name: str, now: datetime) -> Notice:
    return Notice(
        key=f"channel-{name}-{now:%Y%m%d%H%M}",
        kind="channel",
        recipient="duty_officer",
        grade=2,
        text=Words(f"通知渠道{name}测试失败，请检查", f"The channel {name} failed its test: look after it"),
    )


async def _check(channels: Channels, name: str) -> str:
    try:
        await channels.send(name, "Lifeline", "通道测试，无需处理 / channel test, nothing to do")
    except ChannelError as error:
        return str(error)
    return ""
