"""An exercise in the county, a hub that tests step, and the command line."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import asyncpg
import pytest
from exercise_support import COUNTY, NOW, TITLE
from standby import Lifeline, Standby, standing_by

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from dispatch.exercises import Exercise, open_exercise
from ingest.broker import Broker
from lifeline.county import load_county
from lifeline.rehearsal.hub import SteppedHub, stepped_hub


@pytest.fixture
async def exercise(pool: asyncpg.Pool) -> Exercise:
    """An exercise with one well's twin, in which the farther gas squad and one of two leaders are enrolled."""
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), datetime(2026, 1, 1, tzinfo=UTC))
        await load_county(connection, COUNTY, NOW)
        await connection.execute(
            "INSERT INTO contact (contact_id, name_zh, name_en, person, channels) VALUES"
            " ('li', '李', 'Li', 'duty_officer', '{pager,sms}'), ('wang', '王', 'Wang', 'duty_officer', '{pager}')"
        )
        return await open_exercise(
            connection,
            "leak",
            TITLE,
            1,
            sensors=["gas-0003", "mh-0002"],
            squads=["gas-2"],
            people=["li"],
            channels=["pager"],
            now=NOW,
        )


@pytest.fixture
async def hub(pool: asyncpg.Pool, broker_url: str, exercise: Exercise) -> AsyncIterator[SteppedHub]:
    async with stepped_hub(pool, Broker.parse(broker_url), f"t{uuid4().hex[:8]}") as stepped:
        yield stepped


@pytest.fixture(scope="session")
def standby() -> Iterator[Standby]:
    with standing_by() as ready:
        yield ready


@pytest.fixture
def lifeline(standby: Standby, database_url: str) -> Lifeline:
    """Gives commands to the test's own database."""
    return partial(standby.lifeline, LIFELINE_DATABASE_URL=database_url)
