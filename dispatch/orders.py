"""An order as a squad receives it."""

from datetime import datetime
from typing import Any

import msgspec

from dispatch.assignment import Words

_KEY_HEAD = "order-"


class Place(msgspec.Struct, frozen=True):
    """Where to go: degrees (WGS 84) and grid cell, as far as known."""

    longitude: float | None
    latitude: float | None
    grid_id: str | None


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a message on ``{prefix}/{squad_id}/orders``; a repeated ``key`` is the same order again.

    ``exercise_id`` is left out in earnest; an exercise's titles begin with 【演练】 as well.
    """

    key: str
    task_id: int
    incident_id: int
    grade: int
    hazard_type: str
    title: Words
    reason: Words
    place: Place
    ordered_at: datetime
    exercise_id: int = 0

    @property
    def body(self) -> dict[str, Any]:
        """The order as JSON values."""
        return msgspec.to_builtins(self)  # type: ignore[no-any-return]


def order_key(task_id: int) -> str:
    """The key of a task's only order."""
    return f"{_KEY_HEAD}{task_id}"


def orders_topic(prefix: str, squad_id: str) -> str:
    """Where a squad listens for orders."""
    return f"{prefix}/{squad_id}/orders"
