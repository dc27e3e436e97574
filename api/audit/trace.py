"""On whose behalf a transaction acts."""

from dataclasses import asdict, dataclass
from datetime import datetime

import orjson

from database.pool import Connection


@dataclass(frozen=True, slots=True)
class Trace:
    """Who, as what, from where, in which request, by which route or command."""

    at: datetime
    actor: str
    role: str
    address: str
    request_id: str
    action: str


async def act_for(connection: Connection, trace: Trace) -> None:
    """Have the database record, until the transaction ends, what it changes in the tables that are audited."""
    await connection.execute("SELECT set_config('lifeline.trace', $1, true)", orjson.dumps(asdict(trace)).decode())
