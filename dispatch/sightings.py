"""Where squads were seen last: by the position that their own devices tell."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A squad's position in degrees (WGS 84) at a time."""

    squad_id: str
    longitude: float
    latitude: float
    at: datetime


async def see(connection: Connection, sightings: Sequence[Sighting], now: datetime) -> None:
    """Take down where squads are; one that is older than what is known changes nothing, unless that is yet to come."""
    latest = {seen.squad_id: seen for seen in sorted(sightings, key=lambda seen: seen.at)}
    if latest:
        await connection.execute(_SQL.see, [asdict(seen) for seen in latest.values()], now)
