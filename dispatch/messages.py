"""The outbox of the people: what is due for each person on each channel, as one message at a time.

The places of a person's window are taken in the transaction that leases the rows, under a lock, so that two processes
don't both take the last one. A message that its channel didn't take is tried again with back-off, and becomes a dead
letter, shown to the officers, after ``MOST_ATTEMPTS`` or at once when there is no such channel.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import structlog

from alerts.grades import grade_of
from database.pool import Connection
from database.queries import load_queries
from dispatch.channels import ChannelError, Channels
from dispatch.errors import DispatchRefusal
from dispatch.exercises import REAL
from dispatch.notify import back_off_s
from dispatch.throttle import Pending, Policy, release

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

MOST_RECIPIENTS_PER_RUN = 50
MOST_ATTEMPTS = 8
_MOST_LINES = 20
_LEASE = timedelta(minutes=2)  # well above what a channel may take
_LOCK = 0x54_45_4C_4C  # "TELL"


class UnknownNotificationError(DispatchRefusal):
    """There is no message of this number."""


class NotDeadError(DispatchRefusal):
    """The message is no dead letter."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one run did: messages sent and failed, and how many notices they carried or were held back."""

    messages: int = 0
    failed: int = 0
    notices: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class _Letter:
    channel: str
    rows: Sequence[asyncpg.Record]
    language: str
    exercise_id: int


async def run_once(pool: asyncpg.Pool, channels: Channels, now: datetime) -> Told:
    """Send what is due at ``now``, a message for each person and channel, gravest first."""
    letters: list[_Letter] = []
    held = 0
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SQL.take_turn, _LOCK)
        for person in await connection.fetch(_SQL.due, now, MOST_RECIPIENTS_PER_RUN):
            letter, holding = await _lease(connection, person, now)
            held += holding
            letters += [letter] if letter is not None else []
    errors = await asyncio.gather(*[_send(channels, letter) for letter in letters])
    outcomes = [
        _outcome(row, letter.channel in channels.names, error, now)
        for letter, error in zip(letters, errors, strict=True)
        for row in letter.rows
    ]
    if outcomes:
        await pool.execute(_SQL.settle, outcomes, now)
    return Told(
        messages=errors.count(""),
        failed=len(errors) - errors.count(""),
        notices=sum(len(letter.rows) for letter, error in zip(letters, errors, strict=True) if not error),
        held=held,
    )


async def _lease(connection: Connection, person: asyncpg.Record, now: datetime) -> tuple[_Letter | None, int]:
    """Take a place for what may go to one person out of one world, and put off the rest."""
    channel, recipient, exercise_id = person["channel"], person["recipient"], person["exercise_id"]
    policy = Policy(person["most"], person["window_s"], msgspec.convert(person["quiet"], dict[Any, tuple[int, int]]))
    rows = await connection.fetch(_SQL.pending, channel, recipient, now, exercise_id)
    since = now - timedelta(seconds=policy.window_s)
    sent = [row["at"] for row in await connection.fetch(_SQL.sent_since, channel, recipient, since, exercise_id)]
    decided = release([Pending(row["notification_id"], row["grade"]) for row in rows], sent, policy, now)
    go = set(decided.go)
    going = [row for row in rows if row["notification_id"] in go]
    if going:
        await connection.execute(_SQL.lease, decided.go, now, now + _LEASE, decided.go[0])
    held = [{"notification_id": number, "until": until} for number, until in decided.held.items()]
    if held:
        await connection.execute(_SQL.hold, held)
    return (_Letter(channel, going, person["language"], exercise_id) if going else None), len(held)


async def _send(channels: Channels, letter: _Letter) -> str:
    """Why the channel didn't take it; empty when it did."""
    title, text = compose(letter.rows, letter.language)
    if letter.exercise_id != REAL:
        title = f"【演练】{title}" if letter.language == "zh" else f"DRILL {title}"
    try:
        await channels.send(letter.channel, title, text)
    except ChannelError as error:
        structlog.get_logger().warning("message_not_sent", channel=letter.channel, error=str(error))
        return str(error)
    return ""


def compose(rows: Sequence[Any], language: str) -> tuple[str, str]:
    """Title and text for notices with grade and body: the gravest first, the rest counted."""
    ordered = sorted(rows, key=lambda row: (row["grade"], row["notification_id"]))
    worst = grade_of(5 - ordered[0]["grade"])
    colour = worst.zh if language == "zh" else worst.colour
    lines = [str(row["body"]["text"][language]) for row in ordered[:_MOST_LINES]]
    more = len(ordered) - len(lines)
    if more:
        lines.append(f"另有{more}条，见值班台。" if language == "zh" else f"{more} more: see the console.")
    title = f"【{colour}】{len(ordered)}条" if language == "zh" else f"{colour}: {len(ordered)} messages"
    return title if len(ordered) > 1 else f"【{colour}】" if language == "zh" else colour, "\n".join(lines)


def _outcome(row: asyncpg.Record, is_known: bool, error: str, now: datetime) -> dict[str, Any]:
    """Each notice counts its own attempts: a new one isn't given up with an old one that it was bundled with."""
    attempts = row["attempts"] + 1
    is_dead = bool(error) and (attempts >= MOST_ATTEMPTS or not is_known)
    wait = timedelta(seconds=back_off_s(attempts, random.random()))
    return {
        "id": row["notification_id"],
        "sent": not error,
        "error": error,
        "next": now + wait if error and not is_dead else None,
        "dead": is_dead,
    }


async def acknowledge(connection: Connection, notification_id: int, actor: str, now: datetime) -> None:
    """收到并知晓: note who has read it and when; the first receipt stays.

    UnknownNotificationError when there is no such message.
    """
    if await connection.fetchval(_SQL.acknowledge, notification_id, actor, now) is None:
        raise UnknownNotificationError(zh=f"没有通知 {notification_id}", en=f"there is no message {notification_id}")


async def revive(connection: Connection, notification_id: int, now: datetime) -> None:
    """Send a dead letter again; NotDeadError when it isn't one."""
    if await connection.fetchval(_SQL.revive, notification_id, now) is None:
        raise NotDeadError(zh=f"通知 {notification_id} 并非投递失败", en=f"message {notification_id} is no dead letter")
