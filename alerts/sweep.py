"""Which sensors' state is to be brought back next: those in danger first, those at rest a few at a time."""

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import asyncpg

from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_URGENT, _CALM = 2000, 200  # sensors of one round of the clock


@dataclass(slots=True)
class Sweep:
    """Sensors that no reading has brought back yet."""

    _unseen: dict[int, None] = field(default_factory=dict)
    _urgent: dict[int, None] = field(default_factory=dict)
    _asked: bool = False  # the register, for open hazards

    def begin(self) -> None:
        """Nothing is known any more."""
        self._asked = False

    def add(self, sensor_id: int, *, urgent: bool) -> None:
        """Bring this sensor back; an urgent one has a hazard, or a timer that runs."""
        self._unseen[sensor_id] = None
        if urgent:
            self._urgent[sensor_id] = None

    async def choose(self, pool: asyncpg.Pool) -> list[int]:
        """Take out the sensors of the next round."""
        if not self._unseen:
            return []
        if not self._asked:
            self._urgent.update((row["sensor_id"], None) for row in await pool.fetch(_SQL.endangered))
            self._asked = True
        chosen = list(dict.fromkeys([*islice(self._urgent, _URGENT), *islice(self._unseen, _CALM)]))
        for sensor_id in chosen:
            self._urgent.pop(sensor_id, None)
            self._unseen.pop(sensor_id, None)
        return chosen
