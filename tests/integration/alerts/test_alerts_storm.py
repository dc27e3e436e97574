"""Ten thousand sensors crossing their limits at once."""

from time import perf_counter

import pytest
from engine_support import NOW, at, sent, start

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules

SENSORS = 10_000


@pytest.mark.alone
async def test_a_storm_is_judged_and_committed_within_three_seconds(pool, in_reference_time):
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), at(-3600))
    await pool.execute(
        "INSERT INTO sensor (code, kind, longitude, latitude) SELECT 's' || n, 'waterlogging',"
        " 112.2 + 0.004 * (n % 100), 23.5 + 0.004 * (n / 100) FROM generate_series(1, $1::int) n",
        SENSORS,
    )
    service = await start(pool)
    rows = [[sent("waterlogging", f"s{n}", s, depth_m=0.3) for n in range(1, SENSORS + 1)] for s in (-300, 0)]
    await service.pipeline.process(rows[0], NOW)
    assert await pool.fetchval("SELECT count(*) FROM hazard") == 0
    began = perf_counter()
    await service.pipeline.process(rows[1], NOW)
    spent = perf_counter() - began
    assert await pool.fetchval("SELECT count(*) FROM hazard WHERE grade = 2") == SENSORS
    assert in_reference_time(spent) <= 3.0
