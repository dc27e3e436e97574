"""A service on a database of its own, and messages as sensors send them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.service import IngestService, build_service
from ingest.broker import Broker
from ingest.decoder import Decoder
from ingest.formats.table import NATIVE
from ingest.session import Session

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message."""

    topic: str
    payload: bytes


def at(seconds: float) -> datetime:
    """Time relative to NOW."""
    return NOW + timedelta(seconds=seconds)


def sent(kind: str, code: str, seconds: float, **quantities: object) -> Sent:
    """A native message of a sensor."""
    return Sent(f"sensors/{kind}/{code}/reading", json.dumps({"time": at(seconds).isoformat(), **quantities}).encode())


async def start(pool) -> IngestService:
    """The intake as it is after a start."""
    session = Session(Broker("127.0.0.1", 1), client_id="unused", topic_filters=("x",))
    return await build_service(pool, session, Decoder((NATIVE,), {}), prefix="sensors", unknown_sensor="quarantine")


async def take(service: IngestService, *messages: Sent) -> None:
    """Each message as a batch of its own."""
    for message in messages:
        await service.pipeline.process([message], NOW)


async def hazards(pool):
    """All hazards, oldest first."""
    return await pool.fetch("SELECT * FROM hazard ORDER BY hazard_id")


async def events(pool, table: str = "hazard_event") -> list[str]:
    """What happened, in order."""
    return [row["event"] for row in await pool.fetch(f"SELECT event FROM {table} ORDER BY {table}_id")]
