"""An order as a squad receives it."""

from datetime import datetime
from typing import Any

import msgspec

from dispatch.words import Words

_KEY_HEAD = "order-"


class Place(msgspec.Struct, frozen=True):
    """Where to go: degrees (WGS 84) and grid cell, as far as known."""

    longitude: float | None
    latitude: float | None
    grid_id: str | None


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a message on ``{prefix}/{squad_id}/orders``; a repeated ``key`` is the same order again.

    ``needs_permit``: nobody enters a well or chamber before the hub has granted it. ``exercise_id`` is left out in
    earnest; an exercise's titles begin with 【演练】 as well. The message holds ``link`` beside these: the address that
    opens the order on the squad's phone, once (``dispatch.links``).
    """

    key: str
    task_id: int
    incident_id: int
    grade: int
    hazard_type: str
    title: Words
    role: Words
    reason: Words
    place: Place
    ordered_at: datetime
    confirm_before: datetime
    needs_permit: bool
    checklist: tuple[Words, ...]
    materials: dict[str, int]
    exercise_id: int = 0

    @property
    def body(self) -> dict[str, Any]:
        """The order as JSON values."""
        return msgspec.to_builtins(self)  # type: ignore[no-any-return]


def order_key(task_id: int) -> str:
    """The key of a task's only order."""
    return f"{_KEY_HEAD}{task_id}"


def notices_topic(prefix: str, squad_id: str) -> str:
    """Where a squad hears everything else: cancellations, reminders, permits."""
    return f"{prefix}/{squad_id}/notices"


def orders_topic(prefix: str, squad_id: str) -> str:
    """Where a squad listens for orders."""
    return f"{prefix}/{squad_id}/orders"
