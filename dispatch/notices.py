"""What squads and people are told: rows of the outbox, written in the transaction of what they are about.

A notice has a key, so that telling twice is telling once. A person is named by function; who that is for the incident
and the hour is looked up when the notice is written: the grid's responsible person, the owner unit's, whoever has
the duty, a substitute for one on leave. When there is nobody, the console shows it under the function: nothing is lost.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from database.pool import Connection
from database.queries import load_queries
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

LEAST = 4
"""Blue, the least grade."""

Kind = Literal[
    "opened",
    "regraded",
    "shortfall",
    "overdue",
    "preemption",
    "cancelled",
    "reminder",
    "permit",
    "report",
    "audit",
    "channel",
    "stock",
    "work_order",
]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be told once to ``recipient``: a squad_id, or a person by function.

    Where and about which kind of asset follow from the incident; ``grid_id`` and ``asset`` say so when there is none.
    It is as grave as its incident, or as ``grade`` where that is graver: lives may be in danger at a yellow one.
    """

    key: str
    kind: Kind
    recipient: str
    text: Words
    incident_id: int | None = None
    task_id: int | None = None
    grade: int = LEAST
    grid_id: str | None = None
    asset: str | None = None


async def tell_squads(connection: Connection, notices: Sequence[Notice], now: datetime) -> None:
    """Put notices for squads into the outbox."""
    if notices:
        await connection.execute(_SQL.tell_squads, [_row(notice) for notice in notices], now)


async def tell_people(connection: Connection, notices: Sequence[Notice], now: datetime) -> None:
    """Put notices for people into the outbox, a row for each channel of each person who has the function at ``now``."""
    if notices:
        await connection.execute(_SQL.tell_people, [_row(notice) for notice in notices], now)


def _row(notice: Notice) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(notice)
    return row
