"""Exercises beside the real world: the same stages, and nothing of one in the other."""

from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from dispatch import auditor, dispatcher, messages, notify, watch
from dispatch.channels import Channels
from dispatch.exercises import end_exercise, open_exercise, resume_exercise, status_of
from dispatch.planbook import adopt
from dispatch.plans import Plan, read_plans
from dispatch.supplies import Item, Store, Supplies, save_supplies
from dispatch.tasks import advance
from dispatch.words import Words

PLANS = {plan.hazard_type: plan for plan in read_plans(Path(__file__).parents[3] / "counties/guangning/plans")}
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def exercise_id(pool: asyncpg.Pool, squads: object, now: datetime) -> int:
    """An exercise in which only the far squad is enrolled."""
    async with pool.acquire() as connection:
        exercise = await open_exercise(
            connection, "leak", Words("漏气", "leak"), 1, sensors=(), squads=("gas-far",), now=now
        )
    return exercise.exercise_id


async def drilled(pool: asyncpg.Pool, exercise_id: int, now: datetime, grade: int = 2) -> int:
    """An incident of the exercise."""
    number: int = await pool.fetchval(
        "INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, longitude, latitude, opened_at,"
        " exercise_id) VALUES ('gas', 'gas_leak', $1, 'gas', '【演练】漏气', 'DRILL leak', 112.445, 23.645, $2, $3)"
        " RETURNING incident_id",
        grade,
        now,
        exercise_id,
    )
    return number


async def in_force(pool: asyncpg.Pool, now: datetime) -> None:
    plan = PLANS["gas_combustible"]
    async with pool.acquire() as connection:
        await adopt(connection, [Plan("gas_leak", plan.title, plan.source, plan.grades)], now)


async def test_only_enrolled_squads_are_sent_and_all_that_they_hear_is_marked(pool, exercise_id, now) -> None:
    await drilled(pool, exercise_id, now)
    await dispatcher.run_once(pool, now)
    heard = []

    async def publish(topic: str, payload: bytes) -> None:
        heard.append((topic, payload.decode()))

    await notify.run_once(pool, publish, now)
    await watch.run_once(pool, now + 2 * MINUTE)
    await notify.run_once(pool, publish, now + 2 * MINUTE)
    topics = {topic for topic, _ in heard}
    assert topics == {"squads/gas-far/orders", "squads/gas-far/notices"}
    assert all("【演练】" in text and f'"exercise_id":{exercise_id}' in text for _, text in heard)


async def test_a_real_order_says_nothing_of_exercises(pool, squads, report, now) -> None:
    await report()
    await dispatcher.run_once(pool, now)
    assert "exercise_id" not in await pool.fetchval("SELECT body FROM notification WHERE kind = 'order'")


async def test_people_who_are_not_enrolled_are_not_told_but_the_console_shows_it(
    pool, exercise_id, report, now
) -> None:
    await pool.execute(
        "INSERT INTO contact (contact_id, name_zh, name_en, person, channels)"
        " VALUES ('wang', '王', 'Wang', 'duty_officer', '{sms}')"
    )
    await drilled(pool, exercise_id, now)
    await dispatcher.run_once(pool, now)
    await watch.run_once(pool, now + 30 * MINUTE)
    rows = await pool.fetch(
        "SELECT recipient, channel, body #>> '{text,zh}' AS zh FROM notification WHERE channel <> 'mqtt'"
    )
    assert {row["channel"] for row in rows} == {"console"}
    assert "duty_officer" in {row["recipient"] for row in rows}
    assert all(row["zh"].startswith("【演练】") and row["zh"].count("演练") == 1 for row in rows)
    await pool.execute("UPDATE exercise SET status = 'ended' WHERE exercise_id = $1", exercise_id)
    await report(skill="bridge")
    await dispatcher.run_once(pool, now + 31 * MINUTE)
    assert await pool.fetchval("SELECT count(*) FROM notification WHERE (recipient, channel) = ('wang', 'sms')") > 0


async def test_enrolled_people_are_told_on_their_channels_and_not_while_a_real_red_is_open(
    pool, exercise_id, report, now
) -> None:
    await pool.execute(
        "INSERT INTO contact (contact_id, name_zh, name_en, person, channels) VALUES"
        " ('wang', '王', 'Wang', 'duty_officer', '{sms,pager}'), ('li', '李', 'Li', 'duty_officer', '{sms}')"
    )
    await pool.execute("INSERT INTO exercise_contact VALUES ($1, 'wang', '{pager}')", exercise_id)
    await drilled(pool, exercise_id, now)
    await dispatcher.run_once(pool, now)
    told = "SELECT recipient, channel, next_attempt_at FROM notification WHERE exercise_id <> 0 AND channel <> 'mqtt'"
    ((recipient, channel, due),) = await pool.fetch(f"{told} AND channel <> 'console'")
    assert (recipient, channel, due) == ("wang", "pager", now)
    await report(grade=1)
    await dispatcher.run_once(pool, now)  # pauses the exercise
    sent = await messages.run_once(pool, Channels(), now)
    assert sent.failed > 0  # there is no such channel here, so what is tried fails
    tried = await pool.fetch("SELECT exercise_id FROM notification WHERE channel <> 'mqtt' AND attempts > 0")
    assert {row["exercise_id"] for row in tried} == {0}
    async with pool.acquire() as connection:
        await end_exercise(connection, exercise_id, {}, now)
    assert await pool.fetchval(f"SELECT count(*) FROM ({told}) AS told WHERE next_attempt_at IS NOT NULL") == 0
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="li is not enrolled"):
        await pool.execute("UPDATE notification SET recipient = 'li' WHERE recipient = 'wang' AND exercise_id <> 0")


async def test_an_exercise_reserves_no_materials(pool, exercise_id, report, now) -> None:
    await in_force(pool, now)
    wanted = PLANS["gas_combustible"].at(1).materials
    items = tuple(Item(item, item, item, "个", 100) for item in wanted)
    async with pool.acquire() as connection:
        await save_supplies(connection, Supplies((Store("depot", "库", "Depot", 112.44, 23.64, items=items),)), now)
    await drilled(pool, exercise_id, now, grade=1)
    await dispatcher.run_once(pool, now)
    assert await pool.fetchval("SELECT sum(reserved) FROM stock") == 0
    real = await report()
    await dispatcher.run_once(pool, now)
    assert await pool.fetchval("SELECT sum(reserved) FROM stock") == sum(wanted.values()) > 0
    await pool.execute("UPDATE incident SET stage = 'closed', closed_at = $2 WHERE incident_id = $1", real, now)
    await dispatcher.run_once(pool, now)
    assert await pool.fetchval("SELECT sum(reserved) FROM stock") == 0


async def test_a_real_red_stops_the_exercise_and_its_clocks_until_it_is_resumed(pool, exercise_id, report, now) -> None:
    drill = await drilled(pool, exercise_id, now, grade=1)
    await dispatcher.run_once(pool, now)
    real = await report(grade=1)
    await dispatcher.run_once(pool, now + MINUTE)
    stage = "SELECT stage FROM incident WHERE incident_id = $1"
    assert await pool.fetchval(stage, drill) == "filed"
    assert await pool.fetchval(stage, real) == "dispatched"
    async with pool.acquire() as connection:
        assert await status_of(connection, exercise_id) == "paused"
    told = "SELECT count(*) FROM notification WHERE exercise_id <> 0"
    before = await pool.fetchval(told)
    await watch.run_once(pool, now + 60 * MINUTE)
    assert await pool.fetchval(told) == before
    await pool.execute("UPDATE incident SET stage = 'closed', closed_at = $2 WHERE incident_id = $1", real, now)
    async with pool.acquire() as connection:
        await resume_exercise(connection, exercise_id)
    await dispatcher.run_once(pool, now + 60 * MINUTE)
    assert await pool.fetchval(stage, drill) == "dispatched"


async def test_an_exercise_takes_no_squad_off_real_work(pool, exercise_id, report, now) -> None:
    await in_force(pool, now)
    await pool.execute("DELETE FROM squad WHERE squad_id <> 'gas-far'")
    await report(grade=3)
    await dispatcher.run_once(pool, now)
    await drilled(pool, exercise_id, now, grade=1)
    await dispatcher.run_once(pool, now)
    assert await pool.fetchval("SELECT count(*) FROM task WHERE exercise_id = 0 AND squad_id = 'gas-far' AND open") == 1
    assert await pool.fetchval("SELECT count(*) FROM notification WHERE kind = 'preemption'") == 0


async def test_real_work_takes_a_squad_off_an_exercise_where_nobody_else_is_free(
    pool, exercise_id, report, now
) -> None:
    drill = await drilled(pool, exercise_id, now, grade=3)
    (practised,) = (await dispatcher.run_once(pool, now)).ordered
    await advance(pool, practised, "on_scene", "squad:gas-far", now)
    await report(grade=4)
    await dispatcher.run_once(pool, now)
    status = "SELECT status FROM task WHERE task_id = $1"
    assert await pool.fetchval(status, practised) == "on_scene"  # another squad was free
    await pool.execute("UPDATE notification SET attempts = 1")  # the orders have left
    real = await report(grade=4)
    await dispatcher.run_once(pool, now)
    assert await pool.fetchval(status, practised) == "cancelled"
    squad = "SELECT squad_id FROM task WHERE incident_id = $1 AND open"
    assert await pool.fetchval(squad, real) == "gas-far"
    (told,) = await pool.fetch("SELECT recipient, body FROM notification WHERE kind = 'cancelled'")
    assert (told["recipient"], told["body"]["exercise_id"]) == ("gas-far", exercise_id)
    await dispatcher.run_once(pool, now)
    assert await pool.fetchval(squad, drill) is None


async def test_an_exercise_that_has_ended_leaves_nothing_open(pool, exercise_id, now) -> None:
    for _ in range(2):
        await drilled(pool, exercise_id, now)
    await dispatcher.run_once(pool, now)
    await advance(pool, await pool.fetchval("SELECT min(task_id) FROM task WHERE open"), "accept", "key:desk", now)
    async with pool.acquire() as connection:
        await end_exercise(connection, exercise_id, {}, now)
    await dispatcher.run_once(pool, now)
    assert await pool.fetchval("SELECT count(*) FROM task WHERE open") == 0
    assert await auditor.run_once(pool, now + 60 * MINUTE) == ()
