"""Receipts on a real database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import orjson
import pytest

from dispatch import dispatcher, receipts
from dispatch.receipts import Applied

pytestmark = pytest.mark.usefixtures("squads")


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes


def answer(task_id: int, action: str, at: datetime, *, squad_id: str = "gas-near", note: str = "") -> Message:
    body = {"key": f"order-{task_id}", "action": action, "time": at, "note": note}
    return Message(f"squads/{squad_id}/receipts", orjson.dumps(body))


@pytest.fixture
async def task_id(pool, report, now) -> int:
    await report()
    (task_id,) = (await dispatcher.run_once(pool, now)).ordered
    return task_id


async def log_of(pool: asyncpg.Pool) -> list[str]:
    rows = await pool.fetch("SELECT event FROM task_event WHERE actor <> 'dispatcher' ORDER BY task_event_id")
    return [row["event"] for row in rows]


async def quarantined(pool: asyncpg.Pool) -> list[tuple[bytes, str]]:
    rows = await pool.fetch("SELECT payload, reason FROM quarantine ORDER BY quarantine_id")
    return [tuple(row) for row in rows]


async def test_received_stops_the_resending_and_is_logged_once(pool, task_id, now):
    received = answer(task_id, "received", now)
    assert await receipts.apply(pool, [received, received], now) == Applied(applied=1, repeated=1)
    assert await receipts.apply(pool, [received], now) == Applied(repeated=1)
    assert tuple(await pool.fetchrow("SELECT next_attempt_at, received_at FROM notification WHERE kind = 'order'")) == (
        None,
        now,
    )
    assert await log_of(pool) == ["received"]
    assert await pool.fetchval("SELECT status FROM task") == "ordered"


async def test_a_batch_keeps_its_order_and_every_stage(pool, task_id, now):
    later = now + timedelta(minutes=9)
    batch = [
        answer(task_id, action, now + timedelta(minutes=n))
        for n, action in enumerate(("received", "accept", "en_route", "on_scene", "done"))
    ]
    assert await receipts.apply(pool, batch, later) == Applied(applied=5)
    assert await log_of(pool) == ["received", "accepted", "en_route", "on_scene", "done"]
    assert tuple(await pool.fetchrow("SELECT status, updated_at FROM task")) == ("done", later)
    stages = await pool.fetch("SELECT event, at, actor FROM incident_event ORDER BY incident_event_id OFFSET 2")
    assert [tuple(row) for row in stages] == [
        ("handling", now + timedelta(minutes=1), "squad:gas-near"),
        ("fed_back", now + timedelta(minutes=4), "squad:gas-near"),
    ]
    assert await pool.fetchval("SELECT checked_at FROM hazard") == now + timedelta(minutes=4)
    assert await receipts.apply(pool, batch, later) == Applied(repeated=5)
    assert len(await log_of(pool)) == 5


async def test_several_tasks_in_one_batch(pool, report, task_id, now):
    await report()
    (other,) = (await dispatcher.run_once(pool, now)).ordered
    batch = [
        answer(other, "accept", now, squad_id="gas-far"),
        answer(task_id, "refuse", now, note="flat tyre"),
        answer(other, "en_route", now, squad_id="gas-far"),
    ]
    assert await receipts.apply(pool, batch, now) == Applied(applied=3)
    rows = await pool.fetch("SELECT status FROM task ORDER BY task_id")
    assert [row["status"] for row in rows] == ["refused", "en_route"]
    rows = await pool.fetch("SELECT stage FROM incident ORDER BY incident_id")
    assert [row["stage"] for row in rows] == ["filed", "handling"]
    assert await pool.fetchval("SELECT note FROM task_event WHERE event = 'refused'") == "flat tyre"


async def test_bad_ones_are_kept_with_their_reason_and_neighbours_applied(pool, task_id, now):
    bad = [
        Message("squads/gas-near/receipts", b"{not json"),
        answer(task_id + 1000, "accept", now),
        answer(task_id, "accept", now, squad_id="gas-far"),
        answer(task_id, "done", now),
    ]
    batch = [*bad[:2], answer(task_id, "received", now), *bad[2:], answer(task_id, "accept", now)]
    assert await receipts.apply(pool, batch, now) == Applied(applied=2, rejected=4)
    assert await log_of(pool) == ["received", "accepted"]
    held = dict(await quarantined(pool))
    assert set(held) == {message.payload for message in bad}
    assert held[bad[0].payload].startswith("not a receipt: ")
    assert held[bad[1].payload] == f"no order has the key order-{task_id + 1000}"
    assert held[bad[3].payload].startswith(f"task {task_id}: done is not possible")


async def test_a_squad_can_not_answer_for_another(pool, task_id, now):
    stolen = answer(task_id, "accept", now, squad_id="gas-far")
    assert await receipts.apply(pool, [stolen], now) == Applied(rejected=1)
    ((_, reason),) = await quarantined(pool)
    assert reason == f"order-{task_id} was ordered from gas-near, not from gas-far"
    assert await pool.fetchval("SELECT received_at FROM notification WHERE kind = 'order'") is None


async def test_a_task_that_nobody_was_ordered_for_has_no_key(pool, report, now):
    await report(skill="medical")
    (waiting,) = (await dispatcher.run_once(pool, now)).unassigned
    assert await receipts.apply(pool, [answer(waiting, "accept", now)], now) == Applied(rejected=1)


async def test_a_clock_that_is_off_gives_way_to_the_hubs(pool, task_id, now):
    wild = [
        Message("squads/gas-near/receipts", orjson.dumps({"key": f"order-{task_id}", "action": action, "time": time}))
        for action, time in [("accept", "0001-01-01T00:00:00+14:00"), ("en_route", "9999-12-31T23:59:59-12:00")]
    ]
    later = now + timedelta(minutes=1)
    assert await receipts.apply(pool, wild, later) == Applied(applied=2)
    rows = await pool.fetch("SELECT at FROM task_event WHERE actor <> 'dispatcher'")
    assert [row["at"] for row in rows] == [later, later]


async def test_a_late_yes_to_a_called_off_task_is_shown_to_a_person(pool, task_id, now):
    await pool.execute("UPDATE task SET status = 'cancelled'")
    assert await receipts.apply(pool, [answer(task_id, "accept", now)], now) == Applied(rejected=1)
    ((_, reason),) = await quarantined(pool)
    assert reason == f"task {task_id}: accept is not possible, the task is cancelled"
