"""Sensors on a street, a hub that takes their readings, and what it made of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import cos, radians
from typing import Any

import asyncpg

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from alerts.service import IngestService, build_service
from ingest.broker import Broker
from ingest.decoder import Decoder
from ingest.formats.table import NATIVE
from ingest.session import Session

NOW = datetime.now(UTC).replace(microsecond=0)
EAST, NORTH = 112.44, 23.63
M_PER_DEGREE = 111_195
_QUANTITY = {"gas": "ch4_lel_pct", "waterlogging": "depth_m", "manhole": "cover_state", "noise": "laeq_db"}


@dataclass(frozen=True, slots=True)
class Sent:
    topic: str
    payload: bytes


def east(metres: float) -> float:
    return EAST + metres / M_PER_DEGREE / cos(radians(NORTH))


class Street:
    """A hub with the default rules; places are metres along a street."""

    def __init__(self, pool: asyncpg.Pool, service: IngestService) -> None:
        self.pool = pool
        self.service = service

    async def stand(self, kind: str, code: str, metres: float | None = 0, **attributes: str) -> None:
        """Register a sensor."""
        place = (None, None) if metres is None else (east(metres), NORTH)
        await self.pool.execute(
            "INSERT INTO sensor (code, kind, longitude, latitude, attributes) VALUES ($1, $2, $3, $4, $5)",
            code,
            kind,
            *place,
            attributes,
        )
        await self.service.follow_once(NOW)

    async def say(self, seconds: float, **values: Any) -> None:
        """All these sensors report at once: code=value, where the value is the kind's main quantity."""
        rows = await self.pool.fetch("SELECT code, kind FROM sensor WHERE code = ANY ($1)", list(values))
        time = (NOW + timedelta(seconds=seconds)).isoformat()
        batch = [
            Sent(
                f"sensors/{row['kind']}/{row['code']}/reading",
                json.dumps({"time": time, _QUANTITY[row["kind"]]: values[row["code"]]}).encode(),
            )
            for row in rows
        ]
        await self.service.pipeline.process(batch, NOW + timedelta(seconds=max(0.0, seconds)))

    async def members(self) -> list[list[str]]:
        """Codes of the sensors of each incident that has hazards, oldest first."""
        rows = await self.pool.fetch(
            "SELECT array_agg(code ORDER BY code) AS codes FROM hazard JOIN sensor USING (sensor_id)"
            " WHERE incident_id IS NOT NULL GROUP BY incident_id ORDER BY incident_id"
        )
        return [row["codes"] for row in rows]

    async def incident(self, incident_id: int | None = None) -> asyncpg.Record:
        """The incident of this number, or the only one."""
        row = await self.pool.fetchrow(
            "SELECT * FROM incident WHERE incident_id = coalesce($1, incident_id) ORDER BY incident_id", incident_id
        )
        assert row is not None
        return row

    async def events(self, incident_id: int) -> list[tuple[str, dict[str, Any]]]:
        """Events of an incident with their details."""
        rows = await self.pool.fetch(
            "SELECT event, detail FROM incident_event WHERE incident_id = $1 ORDER BY incident_event_id", incident_id
        )
        return [(row["event"], row["detail"]) for row in rows]

    async def hazard_events(self, hazard_id: int) -> list[str]:
        """Events of a hazard."""
        rows = await self.pool.fetch(
            "SELECT event FROM hazard_event WHERE hazard_id = $1 ORDER BY hazard_event_id", hazard_id
        )
        return [row["event"] for row in rows]

    async def hazard_ids(self, codes: Sequence[str]) -> list[int]:
        """Numbers of the open hazards of these sensors, in their order."""
        rows = await self.pool.fetch(
            "SELECT code, hazard_id FROM hazard JOIN sensor USING (sensor_id) WHERE cleared_at IS NULL"
        )
        numbers = {row["code"]: row["hazard_id"] for row in rows}
        return [numbers[code] for code in codes]


async def open_street(pool: asyncpg.Pool) -> Street:
    """A street without sensors."""
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), NOW - timedelta(days=1))
    session = Session(Broker("127.0.0.1", 1), client_id="unused", topic_filters=("x",))
    service = await build_service(pool, session, Decoder((NATIVE,), {}), prefix="sensors", unknown_sensor="quarantine")
    return Street(pool, service)
