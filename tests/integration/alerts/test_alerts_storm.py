"""Ten thousand sensors crossing their limits at once."""

from math import inf
from time import perf_counter

import pytest
from engine_support import NOW, at, sent, start

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules

SENSORS = 10_000
MAY_TAKE_S = 3.0
ATTEMPTS = 2  # what else the machine does only ever adds time


@pytest.mark.alone
async def test_a_storm_is_judged_and_committed_within_three_seconds(pool, in_reference_time):
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), at(-3600))
    await pool.execute(
        "INSERT INTO sensor (code, kind, longitude, latitude) SELECT 's' || n, 'waterlogging',"
        " 112.2 + 0.004 * (n % 100), 23.5 + 0.004 * (n / 100) FROM generate_series(1, $1::int) n",
        SENSORS * ATTEMPTS,
    )
    service = await start(pool)
    fastest = inf
    for attempt in range(ATTEMPTS):
        codes = [f"s{n}" for n in range(SENSORS * attempt + 1, SENSORS * (attempt + 1) + 1)]
        rows = [[sent("waterlogging", code, s, depth_m=0.3) for code in codes] for s in (-300, 0)]
        await service.pipeline.process(rows[0], NOW)
        assert await pool.fetchval("SELECT count(*) FROM hazard") == SENSORS * attempt
        began = perf_counter()
        await service.pipeline.process(rows[1], NOW)
        spent = in_reference_time(perf_counter() - began)
        fastest = min(fastest, spent)
        assert await pool.fetchval("SELECT count(*) FROM hazard WHERE grade = 2") == SENSORS * (attempt + 1)
        if fastest <= MAY_TAKE_S:
            break
    assert await pool.fetchval("SELECT count(*) FROM hazard WHERE incident_id IS NULL") == 0
    assert fastest <= MAY_TAKE_S
