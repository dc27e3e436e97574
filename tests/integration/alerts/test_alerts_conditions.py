"""In the rain a noise meter hears the rain: what it says then raises nothing, near gauges that tell of it."""

from datetime import timedelta

import msgspec
import pytest
from engine_support import NOW, events, hazards, start, take
from engine_support import at as after_now
from engine_support import sent as sent_at

from alerts.backtest import backtest
from alerts.rulebook import in_force, load_shipped
from alerts.rulefile import default_rules
from alerts.rules import RuleFile

_DAY = timedelta(days=1)
TWO_O_CLOCK = -((NOW - NOW.replace(hour=6, minute=0, second=0)) % _DAY).total_seconds()  # local, by day's limits


def at(seconds):
    return after_now(TWO_O_CLOCK + seconds)


def sent(kind, code, seconds, **quantities):
    return sent_at(kind, code, TWO_O_CLOCK + seconds, **quantities)


@pytest.fixture
async def service(pool):
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), at(-86_400))
    await pool.execute(
        "INSERT INTO sensor (code, kind, longitude, latitude, attributes) VALUES"
        " ('near', 'noise', 112.44, 23.63, '{\"noise_class\": \"2\"}'),"
        " ('far', 'noise', 112.46, 23.63, '{\"noise_class\": \"2\"}'),"
        " ('nowhere', 'noise', NULL, NULL, '{\"noise_class\": \"2\"}'),"
        " ('rain', 'waterlogging', 112.443, 23.63, '{}')"
    )
    return await start(pool)


@pytest.mark.parametrize("restarted", [False, True])
async def test_in_the_rain_noise_raises_nothing_near_a_gauge_that_tells_of_it(service, pool, restarted):
    for seconds in range(-6000, 1, 600):
        service = await start(pool) if restarted else service
        await take(service, sent("waterlogging", "rain", seconds - 60, rain_mm_h=12.5 if seconds < -3000 else 0.0))
        for code in ("near", "far", "nowhere"):
            await take(service, sent("noise", code, seconds, laeq_db=79, lmax_db=79))
    raised = await pool.fetch(
        "SELECT code, raised_at FROM hazard JOIN sensor USING (sensor_id) WHERE hazard_type = 'noise_exceedance'"
        " ORDER BY code DESC"
    )
    # The last rain was told of at -3660, and counts for 20 minutes: two windows after that are dry.
    assert [tuple(row) for row in raised] == [("nowhere", at(-5400)), ("near", at(-1800)), ("far", at(-5400))]


async def test_rain_neither_lowers_nor_raises_a_hazard_that_was_there_before(service, pool):
    for seconds in (-6000, -5400):
        await take(service, sent("noise", "near", seconds, laeq_db=66))
    assert [row["grade"] for row in await hazards(pool)] == [3]
    for seconds in range(-4800, 1, 600):
        await take(service, sent("waterlogging", "rain", seconds - 60, rain_mm_h=12.5))
        await take(service, sent("noise", "near", seconds, laeq_db=79))
    assert set(await events(pool)) == {"raised"}
    assert [row["grade"] for row in await hazards(pool)] == [3]


async def test_what_is_low_in_the_rain_counts_as_it_does_in_the_dry(service, pool):
    for seconds in (-9000, -8400):
        await take(service, sent("noise", "near", seconds, laeq_db=79))
    for seconds in range(-7800, 1, 600):
        await take(service, sent("waterlogging", "rain", seconds - 60, rain_mm_h=12.5))
        await take(service, sent("noise", "near", seconds, laeq_db=41))
    await service.engine.run_once(pool, at(600))
    assert (await events(pool))[-1] == "cleared"


async def test_a_back_test_finds_what_happened_in_the_rain(service, pool):
    for seconds in range(-6000, 1, 600):
        await take(service, sent("waterlogging", "rain", seconds - 60, rain_mm_h=12.5 if seconds < -3000 else 0.0))
        for code in ("near", "far", "nowhere"):
            await take(service, sent("noise", code, seconds, laeq_db=79, lmax_db=79))
    happened = await pool.fetch(
        "SELECT code, raised_at FROM hazard JOIN sensor USING (sensor_id) WHERE hazard_type = 'noise_exceedance'"
    )
    rules = await in_force(pool, NOW)
    calmer = msgspec.structs.replace(rules.rules["noise", "noise_exceedance"][1], deadband=4)
    proposed = RuleFile("noise", {"noise_exceedance": calmer})
    async with pool.acquire() as connection:
        for database in (pool, connection):
            found = await backtest(database, rules, proposed, at(-9000), at(600), lambda *_: None)
            for side in (found.current, found.proposed):
                assert {(e.sensor, e.raised_at) for e in side.episodes} == {tuple(row) for row in happened}
