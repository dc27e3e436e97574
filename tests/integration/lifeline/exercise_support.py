"""A drill and real traffic on one stepped hub."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from dispatch.words import Words
from ingest.source import Message
from lifeline.county import read_county
from lifeline.rehearsal.hub import SteppedHub

FOLDER = Path(__file__).parents[3] / "counties" / "guangning"
COUNTY = read_county(FOLDER)
NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
TITLE = Words("井串漏气", "leak in a chain")
DRILLED = re.compile(r"drill\d+\.|演练|DRILL")


async def gas(hub: SteppedHub, level: float, at: datetime, *codes: str) -> list[Message]:
    """Readings of a methane level at sensors, and what the hub sends squads then."""
    payload = orjson.dumps({"time": at.isoformat(), "ch4_lel_pct": level})
    prefix = hub.intake.registry.prefix
    await hub.take_readings([(code, f"{prefix}/gas/{code}/reading", payload) for code in codes], at)
    return await hub.decide(at)


def titles(messages: Sequence[Message]) -> dict[str, str]:
    """What each squad was told."""
    return {
        message.topic.split("/")[-2]: orjson.loads(message.payload)["title"]["zh"]
        for message in messages
        if message.topic.endswith("/orders")
    }
