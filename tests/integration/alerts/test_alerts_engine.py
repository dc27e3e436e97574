"""Readings in, hazards and incidents out, in the readings' own transaction."""

from datetime import timedelta

import pytest
from engine_support import NOW, events, hazards, sent, start, take

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules


@pytest.fixture
async def service(pool):
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), NOW)
    await pool.execute(
        "INSERT INTO sensor (code, kind, name_zh, name_en, longitude, latitude, attributes) VALUES"
        " ('g1', 'gas', '一号井', 'Well 1', 112.44, 23.63, '{\"placement\": \"chamber\"}'),"
        " ('w1', 'waterlogging', '', '', 112.44, 23.63, '{\"place\": \"underpass\"}'),"
        " ('m1', 'manhole', '', '', 112.44, 23.63, '{\"road\": \"carriageway\"}'),"
        " ('m2', 'manhole', '', '', 112.44, 23.63, '{\"road\": \"pavement\"}'),"
        " ('n1', 'noise', '', '', 112.44, 23.63, '{\"noise_class\": \"1\"}')"
    )
    return await start(pool)


async def test_a_red_reading_is_a_red_hazard_and_an_incident_at_once(service, pool):
    await take(service, sent("gas", "g1", 0, ch4_lel_pct=91.5))
    [hazard] = await hazards(pool)
    assert (hazard["hazard_type"], hazard["grade"], hazard["raised_at"]) == ("gas_combustible", 1, NOW)
    assert "91.5 %LEL" in hazard["reason_zh"]
    assert "91.5 %LEL" in hazard["reason_en"]
    incident = await pool.fetchrow("SELECT * FROM incident")
    assert (incident["incident_id"], incident["grade"], incident["skill"]) == (hazard["incident_id"], 1, "gas")
    assert (incident["title_zh"], incident["title_en"]) == ("一号井 可燃气体浓度超限", "Well 1: combustible gas")
    assert (incident["longitude"], incident["latitude"], incident["stage"]) == (112.44, 23.63, "reported")
    assert await events(pool) == ["raised"]
    assert await events(pool, "incident_event") == ["opened"]


async def test_a_hazard_grows_and_takes_its_incident_along(service, pool):
    await take(
        service,
        sent("gas", "g1", -120, ch4_lel_pct=12),
        sent("gas", "g1", -90, ch4_lel_pct=12),
    )
    [hazard] = await hazards(pool)
    assert (hazard["grade"], hazard["incident_id"]) == (4, None)
    await take(service, sent("gas", "g1", -60, ch4_lel_pct=22), sent("gas", "g1", -30, ch4_lel_pct=22))
    assert (await pool.fetchval("SELECT grade FROM incident")) == 3
    await take(service, sent("gas", "g1", 0, ch4_lel_pct=55))
    [hazard] = await hazards(pool)
    assert (hazard["grade"], hazard["peak_grade"]) == (2, 2)
    assert (await pool.fetchval("SELECT grade FROM incident")) == 2
    assert await events(pool) == ["raised", "upgraded", "upgraded"]
    assert await events(pool, "incident_event") == ["opened", "regraded"]


async def test_a_hazard_goes_down_step_by_step_and_clears(service, pool):
    await take(service, sent("gas", "g1", -3600, ch4_lel_pct=91.5))
    for minute in range(41):
        await take(service, sent("gas", "g1", -3500 + 60 * minute, ch4_lel_pct=0.5))
    [hazard] = await hazards(pool)
    assert await events(pool) == ["raised", "downgraded", "downgraded", "downgraded", "cleared"]
    assert hazard["cleared_at"] == NOW + timedelta(seconds=-3500 + 2400)
    incident = await pool.fetchrow("SELECT grade, peak_grade FROM incident")
    assert (hazard["peak_grade"], *incident) == (1, 4, 1)


async def test_a_second_episode_is_a_second_hazard(service, pool):
    await take(service, sent("gas", "g1", -7200, ch4_lel_pct=91.5))
    for minute in range(41):
        await take(service, sent("gas", "g1", -7100 + 60 * minute, ch4_lel_pct=0.5))
    await take(service, sent("gas", "g1", 0, ch4_lel_pct=91.5))
    assert [hazard["cleared_at"] is None for hazard in await hazards(pool)] == [False, True]
    assert await pool.fetchval("SELECT count(*) FROM incident") == 2


async def test_a_latched_red_waits_for_the_check_on_site(service, pool):
    await take(service, sent("manhole", "m1", -900, cover_state="open"))
    await take(service, *(sent("manhole", "m1", -840 + 60 * n, cover_state="closed") for n in range(5)))
    [hazard] = await hazards(pool)
    assert (hazard["grade"], hazard["latched"], hazard["cleared_at"]) == (1, True, None)
    await pool.execute("UPDATE hazard SET checked_at = $1", NOW)
    await service.follow_once(NOW)
    await service.engine.run_once(pool, NOW + timedelta(seconds=59))
    assert (await hazards(pool))[0]["cleared_at"] is None
    await service.engine.run_once(pool, NOW + timedelta(seconds=61))
    assert (await hazards(pool))[0]["cleared_at"] == NOW + timedelta(seconds=60)


async def test_two_hazard_types_of_one_sensor_stand_side_by_side(service, pool):
    await take(service, sent("gas", "g1", -60, ch4_lel_pct=91.5, o2_pct_vol=15))
    assert {(row["hazard_type"], row["grade"]) for row in await hazards(pool)} == {
        ("gas_combustible", 1),
        ("oxygen", 1),
    }


async def test_ponding_needs_two_samples_and_knows_the_underpass(service, pool):
    await take(service, sent("waterlogging", "w1", -300, depth_m=0.28))
    assert await hazards(pool) == []
    await take(service, sent("waterlogging", "w1", 0, depth_m=0.28))
    assert (await hazards(pool))[0]["grade"] == 1


async def test_work_on_a_sensor_is_no_incident(service, pool):
    await take(service, *(sent("gas", "g1", -60 + n, battery_pct=5) for n in range(3)))
    [hazard] = await hazards(pool)
    assert (hazard["hazard_type"], hazard["grade"]) == ("battery_low", 3)
    assert await pool.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_restart_in_between_changes_nothing(service, pool):
    """The same readings, with a new engine before each of them, leave the same register."""
    steps = [(-3600, 12), (-3570, 12), (-3500, 91.5)] + [(-3400 + 60 * n, 0.5) for n in range(45)]
    for seconds, value in steps:
        await take(await start(pool), sent("gas", "g1", seconds, ch4_lel_pct=value))
    rows = await pool.fetch("SELECT event, at FROM hazard_event ORDER BY hazard_event_id")
    assert [row["event"] for row in rows] == ["raised", "upgraded", "downgraded", "downgraded", "downgraded", "cleared"]
    assert [int((row["at"] - NOW).total_seconds()) for row in rows] == [-3570, -3500, -2800, -2200, -1600, -1000]


async def test_changed_attributes_change_the_limits(service, pool):
    await take(service, sent("manhole", "m2", -60, cover_state="open"))
    assert (await hazards(pool))[0]["grade"] == 2
    await pool.execute(
        "UPDATE sensor SET attributes = '{\"road\": \"carriageway\"}', updated_at = now() WHERE code = 'm2'"
    )
    await service.follow_once(NOW)
    await take(service, sent("manhole", "m2", 0, cover_state="open"))
    assert (await hazards(pool))[0]["grade"] == 1


async def test_history_can_be_added_to_but_not_changed(service, pool):
    await take(service, sent("gas", "g1", 0, ch4_lel_pct=91.5))
    for table in ("hazard_event", "incident_event"):
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET actor = 'nobody'"):
            with pytest.raises(Exception, match="append-only"):
                await pool.execute(change)


async def test_thousands_at_once_are_one_hazard_and_one_incident_each(service, pool):
    await pool.execute(
        "INSERT INTO sensor (code, kind, updated_at) SELECT 's' || n, 'gas', now() FROM generate_series(1, 2000) n"
    )
    await service.follow_once(NOW)
    await service.pipeline.process([sent("gas", f"s{n}", 0, ch4_lel_pct=91.5) for n in range(1, 2001)], NOW)
    assert await pool.fetchval("SELECT count(*) FROM hazard WHERE grade = 1") == 2000
    assert await pool.fetchval("SELECT count(DISTINCT incident_id) FROM hazard") == 2000
