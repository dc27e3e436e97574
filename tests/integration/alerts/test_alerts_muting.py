"""A graver hazard mutes a lesser one at the same place: at another sensor of the kind in the chamber, too."""

import pytest
from engine_support import NOW, at, sent, start, take

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules


@pytest.fixture
async def covers(pool):
    """Two covers of one chamber, one of another."""
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), at(-86_400))
    await pool.execute(
        "INSERT INTO sensor (code, kind, attributes) VALUES ('c1', 'manhole', '{\"chamber\": \"a\"}'),"
        " ('c2', 'manhole', '{\"chamber\": \"a\"}'), ('c3', 'manhole', '{\"chamber\": \"b\"}')"
    )
    return await start(pool)


async def raised(pool) -> list[tuple[str, str]]:
    found = await pool.fetch("SELECT code, hazard_type FROM hazard JOIN sensor USING (sensor_id) ORDER BY 1, 2")
    return [tuple(row) for row in found]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_graver_hazard_in_the_chamber_mutes_a_lesser_one_until_it_is_over(covers, pool, restarted):
    await take(covers, sent("manhole", "c1", -900, cover_state="open"))
    await take(covers, *(sent("manhole", code, -600, tilt_deg=40) for code in ("c2", "c3")))
    assert await raised(pool) == [("c1", "cover_open"), ("c3", "cover_tilt")]
    covers = await start(pool) if restarted else covers
    for seconds in range(-590, -400, 30):
        await covers.engine.run_once(pool, at(seconds))
    assert len(await raised(pool)) == 2
    await take(covers, sent("manhole", "c1", -400, cover_state="closed"))
    for seconds in range(-390, 0, 30):
        await covers.engine.run_once(pool, at(seconds))
    assert await raised(pool) == [("c1", "cover_open"), ("c2", "cover_tilt"), ("c3", "cover_tilt")]
    lesser = await pool.fetchrow("SELECT grade, raised_at FROM hazard JOIN sensor USING (sensor_id) WHERE code = 'c2'")
    assert lesser["grade"] == 2
    assert at(-340) <= lesser["raised_at"] <= at(-240)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_the_order_of_a_batch_does_not_matter_to_what_is_muted(covers, pool, order):
    both = sent("manhole", "c1", -900, cover_state="open"), sent("manhole", "c2", -900, tilt_deg=40)
    await covers.pipeline.process([both[number] for number in order], NOW)
    assert await raised(pool) == [("c1", "cover_open")]


async def test_a_hazard_graver_than_what_would_mute_it_is_raised(covers, pool):
    await take(covers, sent("manhole", "c1", -900, cover_state="open"), sent("manhole", "c2", -600, tilt_deg=95))
    assert ("c2", "cover_tilt") in await raised(pool)
