"""What officers say of a case as a whole: that they have taken note of all that is open in it, and remarks."""

from datetime import datetime
from pathlib import Path

from alerts.register import UnfoundedError
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


async def acknowledge(connection: Connection, incident_id: int, actor: str, now: datetime, note: str = "") -> None:
    """An officer has taken note of every open hazard of the incident; where somebody has before, that stays."""
    await connection.execute(_SQL.acknowledge, incident_id, now, actor, note)
    await connection.execute(_SQL.tell)


async def comment(connection: Connection, incident_id: int, actor: str, now: datetime, note: str) -> None:
    """Keep a remark with the incident, open or closed. UnfoundedError when it is empty."""
    if not note.strip():
        raise UnfoundedError(zh="备注须有内容", en="a comment needs words")
    await connection.execute(_SQL.comment, incident_id, now, actor, {"note": note})
    await connection.execute(_SQL.tell)
