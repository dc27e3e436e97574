"""Orange and red incidents that nobody has acknowledged: what the banner shows and the sound is for."""

from pathlib import Path
from typing import Any

from api.store import Store
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_MOST = 20


async def sounding(store: Store) -> list[dict[str, Any]]:
    """Open ones with a hazard of grade 1 or 2 that is open and not acknowledged: real ones first, worst first."""
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.sounding, _MOST)
    return [
        {
            "incident_id": row["incident_id"],
            "exercise": row["exercise_id"] != 0,
            "grade": row["grade"],
            "title": {"zh": row["title_zh"], "en": row["title_en"]},
            "since": row["since"].isoformat(),
        }
        for row in rows
    ]
