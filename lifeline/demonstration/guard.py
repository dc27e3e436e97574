"""A demonstration never mixes with real data."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from database.pool import Connection, connect
from database.queries import load_queries
from ingest.kinds import KINDS
from lifeline.demonstration.script import Script
from lifeline.errors import HubError
from simulators.roster import VirtualSensor

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_ALIVE = timedelta(seconds=10)
_ADVICE = "name an empty database in LIFELINE_DATABASE_URL, or unset it: then the demonstration brings its own"


async def refuse_real_data(database_url: str, script: Script, now: datetime) -> None:
    """HubError unless the database is empty, or holds an earlier demonstration that is over and done."""
    connection = await connect(database_url, application="demo")
    try:
        reason = await _objection(connection, script, now)
    finally:
        await connection.close()
    if reason is not None:
        raise HubError(f"{reason}; {_ADVICE}")


async def _objection(connection: Connection, script: Script, now: datetime) -> str | None:
    if not await connection.fetchval(_SQL.has_sensors):
        return None
    stranger = await connection.fetchval(_SQL.stranger, [sensor.code for sensor in script.county.sensors])
    if stranger is not None:
        return f"the database holds sensor {stranger}, which is not of the demonstration county"
    other = await connection.fetchval(_SQL.other_hub, now - _ALIVE)
    if other is not None:
        return f"a hub works on this database (its process {other} is alive)"
    codes = [sensor.code for sensor in script.drilled]
    if await connection.fetchval(_SQL.unfinished, codes):
        return "an earlier demonstration on this database was interrupted and left tasks or hazards open"
    latest = await _latest(connection, script.drilled)
    drill_s = timedelta(seconds=script.drill.duration_s)
    if latest is not None and latest + drill_s > now:
        until = (latest + drill_s).astimezone(script.county.time_zone)
        return f"the drill was played on this database already, and can be again after {until:%H:%M} local time"
    return None


async def _latest(connection: Connection, sensors: Sequence[VirtualSensor]) -> datetime | None:
    found = []
    for kind in {sensor.kind for sensor in sensors}:
        query = f"SELECT max(time) FROM {KINDS[kind].table} JOIN sensor USING (sensor_id) WHERE code = ANY ($1::text[])"
        found.append(await connection.fetchval(query, [sensor.code for sensor in sensors if sensor.kind == kind]))
    return max((time for time in found if time is not None), default=None)
