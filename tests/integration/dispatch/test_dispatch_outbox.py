"""The outbox on a real database; the broker is played by a function."""

import asyncio
from datetime import timedelta

import asyncpg
import orjson
import pytest

from dispatch import dispatcher, notify
from dispatch.notify import HAND_OVER, LEASE, PublishError, Sent
from dispatch.tasks import advance

pytestmark = pytest.mark.usefixtures("squads")


class Wire:
    """Takes down what is published."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, object]]] = []

    async def publish(self, topic: str, payload: bytes) -> None:
        self.sent.append((topic, orjson.loads(payload)))

    @property
    def keys(self) -> list[object]:
        return [order["key"] for _, order in self.sent]


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def task_id(pool, report, now) -> int:
    await report()
    (task_id,) = (await dispatcher.run_once(pool, now)).ordered
    return task_id


async def row_of(pool: asyncpg.Pool) -> asyncpg.Record:
    return await pool.fetchrow(
        "SELECT attempts, next_attempt_at, sent_at, received_at FROM notification WHERE kind = 'order'"
    )


async def test_an_order_goes_out_and_again_under_the_same_key_until_confirmed(pool, task_id, wire, now):
    assert await notify.run_once(pool, wire.publish, now, prefix="p") == Sent(sent=1)
    assert wire.sent[0][0] == "p/gas-near/orders"
    assert wire.sent[0][1]["task_id"] == task_id
    row = await row_of(pool)
    assert (row["attempts"], row["sent_at"]) == (1, now)
    assert timedelta(seconds=2.5) <= row["next_attempt_at"] - now <= timedelta(seconds=5)

    assert await notify.run_once(pool, wire.publish, now + timedelta(seconds=2)) == Sent()
    assert await notify.run_once(pool, wire.publish, now + timedelta(seconds=5)) == Sent(sent=1, resent=1)
    assert wire.keys == [f"order-{task_id}"] * 2
    row = await row_of(pool)
    assert row["next_attempt_at"] - row["sent_at"] >= timedelta(seconds=5)

    await advance(pool, task_id, "accept", "squad:gas-near", now + timedelta(seconds=6))
    assert await notify.run_once(pool, wire.publish, now + timedelta(days=1)) == Sent()
    assert (await row_of(pool))["next_attempt_at"] is None


async def test_what_the_broker_did_not_take_is_tried_again(pool, task_id, wire, now):
    async def refuse(topic: str, payload: bytes) -> None:
        raise PublishError(zh="没有连接", en="not connected to the broker")

    assert await notify.run_once(pool, refuse, now) == Sent(failed=1)
    row = await row_of(pool)
    assert (row["attempts"], row["sent_at"]) == (1, None)
    assert row["next_attempt_at"] <= now + timedelta(seconds=5)
    assert await notify.run_once(pool, wire.publish, now + timedelta(seconds=5)) == Sent(sent=1)


async def test_one_that_fails_does_not_hold_up_the_others(pool, report, task_id, wire, now):
    await report()
    await dispatcher.run_once(pool, now)

    async def choosy(topic: str, payload: bytes) -> None:
        if "gas-near" in topic:
            raise PublishError(zh="被拒绝", en="refused")
        await wire.publish(topic, payload)

    assert await notify.run_once(pool, choosy, now) == Sent(sent=1, failed=1)
    assert [topic for topic, _ in wire.sent] == ["squads/gas-far/orders"]


async def test_a_broker_that_does_not_answer_is_waited_for_only_so_long(pool, task_id, wire, now, monkeypatch):
    monkeypatch.setattr(notify, "SEND_WITHIN_S", 0.01)
    never = asyncio.Event()

    async def hang(topic: str, payload: bytes) -> None:
        await never.wait()

    assert await notify.run_once(pool, hang, now) == Sent(failed=1)
    assert await notify.run_once(pool, wire.publish, now + timedelta(seconds=5)) == Sent(sent=1)


async def test_a_process_that_dies_while_sending_leaves_the_order_due_after_its_lease(pool, task_id, wire, now):
    reached = asyncio.Event()

    async def send_and_die(topic: str, payload: bytes) -> None:
        await wire.publish(topic, payload)
        reached.set()
        await asyncio.Event().wait()

    dying = asyncio.create_task(notify.run_once(pool, send_and_die, now))
    await reached.wait()
    # Nothing is locked meanwhile: the receipt of the copy that arrived could be written.
    async with asyncio.timeout(5):
        await pool.execute("SELECT FROM notification FOR UPDATE NOWAIT")
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    assert await notify.run_once(pool, wire.publish, now + LEASE - timedelta(seconds=1)) == Sent()
    assert await notify.run_once(pool, wire.publish, now + LEASE) == Sent(sent=1)
    assert wire.keys == [f"order-{task_id}"] * 2


async def test_orders_that_are_handed_over_are_sent_by_nobody_else_until_their_lease_ends(pool, report, wire, now):
    await report()
    done = await dispatcher.send_out(pool, now, lease=HAND_OVER)
    assert await notify.run_once(pool, wire.publish, now) == Sent()
    assert await notify.run_once(pool, wire.publish, now, leased=done.orders) == Sent(sent=1, more=True)
    assert wire.sent[0][0] == "squads/gas-near/orders"
    row = await row_of(pool)
    assert (row["attempts"], row["sent_at"]) == (1, now)
    assert row["next_attempt_at"] <= now + timedelta(seconds=5)
    assert await notify.run_once(pool, wire.publish, now + timedelta(seconds=5)) == Sent(sent=1, resent=1)
    assert wire.sent[0] == wire.sent[1]


async def test_orders_of_a_process_that_dies_with_them_in_its_hands_go_out_after_their_lease(pool, report, wire, now):
    await report()
    await dispatcher.send_out(pool, now, lease=HAND_OVER)
    assert await notify.run_once(pool, wire.publish, now + HAND_OVER - timedelta(seconds=1)) == Sent()
    assert await notify.run_once(pool, wire.publish, now + HAND_OVER) == Sent(sent=1)


async def test_orders_that_were_held_too_long_are_left_to_the_outbox(pool, report, wire, now):
    await report()
    done = await dispatcher.send_out(pool, now, lease=HAND_OVER)
    (task_id,) = done.ordered
    later = now + HAND_OVER - timedelta(seconds=notify.SEND_WITHIN_S)
    await advance(pool, task_id, "cancel", "user:li", later)
    assert await notify.run_once(pool, wire.publish, later, leased=done.orders) == Sent(more=True)
    await notify.run_once(pool, wire.publish, now + HAND_OVER)
    assert f"order-{task_id}" not in wire.keys


async def test_a_receipt_that_overtakes_the_bookkeeping_wins(pool, task_id, wire, now):
    async def answered_at_once(topic: str, payload: bytes) -> None:
        await wire.publish(topic, payload)
        await advance(pool, task_id, "accept", "squad:gas-near", now)

    assert await notify.run_once(pool, answered_at_once, now) == Sent(sent=1)
    row = await row_of(pool)
    assert (row["next_attempt_at"], row["sent_at"], row["received_at"]) == (None, now, now)


async def test_two_outboxes_at_once_send_each_order_once(pool, report, wire, now):
    await pool.execute("UPDATE squad SET skills = '{gas}', duty_start = '00:00', duty_end = '00:00'")
    for _ in range(4):
        await report()
    await dispatcher.run_once(pool, now)
    await asyncio.gather(*[notify.run_once(pool, wire.publish, now) for _ in range(4)])
    assert len(wire.keys) == len(set(wire.keys)) == 4


async def test_the_gravest_goes_first(pool, report, wire, now):
    await pool.execute("UPDATE squad SET skills = '{gas}', duty_start = '00:00', duty_end = '00:00'")
    for grade in (3, 1, 2):
        await report(grade=grade)
        await dispatcher.run_once(pool, now)
    await notify.run_once(pool, wire.publish, now)
    assert [order["grade"] for _, order in wire.sent] == [1, 2, 3]


async def test_an_order_that_was_called_off_is_not_sent(pool, task_id, wire, now):
    await advance(pool, task_id, "cancel", "key:desk", now)
    assert await notify.run_once(pool, wire.publish, now) == Sent()
