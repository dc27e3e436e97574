"""From incidents to tasks, on a real database."""

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import asyncpg
import pytest

from dispatch import dispatcher
from dispatch.reasons import REFUSAL_STANDS
from dispatch.tasks import advance

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

pytestmark = pytest.mark.usefixtures("squads")


async def tasks_of(pool: asyncpg.Pool, incident_id: int) -> list[tuple[str | None, str]]:
    rows = await pool.fetch("SELECT squad_id, status FROM task WHERE incident_id = $1 ORDER BY task_id", incident_id)
    return [tuple(row) for row in rows]


async def events_of(pool: asyncpg.Pool, incident_id: int) -> list[str]:
    rows = await pool.fetch(
        "SELECT event FROM incident_event WHERE incident_id = $1 ORDER BY incident_event_id", incident_id
    )
    return [row["event"] for row in rows]


async def stage_of(pool: asyncpg.Pool, incident_id: int) -> str:
    return await pool.fetchval("SELECT stage FROM incident WHERE incident_id = $1", incident_id)


async def finish(pool: asyncpg.Pool, task_id: int, now: datetime) -> None:
    await advance(pool, task_id, "on_scene", "squad:x", now)
    await advance(pool, task_id, "done", "squad:x", now)


async def test_the_nearest_squad_is_ordered_with_reasons(pool, report, now):
    incident_id = await report()
    done = await dispatcher.run_once(pool, now)
    (task_id,) = done.ordered
    assert await tasks_of(pool, incident_id) == [("gas-near", "ordered")]
    assert await stage_of(pool, incident_id) == "dispatched"
    assert await events_of(pool, incident_id) == ["filed", "dispatched"]
    assert await pool.fetchval("SELECT event FROM task_event WHERE task_id = $1", task_id) == "ordered"
    decision: dict[str, Any] = await pool.fetchval("SELECT decision FROM task WHERE task_id = $1", task_id)
    assert decision["reason"]["en"].startswith("Near squad: on duty, free, has the skill gas, expected in")
    assert decision["reason"]["zh"].startswith("近队：在岗、空闲、具备燃气处置能力，预计")
    passed = {squad["squad_id"]: squad["why"] for squad in decision["passed_over"]}
    assert passed == {"gas-far": "later", "gas-night": "off_duty", "sewer": "lacks_skill"}
    order = await pool.fetchrow("SELECT * FROM notification WHERE kind = 'order'")
    assert (order["key"], order["recipient"], order["next_attempt_at"]) == (f"order-{task_id}", "gas-near", now)
    assert order["body"] == {
        "key": f"order-{task_id}",
        "task_id": task_id,
        "incident_id": incident_id,
        "grade": 1,
        "hazard_type": "gas_leak",
        "title": {"zh": "燃气泄漏", "en": "gas leak"},
        "role": {"zh": "到场处置", "en": "handle it on site"},
        "reason": decision["reason"],
        "place": {"longitude": 112.445, "latitude": 23.645, "grid_id": None},
        "ordered_at": "2026-03-01T04:00:00Z",
        "confirm_before": "2026-03-01T04:03:00Z",
        "needs_permit": False,
        "checklist": [],
        "materials": {},
    }
    assert await dispatcher.run_once(pool, now) == dispatcher.Dispatched()


async def test_committed_work_is_announced(pool, report, now, database_url):
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    try:
        await listener.add_listener("lifeline", lambda *said: heard.put_nowait(said[3]))
        await report()
        await dispatcher.run_once(pool, now)
        async with asyncio.timeout(5):
            assert await heard.get() == "decision"  # nothing that would wake the dispatcher itself
        await dispatcher.run_once(pool, now)
        await listener.execute("NOTIFY lifeline, 'end'")
        async with asyncio.timeout(5):
            assert await heard.get() == "end"  # a run without work wakes nobody
    finally:
        await listener.close()


async def test_two_dispatchers_at_once_send_one_squad_to_each_of_fifty_incidents(pool, report, enlist, squads, now):
    await enlist(*[replace(squads["gas-near"], squad_id=f"gas-{n}", longitude=112 + n / 100) for n in range(60)])
    incidents = [await report(grade=1 + n % 3) for n in range(50)]
    await asyncio.gather(*[dispatcher.run_once(pool, now) for _ in range(6)])
    rows = await pool.fetch("SELECT incident_id, squad_id, status FROM task")
    assert sorted(row["incident_id"] for row in rows) == incidents
    assert {row["status"] for row in rows} == {"ordered"}
    assert len({row["squad_id"] for row in rows}) == 50
    assert await pool.fetchval("SELECT count(*) FROM notification WHERE kind = 'order'") == 50
    assert await pool.fetchval("SELECT count(*) FROM incident_event WHERE event = 'dispatched'") == 50


async def test_an_incident_that_someone_else_holds_is_left_for_the_next_run(pool, report, now):
    incident_id = await report()
    async with pool.acquire() as officer, officer.transaction():
        await officer.execute("SELECT FROM incident WHERE incident_id = $1 FOR UPDATE", incident_id)
        assert await dispatcher.run_once(pool, now) == dispatcher.Dispatched()
    assert len((await dispatcher.run_once(pool, now)).ordered) == 1


async def test_the_engine_can_add_to_an_incident_that_is_being_dispatched(pool, report, now):
    incident_id = await report()
    async with pool.acquire() as engine, engine.transaction():
        await engine.execute(
            "INSERT INTO incident_event (incident_id, at, event, actor) VALUES ($1, $2, 'regraded', 'engine')",
            incident_id,
            now,
        )
        assert len((await dispatcher.run_once(pool, now)).ordered) == 1


async def test_people_are_told_behind_the_orders_and_once_for_each_grade_whoever_does_it(pool, report, now):
    told = "SELECT kind, grade FROM notification WHERE kind IN ('opened', 'regraded') ORDER BY notification_id"
    incident_id = await report(grade=2)
    done = await dispatcher.send_out(pool, now)
    assert (done.planned, len(done.ordered), await pool.fetch(told)) == (1, 1, [])
    for _ in range(2):  # the process that sent them out may have died: any may do it, and several at once
        await asyncio.gather(*[dispatcher.tell(pool, now) for _ in range(3)])
        assert [tuple(row) for row in await pool.fetch(told)] == [("opened", 2)]
    await pool.execute("UPDATE incident SET grade = 1 WHERE incident_id = $1", incident_id)
    assert (await dispatcher.send_out(pool, now)).planned == 1
    await dispatcher.tell(pool, now)
    assert [tuple(row) for row in await pool.fetch(told)] == [("opened", 2), ("regraded", 1)]


async def test_whoever_has_the_duty_by_now_is_told_of_what_flares_up(pool, report, now):
    told = "SELECT kind, recipient FROM notification WHERE kind IN ('opened', 'regraded') ORDER BY notification_id"
    incident_id = await report(grade=2)
    (task_id,) = (await dispatcher.run_once(pool, now)).ordered
    await finish(pool, task_id, now)
    await pool.execute(
        "INSERT INTO contact (contact_id, name_zh, name_en, person, channels)"
        " VALUES ('b', '', '', 'duty_officer', '{console}')"
    )
    await pool.execute("UPDATE hazard SET checked_at = NULL WHERE incident_id = $1", incident_id)
    later = now + timedelta(hours=9)
    assert (await dispatcher.run_once(pool, later)).planned == 1
    assert [tuple(row) for row in await pool.fetch(told)] == [("opened", "duty_officer"), ("regraded", "b")]


@pytest.mark.parametrize(("status", "then"), [("ended", []), ("paused", ["opened"])])
async def test_of_an_exercise_people_are_told_while_it_runs(pool, report, now, status, then):
    told = "SELECT kind FROM notification WHERE kind IN ('opened', 'regraded')"
    await report()
    exercise = await pool.fetchval(
        "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at)"
        " VALUES ('flood', '内涝', 'flood', 1, 'running', $1) RETURNING exercise_id",
        now,
    )
    await pool.execute("UPDATE hazard SET incident_id = NULL")
    await pool.execute("UPDATE incident SET exercise_id = $1", exercise)
    assert (await dispatcher.send_out(pool, now)).planned == 1
    for state in (status, "running"):
        await pool.execute(
            "UPDATE exercise SET status = $2, ended_at = $3 WHERE exercise_id = $1",
            exercise,
            state,
            now if state == "ended" else None,
        )
        await dispatcher.tell(pool, now)
        assert [row["kind"] for row in await pool.fetch(told)] == ([] if state == status else then)


async def test_a_task_opened_by_another_hand_is_respected(pool, report, now):
    # The other hand commits between the dispatcher's look at the incident and its write.
    incident_id = await report()
    async with pool.acquire() as other:
        attempt = other.transaction()
        await attempt.start()
        await other.execute(
            "INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)"
            " VALUES ($1, 'gas-far', 'ordered', '{}', $2, $2)",
            incident_id,
            now,
        )
        run = asyncio.create_task(dispatcher.run_once(pool, now))
        async with asyncio.timeout(10):
            while not await pool.fetchval(WAITING):  # until it waits for the unique index
                pass
        await attempt.commit()
        assert await run == dispatcher.Dispatched(planned=1)
    assert await tasks_of(pool, incident_id) == [("gas-far", "ordered")]
    assert await pool.fetchval("SELECT count(*) FROM notification WHERE kind = 'order'") == 0


async def test_after_a_refusal_the_next_squad_goes(pool, report, now):
    incident_id = await report()
    (first,) = (await dispatcher.run_once(pool, now)).ordered
    await advance(pool, first, "refuse", "squad:gas-near", now, "no vehicle")
    assert await stage_of(pool, incident_id) == "filed"
    (second,) = (await dispatcher.run_once(pool, now)).ordered
    assert await tasks_of(pool, incident_id) == [("gas-near", "refused"), ("gas-far", "ordered")]
    decision = await pool.fetchval("SELECT decision FROM task WHERE task_id = $1", second)
    assert {s["squad_id"]: s["why"] for s in decision["passed_over"]}["gas-near"] == "declined"
    assert await events_of(pool, incident_id) == ["filed", "dispatched", "returned", "dispatched"]
    returned = await pool.fetchval(
        "SELECT detail FROM incident_event WHERE event = 'returned' ORDER BY incident_event_id DESC LIMIT 1"
    )
    assert returned == {"task_id": first, "squad_id": "gas-near", "reason": "no vehicle"}


async def test_when_all_have_refused_the_first_is_asked_again_after_a_while(pool, report, now):
    incident_id = await report()
    for squad_id in ("gas-near", "gas-far"):
        (task_id,) = (await dispatcher.run_once(pool, now)).ordered
        await advance(pool, task_id, "refuse", f"squad:{squad_id}", now)
    assert len((await dispatcher.run_once(pool, now)).unassigned) == 1
    assert (await dispatcher.run_once(pool, now + REFUSAL_STANDS)).ordered
    assert (await tasks_of(pool, incident_id))[-1] == ("gas-near", "ordered")


async def test_nobody_can_go_is_explained_and_retried_on_the_same_row(pool, report, now):
    first, second = await report(grade=2), await report(grade=3)
    await dispatcher.run_once(pool, now)
    third = await report(grade=1)
    (waiting,) = (await dispatcher.run_once(pool, now)).unassigned
    decision = await pool.fetchval("SELECT decision FROM task WHERE task_id = $1", waiting)
    assert decision["shortfall"]["en"] == "nobody with the skill gas can go: 2 busy, 1 off duty"
    assert await stage_of(pool, third) == "filed"
    assert await dispatcher.run_once(pool, now + timedelta(seconds=1)) == dispatcher.Dispatched()

    freed = await pool.fetchval("SELECT task_id FROM task WHERE incident_id = $1", second)
    await finish(pool, freed, now)
    done = await dispatcher.run_once(pool, now + timedelta(seconds=2))
    assert done.ordered == (waiting,)
    assert await tasks_of(pool, third) == [("gas-far", "ordered")]
    assert await events_of(pool, third) == ["filed", "dispatched"]
    log = await pool.fetch("SELECT event FROM task_event WHERE task_id = $1 ORDER BY task_event_id", waiting)
    assert [row["event"] for row in log] == ["unassigned", "ordered"]
    assert await tasks_of(pool, first) == [("gas-near", "ordered")]


async def test_a_shift_that_begins_takes_up_what_waits(pool, report, now):
    await report()
    await report()
    await report()
    assert len((await dispatcher.run_once(pool, now)).unassigned) == 1
    evening = now + timedelta(hours=8)  # 20:00: the night squad comes on
    assert len((await dispatcher.run_once(pool, evening)).ordered) == 1
    assert await pool.fetchval("SELECT squad_id FROM task ORDER BY task_id DESC LIMIT 1") == "gas-night"


async def test_an_explanation_is_brought_up_to_date(pool, report, enlist, squads, now):
    await enlist(*[replace(squad, skills=frozenset()) for squad in squads.values()])
    await report()
    (waiting,) = (await dispatcher.run_once(pool, now)).unassigned
    await enlist(replace(squads["gas-near"], duty_start=time(20), duty_end=time(8)))
    assert (await dispatcher.run_once(pool, now + timedelta(seconds=59))).unassigned == ()
    assert (await dispatcher.run_once(pool, now + timedelta(seconds=60))).unassigned == (waiting,)
    decision = await pool.fetchval("SELECT decision FROM task WHERE task_id = $1", waiting)
    assert decision["shortfall"]["en"] == "nobody with the skill gas can go: 1 off duty"


async def test_an_incident_closes_when_done_and_cleared(pool, report, now):
    incident_id = await report()
    (task_id,) = (await dispatcher.run_once(pool, now)).ordered
    await pool.execute("UPDATE hazard SET cleared_at = $1", now)
    assert (await dispatcher.run_once(pool, now)).closed == ()  # cleared, but the squad is still at work
    await pool.execute("UPDATE hazard SET cleared_at = NULL")
    await finish(pool, task_id, now)
    assert await stage_of(pool, incident_id) == "fed_back"
    assert (await dispatcher.run_once(pool, now)).closed == ()  # done, but the sensor still says otherwise
    await pool.execute("UPDATE hazard SET cleared_at = $1", now)
    later = now + timedelta(minutes=10)
    assert (await dispatcher.run_once(pool, later)).closed == (incident_id,)
    row = await pool.fetchrow("SELECT stage, closed_at FROM incident")
    assert tuple(row) == ("closed", later)
    wanted = ["filed", "dispatched", "handling", "fed_back", "verified", "closed"]
    assert await events_of(pool, incident_id) == wanted
    assert await dispatcher.run_once(pool, later) == dispatcher.Dispatched()


async def test_for_a_closed_incident_nobody_is_looked_for_any_more(pool, report, enlist, squads, now):
    await enlist(*[replace(squad, skills=frozenset()) for squad in squads.values()])
    incident_id = await report()
    (waiting,) = (await dispatcher.run_once(pool, now)).unassigned
    await pool.execute("UPDATE incident SET stage = 'closed', closed_at = $1", now)
    await dispatcher.run_once(pool, now)
    assert await tasks_of(pool, incident_id) == [(None, "cancelled")]
    log = await pool.fetch("SELECT event FROM task_event WHERE task_id = $1 ORDER BY task_event_id", waiting)
    assert [row["event"] for row in log] == ["unassigned", "cancelled"]


async def test_a_case_that_only_people_reported_waits_for_a_person(pool, report, now):
    incident_id = await report()
    (task_id,) = (await dispatcher.run_once(pool, now)).ordered
    await pool.execute("DELETE FROM hazard")
    await finish(pool, task_id, now)
    assert (await dispatcher.run_once(pool, now)).closed == ()
    assert await stage_of(pool, incident_id) == "fed_back"


async def test_a_squad_rests_after_its_work_and_not_again_when_that_is_checked(pool, report, enlist, squads, now):
    await enlist(replace(squads["gas-near"], rest_s=900), replace(squads["gas-far"], skills=frozenset({"cover"})))
    await report()
    (task_id,) = (await dispatcher.run_once(pool, now)).ordered
    for action in ("on_scene", "done"):
        await advance(pool, task_id, action, "squad:gas-near", now)
    await report()
    assert (await dispatcher.run_once(pool, now + timedelta(minutes=14))).ordered == ()
    await advance(pool, task_id, "check", "user:li", now + timedelta(minutes=14))
    assert len((await dispatcher.run_once(pool, now + timedelta(minutes=15))).ordered) == 1


async def test_a_hazard_that_grows_graver_after_the_squad_left_calls_one_again(pool, report, now):
    incident_id = await report(grade=3)
    (task_id,) = (await dispatcher.run_once(pool, now)).ordered
    await finish(pool, task_id, now)
    assert await dispatcher.run_once(pool, now) == dispatcher.Dispatched()
    await pool.execute("UPDATE hazard SET grade = 1, peak_grade = 1, checked_at = NULL")  # as the engine does
    assert len((await dispatcher.run_once(pool, now)).ordered) == 1
    assert await tasks_of(pool, incident_id) == [("gas-near", "done"), ("gas-near", "ordered")]
    assert (await events_of(pool, incident_id))[-2:] == ["returned", "dispatched"]
    assert await stage_of(pool, incident_id) == "dispatched"


async def test_a_burst_is_worked_off_in_bounded_runs(pool, report, now, monkeypatch):
    monkeypatch.setattr(dispatcher, "MOST_PER_RUN", 3)
    for _ in range(7):
        await report()
    runs = [await dispatcher.run_once(pool, now) for _ in range(4)]
    assert [run.more for run in runs] == [True, True, False, False]
    assert sum(len(run.ordered) + len(run.unassigned) for run in runs) == 7
    assert await pool.fetchval("SELECT count(*) FROM task") == 7
