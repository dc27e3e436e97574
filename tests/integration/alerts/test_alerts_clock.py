"""What happens without a new message: timers, silence, neighbours, what people say, silences; also after a restart."""

import pytest
from engine_support import NOW, at, events, hazards, sent, start, take

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from alerts.silences import Selector, SilenceError, add_silence, end_early, end_silences, listed


@pytest.fixture
async def service(pool):
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), at(-86_400))
    await pool.execute(
        "INSERT INTO sensor (code, kind, longitude, latitude, attributes) VALUES"
        " ('g1', 'gas', 112.44, 23.63, '{}'), ('g2', 'gas', 112.4405, 23.63, '{}'), ('g3', 'gas', 112.5, 23.63, '{}'),"
        " ('w1', 'waterlogging', 112.44, 23.63, '{\"place\": \"underpass\"}'),"
        " ('m1', 'manhole', 112.44, 23.63, '{\"road\": \"pavement\"}')"
    )
    return await start(pool)


async def look(service, seconds: float, **options) -> int:
    return await service.engine.run_once(service.pool, at(seconds), **options)


async def summary(pool):
    rows = await pool.fetch(
        "SELECT event, hazard_event.grade, hazard_event.at FROM hazard_event ORDER BY hazard_event_id"
    )
    return [(row["event"], row["grade"], int((row["at"] - NOW).total_seconds())) for row in rows]


@pytest.mark.parametrize("restarted", [False, True])
async def test_delays_end_by_the_clock_also_over_a_restart(service, pool, restarted):
    await take(service, sent("gas", "g1", -700, ch4_lel_pct=26))
    service = await start(pool) if restarted else service
    await look(service, -671)
    assert await hazards(pool) == []
    await look(service, -660)
    await take(service, sent("gas", "g1", -650, ch4_lel_pct=1))
    service = await start(pool) if restarted else service
    await look(service, -51)
    await look(service, -40)
    await look(service, 600)
    assert await summary(pool) == [("raised", 3, -670), ("downgraded", 4, -50), ("cleared", None, 550)]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_sensor_that_falls_silent_is_told_and_clears_nothing(service, pool, restarted):
    await take(service, sent("waterlogging", "w1", -3000, depth_m=0.4), sent("waterlogging", "w1", -2700, depth_m=0.4))
    await take(service, sent("waterlogging", "w1", -2400, depth_m=0.0))
    service = await start(pool) if restarted else service
    await look(service, -1900)
    assert [row["hazard_type"] for row in await hazards(pool)] == ["ponding"]
    await look(service, -1700, connected_at=at(-3000))
    await look(service, -1100, connected_at=at(-3000))
    ponding, silent = await hazards(pool)
    assert (ponding["cleared_at"], ponding["grade"]) == (None, 1)
    assert (silent["hazard_type"], silent["grade"], silent["incident_id"]) == ("sensor_silent", 3, None)
    assert (await summary(pool))[1:] == [("raised", 4, -1800), ("upgraded", 3, -1200)]
    await take(service, sent("waterlogging", "w1", -900, depth_m=0.0))
    assert (await hazards(pool))[1]["cleared_at"] == at(-900)


async def test_silence_waits_until_what_queued_at_the_broker_could_have_come(service, pool):
    await take(service, sent("waterlogging", "w1", -3000, depth_m=0.0))
    assert await look(service, 0) == 0
    assert await look(service, 20, connected_at=at(10)) == 0
    assert await look(service, 200, connected_at=at(10)) == 2
    assert await summary(pool) == [("raised", 4, 70), ("upgraded", 3, 70)]


async def test_two_neighbours_at_orange_make_each_other_red(service, pool):
    await take(service, sent("gas", "g1", -60, ch4_lel_pct=55), sent("gas", "g3", -60, ch4_lel_pct=55))
    assert [row["grade"] for row in await hazards(pool)] == [2, 2]
    service = await start(pool)
    await take(service, sent("gas", "g2", -30, ch4_lel_pct=55))
    await look(service, -20)
    assert {(row["sensor_id"], row["grade"]) for row in await hazards(pool)} == {(1, 1), (2, 1), (3, 2)}


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_cover_open_off_the_road_is_red_once_water_stands_around_it(service, pool, restarted):
    await take(service, sent("manhole", "m1", -900, cover_state="open"), sent("waterlogging", "w1", -800, depth_m=0.12))
    assert [row["grade"] for row in await hazards(pool)] == [2]
    service = await start(pool) if restarted else service
    await take(service, sent("waterlogging", "w1", -500, depth_m=0.12))
    await look(service, -499)  # after a restart, the clock brings the cover's state back
    cover, ponding = await hazards(pool)
    assert (cover["grade"], cover["latched"], cover["graded_at"]) == (1, True, at(-499 if restarted else -500))
    assert (ponding["hazard_type"], ponding["grade"]) == ("ponding", 3)
    assert "with ponding within 50 m" in cover["reason_en"]


async def test_what_is_of_an_exercise_confirms_nothing_real(service, pool):
    await pool.execute(
        "INSERT INTO exercise (exercise_id, drill, title_zh, title_en, seed, status, started_at)"
        " VALUES (7, 'x', '', '', 1, 'running', now())"
    )
    await pool.execute(
        "INSERT INTO sensor (code, kind, longitude, latitude, exercise_id, twin_of)"
        " SELECT 'x' || code, kind, longitude, latitude, 7, sensor_id FROM sensor WHERE code IN ('g1', 'g2')"
    )
    await service.follow_once(NOW)
    await take(service, sent("gas", "g1", -60, ch4_lel_pct=55), sent("gas", "xg2", -60, ch4_lel_pct=55))
    assert [row["grade"] for row in await hazards(pool)] == [2, 2]
    await take(service, sent("gas", "xg1", -50, ch4_lel_pct=55))
    assert [(row["exercise_id"], row["grade"]) for row in await hazards(pool)] == [(0, 2), (7, 1), (7, 1)]


async def test_many_grave_ones_in_a_place_are_told_at_once(service, pool):
    await service.pipeline.process([sent("gas", "g1", 0, ch4_lel_pct=55), sent("gas", "g2", 0, ch4_lel_pct=55)], NOW)
    assert [row["grade"] for row in await hazards(pool)] == [1, 1]
    assert "confirmed by 2 sensors" in (await hazards(pool))[0]["reason_en"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_a_person_cleared_comes_again_while_it_is_bad(service, pool, restarted):
    await take(service, sent("gas", "g1", -120, ch4_lel_pct=91.5))
    await pool.execute("UPDATE hazard SET dismissed_at = $1, dismissed_by = 'key:li'", at(-60))
    service = await start(pool) if restarted else service
    await service.follow_once(at(-58))
    [hazard] = await hazards(pool)
    assert (hazard["cleared_at"], hazard["reason_en"]) == (at(-60), "cleared by hand by key:li")
    service = await start(pool) if restarted else service
    await take(service, sent("gas", "g1", 0, ch4_lel_pct=91.5))
    await look(service, 1730)
    assert len(await hazards(pool)) == 1
    await look(service, 1741)
    assert (await hazards(pool))[1]["raised_at"] == at(1740)


async def test_a_hazard_that_no_rule_speaks_of_any_more_is_cleared_with_that_reason(service, pool):
    await take(service, sent("manhole", "m1", -60, cover_state="open"))
    await pool.execute("UPDATE rule SET body = jsonb_set(body, '{cases,0,when}', '{\"road\": \"x\"}')")
    await pool.execute("UPDATE rule SET body = body #- '{cases,1}' WHERE hazard_type = 'cover_open'")
    await service.follow_once(NOW)
    await look(service, 1)
    [hazard] = await hazards(pool)
    assert (hazard["cleared_at"], hazard["reason_en"]) == (at(1), "no rule applies to this sensor any more, cleared")


async def test_a_rule_that_can_not_be_used_is_left_out_and_its_hazards_stay(service, pool):
    await take(service, sent("gas", "g1", -60, ch4_lel_pct=91.5))
    await pool.execute("UPDATE rule SET body = '{\"what\": 1}' WHERE hazard_type = 'gas_combustible'")
    await pool.execute(
        "INSERT INTO rule (kind, hazard_type, revision, body, source, approved_by, approved_at, effective_from)"
        " VALUES ('slope', 'slip', 1, '{}', 'x', 'lifeline', now(), now() - interval '1 h')"
    )
    service = await start(pool)
    assert service.engine.stats.rules_refused == 2
    await take(service, sent("gas", "g1", 0, ch4_lel_pct=91.5, o2_pct_vol=15))
    assert [(row["hazard_type"], row["cleared_at"]) for row in await hazards(pool)] == [
        ("gas_combustible", None),
        ("oxygen", None),
    ]


async def test_a_silenced_hazard_is_recorded_and_raised_when_the_silence_ends(service, pool):
    number = await add_silence(pool, Selector(sensor="m1", work_order="WO-7"), at(600), "repair", "key:li", at(-600))
    await take(service, sent("manhole", "m1", -60, cover_state="open"))
    [hazard] = await hazards(pool)
    assert (hazard["grade"], hazard["silence_id"], hazard["incident_id"]) == (2, number, None)
    assert await pool.fetchval("SELECT count(*) FROM incident") == 0
    assert (await listed(pool, NOW))[0]["hazards"] == 1
    await service.follow_once(at(599))
    assert await pool.fetchval("SELECT count(*) FROM incident") == 0
    await service.follow_once(at(601))
    assert await pool.fetchval("SELECT count(*) FROM incident") == 1
    assert await events(pool) == ["raised", "silenced", "raised"]


async def test_what_cleared_in_a_silence_calls_nobody_out(service, pool):
    await add_silence(pool, Selector(kind="manhole", hazard_type="cover_open"), at(600), "repair", "key:li", at(-600))
    await take(service, sent("manhole", "m1", -60, cover_state="open"), sent("manhole", "m1", 0, cover_state="closed"))
    await look(service, 61)
    assert await end_silences(pool, at(700)) == 0
    assert await pool.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_hazard_stays_silent_until_the_last_silence_that_covers_it_is_over(service, pool):
    await add_silence(pool, Selector(sensor="m1"), at(100), "repair", "key:li", at(-600))
    await take(service, sent("manhole", "m1", -60, tilt_deg=40), sent("manhole", "m1", -50, tilt_deg=95))
    longer = await add_silence(pool, Selector(kind="manhole"), at(600), "repair goes on", "key:li", NOW)
    assert await end_silences(pool, at(101)) == 0
    assert (await hazards(pool))[0]["silence_id"] == longer
    assert await end_silences(pool, at(601)) == 1
    assert await events(pool) == ["raised", "silenced", "upgraded", "latched", "raised"]
    assert await pool.fetchval("SELECT grade FROM incident") == 1


async def test_what_came_and_went_in_one_batch_of_a_silence_calls_nobody_out(service, pool):
    await add_silence(pool, Selector(sensor="m1"), at(600), "repair", "key:li", at(-600))
    rows = [sent("manhole", "m1", -120, cover_state="open"), sent("manhole", "m1", -110, cover_state="closed")]
    await service.pipeline.process([*rows, sent("manhole", "m1", -10, cover_state="closed")], NOW)
    assert sorted(await events(pool)) == ["cleared", "raised", "silenced"]
    assert await pool.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_silence_of_a_work_order_can_be_ended_early(service, pool):
    for code in ("m1", "g1"):
        await add_silence(pool, Selector(sensor=code, work_order="WO-7"), at(600), "repair", "key:li", at(-600))
    await take(service, sent("manhole", "m1", -60, cover_state="open"))
    assert await end_early(pool, "key:li", NOW, work_order="WO-7") == [1, 2]
    assert await end_silences(pool, NOW) == 1
    with pytest.raises(SilenceError, match="no such silence"):
        await end_early(pool, "key:li", NOW, silence_id=1)


@pytest.mark.parametrize(
    ("selector", "seconds", "reason", "message"),
    [
        (Selector(), 60, "x", "name a sensor, a grid or a kind"),
        (Selector(sensor="nobody"), 60, "x", "no sensor 'nobody'"),
        (Selector(grid_id="nowhere"), 60, "x", "no grid 'nowhere'"),
        (Selector(kind="gaz"), 60, "x", "unknown kind 'gaz'"),
        (Selector(kind="gas"), 0, "x", "ends in the future, within 30 days"),
        (Selector(kind="gas"), 31 * 86_400, "x", "ends in the future, within 30 days"),
        (Selector(kind="gas"), 60, " ", "give a reason"),
    ],
)
async def test_a_silence_that_means_nothing_is_refused(service, pool, selector, seconds, reason, message):
    with pytest.raises(SilenceError, match=message):
        await add_silence(pool, selector, at(seconds), reason, "key:li", NOW)


async def test_the_clock_looks_at_what_is_due_and_no_further(service, pool):
    await pool.execute("INSERT INTO sensor (code, kind) SELECT 's' || n, 'gas' FROM generate_series(1, 500) n")
    await service.follow_once(at(-60))
    await service.pipeline.process([sent("gas", f"s{n}", -60, ch4_lel_pct=1.0) for n in range(1, 501)], NOW)
    await take(service, sent("gas", "g1", -40, ch4_lel_pct=12))
    await look(service, 0)
    assert service.engine.stats.timed == 1
