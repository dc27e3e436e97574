"""What reports do to task, incident and hazards."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from dispatch import dispatcher
from dispatch.steps import TransitionError, UnknownTaskError
from dispatch.tasks import advance

pytestmark = pytest.mark.usefixtures("squads")

SQUAD = "squad:gas-near"


@pytest.fixture
async def task_id(pool, report, now) -> int:
    """A task just ordered from gas-near."""
    await report()
    (task_id,) = (await dispatcher.run_once(pool, now)).ordered
    return task_id


async def log_of(pool: asyncpg.Pool, task_id: int) -> list[tuple[str, str, str]]:
    rows = await pool.fetch(
        "SELECT event, actor, note FROM task_event WHERE task_id = $1 AND actor <> 'dispatcher' ORDER BY task_event_id",
        task_id,
    )
    return [tuple(row) for row in rows]


async def test_a_whole_life(pool, task_id, now):
    stages = []
    for minute, action in enumerate(("accept", "en_route", "on_scene", "done")):
        at = now + timedelta(minutes=minute)
        task = await advance(pool, task_id, action, SQUAD, at, f"n{minute}")
        assert (task.squad_id, task.updated_at) == ("gas-near", at)
        stages.append((task.status, await pool.fetchval("SELECT stage FROM incident")))
    assert stages == [
        ("accepted", "handling"),
        ("en_route", "handling"),
        ("on_scene", "handling"),
        ("done", "fed_back"),
    ]
    assert await log_of(pool, task_id) == [
        ("accepted", SQUAD, "n0"),
        ("en_route", SQUAD, "n1"),
        ("on_scene", SQUAD, "n2"),
        ("done", SQUAD, "n3"),
    ]
    handling = await pool.fetchrow("SELECT at, actor, detail FROM incident_event WHERE event = 'handling'")
    assert tuple(handling) == (now, SQUAD, {"task_id": task_id, "squad_id": "gas-near", "note": "n0"})


async def test_done_frees_the_latch_of_what_is_still_open(pool, task_id, now, database_url):
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    try:
        await listener.add_listener("lifeline", lambda *said: heard.put_nowait(said[3]))
        await advance(pool, task_id, "on_scene", SQUAD, now)
        assert await pool.fetchval("SELECT checked_at FROM hazard") is None
        later = now + timedelta(minutes=5)
        await advance(pool, task_id, "done", SQUAD, later, "valve closed")
        async with asyncio.timeout(5):
            while await heard.get() != "hazard":
                pass
    finally:
        await listener.close()
    assert await pool.fetchval("SELECT checked_at FROM hazard") == later
    event = await pool.fetchrow("SELECT at, event, grade, reason_zh, reason_en, actor FROM hazard_event")
    assert tuple(event) == (
        later,
        "checked",
        1,
        f"任务{task_id}已完成，现场核查完毕：valve closed",
        f"task {task_id} done, checked on site: valve closed",
        SQUAD,
    )
    await advance(pool, task_id, "done", SQUAD, later + timedelta(hours=1))
    assert await pool.fetchval("SELECT count(*) FROM hazard_event") == 1


async def test_a_cleared_hazard_is_not_checked_any_more(pool, task_id, now):
    await pool.execute("UPDATE hazard SET cleared_at = $1", now)
    await advance(pool, task_id, "on_scene", SQUAD, now)
    await advance(pool, task_id, "done", SQUAD, now)
    assert await pool.fetchval("SELECT count(checked_at) FROM hazard") == 0


async def test_repeating_changes_nothing(pool, task_id, now):
    first = await advance(pool, task_id, "accept", SQUAD, now)
    again = await advance(pool, task_id, "accept", SQUAD, now + timedelta(minutes=1))
    assert again == first
    assert len(await log_of(pool, task_id)) == 1


async def test_what_is_not_possible_leaves_no_trace(pool, task_id, now):
    with pytest.raises(TransitionError, match=f"task {task_id}: done is not possible"):
        await advance(pool, task_id, "done", SQUAD, now)
    with pytest.raises(UnknownTaskError, match="no task 999"):
        await advance(pool, 999, "accept", SQUAD, now)
    assert await log_of(pool, task_id) == []
    assert await pool.fetchval("SELECT status FROM task") == "ordered"


@pytest.mark.parametrize("action", ["refuse", "cancel"])
async def test_a_task_that_ends_early_stops_its_order_and_returns_the_incident(pool, task_id, now, action):
    await advance(pool, task_id, action, "key:desk", now, "not needed")
    assert await pool.fetchval("SELECT next_attempt_at FROM notification WHERE kind = 'order'") is None
    assert await pool.fetchval("SELECT received_at FROM notification WHERE kind = 'order'") is None
    assert await pool.fetchval("SELECT stage FROM incident") == "filed"


async def test_a_report_of_the_squad_is_a_receipt(pool, task_id, now):
    await advance(pool, task_id, "accept", SQUAD, now)
    assert tuple(await pool.fetchrow("SELECT next_attempt_at, received_at FROM notification WHERE kind = 'order'")) == (
        None,
        now,
    )


async def test_it_takes_part_in_the_callers_transaction(pool, task_id, now):
    async with pool.acquire() as connection:
        attempt = connection.transaction()
        await attempt.start()
        assert (await advance(connection, task_id, "accept", "key:desk", now)).status == "accepted"
        await attempt.rollback()
    assert await pool.fetchval("SELECT status FROM task") == "ordered"
    assert await log_of(pool, task_id) == []


async def test_of_two_at_once_one_is_told_no(pool, task_id, now):
    answers = await asyncio.gather(
        advance(pool, task_id, "refuse", SQUAD, now),
        advance(pool, task_id, "cancel", "key:desk", now),
        return_exceptions=True,
    )
    assert sorted(isinstance(answer, TransitionError) for answer in answers) == [False, True]
    assert len(await log_of(pool, task_id)) == 1


async def test_history_can_not_be_rewritten(pool, task_id):
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await pool.execute("UPDATE task_event SET note = 'x'")
