"""Acceptance drills: what happens when squads don't answer, can't go or are too few. Time jumps; nobody sleeps."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import orjson
import pytest

from dispatch import auditor, dispatcher, messages, notify, permits, receipts, watch
from dispatch.channels import Channels
from dispatch.contacts import Contact, Contacts, save_contacts
from dispatch.notify import PublishError
from dispatch.planbook import adopt, approve, propose
from dispatch.plans import Plan, read_plans
from dispatch.reports import file_report
from dispatch.steps import TransitionError
from dispatch.tasks import advance
from dispatch.throttle import Policy

PLANS = {plan.hazard_type: plan for plan in read_plans(Path(__file__).parents[3] / "counties/guangning/plans")}
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Answer:
    """A message on a receipts topic."""

    topic: str
    payload: bytes


@dataclass
class Hub:
    """The stages of dispatch at a time that only the test moves, and a wire that may be cut."""

    pool: asyncpg.Pool
    now: datetime
    is_cut: bool = False
    wire: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    async def publish(self, topic: str, payload: bytes) -> None:
        if self.is_cut:
            raise PublishError(zh="没有连接", en="not connected to the broker")
        self.wire.append((topic, orjson.loads(payload)))

    async def round(self) -> None:
        """Every stage once."""
        await watch.run_once(self.pool, self.now)
        await permits.run_once(self.pool, self.now)
        await dispatcher.run_once(self.pool, self.now)
        await notify.run_once(self.pool, self.publish, self.now)
        await messages.run_once(self.pool, Channels(), self.now)

    async def wait(self, time: timedelta, step: timedelta = timedelta(seconds=10)) -> None:
        """Let time pass in steps, with a round after each."""
        until = self.now + time
        while self.now < until:
            self.now = min(until, self.now + step)
            await self.round()

    async def answer(self, squad: str, task_id: int, action: str, note: str = "") -> None:
        await self._receive(squad, f"order-{task_id}", action, note)

    async def say(self, squad: str, action: str, note: str = "") -> None:
        """What a squad says of itself."""
        await self._receive(squad, "squad-status", action, note)

    async def _receive(self, squad: str, key: str, action: str, note: str) -> None:
        receipt = {"key": key, "action": action, "time": self.now, "note": note}
        message = Answer(f"squads/{squad}/receipts", orjson.dumps(receipt))
        applied = await receipts.apply(self.pool, [message], self.now)
        assert applied.rejected == 0

    async def tasks(self) -> list[tuple[str | None, str]]:
        return [tuple(row) for row in await self.pool.fetch("SELECT squad_id, status FROM task ORDER BY task_id")]

    async def told(self, kind: str) -> list[str]:
        """Whom the people's notices of this kind were for, in their order."""
        rows = await self.pool.fetch(
            "SELECT recipient FROM notification WHERE kind = $1 AND channel <> 'mqtt' ORDER BY notification_id", kind
        )
        return [row["recipient"] for row in rows]

    def orders(self) -> list[tuple[str, str]]:
        """Squad and key of the orders on the wire, repetitions left out."""
        sent = [(topic.split("/")[1], str(body["key"])) for topic, body in self.wire if topic.endswith("/orders")]
        return list(dict.fromkeys(sent))

    def notices(self, squad: str) -> list[str]:
        """Kinds of what a squad was told beside its orders, repetitions left out."""
        told = [(body["key"], body["kind"]) for topic, body in self.wire if topic == f"squads/{squad}/notices"]
        return [str(kind) for _, kind in dict.fromkeys(told)]


@pytest.fixture
async def hub(pool: asyncpg.Pool, squads: object, now: datetime) -> AsyncIterator[Hub]:
    """After each drill nothing that is open may be without a running clock."""
    hub = Hub(pool, now)
    yield hub
    assert await auditor.run_once(pool, hub.now) == ()


async def in_force(pool: asyncpg.Pool, now: datetime, **changes: object) -> None:
    """Put Guangning's plan for combustible gas in force for the incidents of these tests."""
    plan = PLANS["gas_combustible"]
    async with pool.acquire() as connection:
        await adopt(connection, [Plan("gas_leak", plan.title, plan.source, {**plan.grades, **changes})], now)


async def test_three_minutes_without_confirmation_call_the_next_squad(hub: Hub, report) -> None:
    await report()
    await hub.round()
    assert hub.orders() == [("gas-near", "order-1")]
    await hub.wait(timedelta(seconds=179))
    assert await hub.tasks() == [("gas-near", "ordered")]
    assert hub.notices("gas-near") == ["reminder"]
    await hub.wait(timedelta(seconds=1))
    assert await hub.tasks() == [("gas-near", "cancelled"), ("gas-far", "ordered")]
    assert hub.orders() == [("gas-near", "order-1"), ("gas-far", "order-2")]
    assert hub.notices("gas-near") == ["reminder", "cancelled"]
    assert await hub.pool.fetchval("SELECT ended_for FROM task WHERE task_id = 1") == "unconfirmed"


async def test_the_ladder_is_climbed_until_somebody_confirms(hub: Hub, report) -> None:
    await report()
    await hub.round()
    await hub.wait(11 * MINUTE)
    assert await hub.told("overdue") == ["leader", "duty_officer"]
    squad, status = (await hub.tasks())[-1]
    assert (squad, status) == ("gas-far", "ordered")  # asked in turn, as nobody else is left
    task_id = await hub.pool.fetchval("SELECT max(task_id) FROM task")
    await hub.answer("gas-far", task_id, "accept")
    await hub.wait(9 * MINUTE)
    assert await hub.told("overdue") == ["leader", "duty_officer"]  # and not the county leader after 20 minutes
    await hub.wait(2 * MINUTE)
    assert hub.notices("gas-far")[-1] == "reminder"  # it should have set out within 10 minutes


async def test_what_people_were_not_told_yet_of_the_wait_is_not_told_once_it_is_over(hub: Hub, report) -> None:
    leader = Contact("leader-1", "某人", "Somebody", "leader", channels=("pager",))
    async with hub.pool.acquire() as connection:
        await save_contacts(connection, Contacts((leader,), (), Policy(quiet={"yellow": (0, 24)})))
    await report(grade=3)
    await hub.round()
    await hub.wait(6 * MINUTE, MINUTE)
    waiting = "SELECT count(*) FROM notification WHERE kind = 'overdue' AND next_attempt_at IS NOT NULL"
    assert await hub.pool.fetchval(waiting) == 1  # of the first squad, held by the quiet hours
    squad, _ = (await hub.tasks())[-1]
    assert squad is not None
    await hub.answer(squad, await hub.pool.fetchval("SELECT max(task_id) FROM task"), "accept")
    assert await hub.pool.fetchval(waiting) == 0
    assert await hub.pool.fetchval("SELECT sent_at FROM notification WHERE kind = 'overdue'") is None


async def test_a_confirmed_squad_that_is_late_is_reminded_and_told_of(hub: Hub, report) -> None:
    await report()
    await hub.round()
    await hub.answer("gas-near", 1, "en_route")
    await hub.wait(66 * MINUTE, MINUTE)
    assert await hub.told("overdue") == ["leader"]  # an hour to arrive, five minutes more
    text = await hub.pool.fetchval("SELECT body FROM notification WHERE kind = 'overdue'")
    assert "hasn't arrived in time" in text["text"]["en"]
    assert "未按时到达" in text["text"]["zh"]
    await hub.answer("gas-near", 1, "on_scene")
    await hub.answer("gas-near", 1, "done")
    await hub.wait(120 * MINUTE, 10 * MINUTE)
    assert await hub.told("overdue") == ["leader"]


async def test_all_squads_busy_is_told_to_the_officer_at_once(hub: Hub, report) -> None:
    for _ in range(3):
        await report(grade=2)
    await hub.round()
    assert await hub.told("shortfall") == ["duty_officer"]
    body = await hub.pool.fetchval("SELECT body FROM notification WHERE kind = 'shortfall'")
    assert body["text"]["en"] == "Incident 3: nobody with the skill gas can go: 2 sent elsewhere, 1 off duty"
    for number, squad in ((1, "gas-near"), (2, "gas-far")):
        await hub.answer(squad, number, "accept")
    await hub.wait(21 * MINUTE, MINUTE)
    third = "SELECT recipient FROM notification WHERE kind = 'overdue' AND incident_id = 3 ORDER BY notification_id"
    told = [row["recipient"] for row in await hub.pool.fetch(third)]
    assert told == ["leader", "duty_officer", "county_leader"]
    for action in ("on_scene", "done"):
        await hub.answer("gas-near", 1, action)
    await hub.round()
    assert (await hub.tasks())[2] == ("gas-near", "ordered")


async def test_a_refusal_calls_the_next_squad_at_once(hub: Hub, report) -> None:
    await report()
    await hub.round()
    await hub.answer("gas-near", 1, "refuse", "车辆故障")
    await hub.round()
    assert await hub.tasks() == [("gas-near", "refused"), ("gas-far", "ordered")]


async def test_a_squad_that_can_not_do_it_is_relieved(hub: Hub, report) -> None:
    incident_id = await report()
    await hub.round()
    await hub.answer("gas-near", 1, "on_scene")
    await hub.answer("gas-near", 1, "fail", "需要吊车")
    await hub.round()
    assert await hub.tasks() == [("gas-near", "failed"), ("gas-far", "ordered")]
    assert await hub.pool.fetchval("SELECT stage FROM incident WHERE incident_id = $1", incident_id) == "dispatched"


async def test_orders_wait_for_a_broker_that_is_down_and_come_once(hub: Hub, report) -> None:
    hub.is_cut = True
    await report()
    await report(grade=2)
    await hub.wait(5 * MINUTE)
    assert hub.wire == []
    hub.is_cut = False
    await hub.wait(2 * MINUTE)
    standing = await hub.pool.fetch("SELECT squad_id, task_id FROM task WHERE status = 'ordered'")
    effective = {(row["squad_id"], f"order-{row['task_id']}") for row in standing}
    assert effective <= set(hub.orders())
    assert len(hub.orders()) == len({key for _, key in hub.orders()})


async def test_two_reds_at_once_get_two_squads_and_a_third_is_explained(hub: Hub, report) -> None:
    await report()
    await report()
    await hub.round()
    assert sorted(squad for squad, _ in hub.orders()) == ["gas-far", "gas-near"]
    await report()
    await hub.round()
    assert (await hub.tasks())[-1] == (None, "unassigned")
    assert await hub.told("shortfall") == ["duty_officer"]


async def test_red_takes_a_squad_that_is_on_its_way_to_less_when_the_plan_says_so(hub: Hub, report) -> None:
    await in_force(hub.pool, hub.now)
    await report(grade=3)
    await report(grade=3)
    await hub.round()
    await hub.answer("gas-near", 1, "en_route")
    await hub.answer("gas-far", 2, "on_scene")
    red = await report(grade=1)
    await hub.round()
    row = await hub.pool.fetchrow("SELECT squad_id, status FROM task WHERE incident_id = $1 AND lead", red)
    assert tuple(row) == ("gas-near", "ordered")
    assert hub.notices("gas-near") == ["cancelled"]
    assert await hub.pool.fetchval("SELECT ended_for FROM task WHERE task_id = 1") == "preempted"
    assert "preemption" in {row["kind"] for row in await hub.pool.fetch("SELECT kind FROM notification")}
    waiting = await hub.pool.fetchval(
        "SELECT count(*) FROM incident WHERE incident_id = 1 AND stage IN ('filed', 'dispatched')"
    )
    assert waiting == 1


async def test_a_graver_grade_adds_squads_and_people_to_what_is_under_way(hub: Hub, report, squads, enlist) -> None:
    await in_force(hub.pool, hub.now)
    near = squads["gas-near"]
    await enlist(replace(near, squad_id="road", skills=frozenset({"traffic"})))
    incident_id = await report(grade=3)
    await hub.round()
    assert await hub.tasks() == [("gas-near", "ordered")]
    assert sorted(await hub.told("opened")) == ["duty_officer", "grid_person", "owner_unit"]
    await hub.answer("gas-near", 1, "accept")
    await hub.pool.execute("UPDATE incident SET grade = 2 WHERE incident_id = $1", incident_id)
    await hub.round()
    assert await hub.tasks() == [("gas-near", "accepted"), ("road", "ordered")]
    assert "leader" in await hub.told("regraded")
    order = next(body for topic, body in hub.wire if topic == "squads/road/orders")
    assert order["role"] == {"zh": "警戒、疏导交通", "en": "cordon off, direct traffic"}
    assert order["confirm_before"] > order["ordered_at"]
    for action in ("on_scene", "done"):
        await hub.answer("road", 2, action)
    assert await hub.pool.fetchval("SELECT stage FROM incident") == "handling"  # the lead is still at it
    assert await hub.pool.fetchval("SELECT checked_at FROM hazard") is None
    for action in ("on_scene", "done"):
        await hub.answer("gas-near", 1, action)
    assert await hub.pool.fetchval("SELECT stage FROM incident") == "fed_back"
    assert await hub.pool.fetchval("SELECT checked_at FROM hazard") == hub.now


async def test_roles_that_nobody_can_fill_end_with_the_leading_squad_s_work(hub: Hub, report) -> None:
    await in_force(hub.pool, hub.now)
    await report(grade=1)
    await hub.round()
    assert sorted(status for _, status in await hub.tasks()) == ["ordered", "ordered", "unassigned", "unassigned"]
    lead = await hub.pool.fetchval("SELECT task_id FROM task WHERE lead")
    other = await hub.pool.fetchrow("SELECT task_id, squad_id FROM task WHERE status = 'ordered' AND NOT lead")
    squad = await hub.pool.fetchval("SELECT squad_id FROM task WHERE lead")
    for number, name in ((other["task_id"], other["squad_id"]), (lead, squad)):
        for action in ("on_scene", "done"):
            await hub.answer(name, number, action)
    assert sorted(status for _, status in await hub.tasks()) == ["cancelled", "cancelled", "done", "done"]
    await hub.pool.execute("UPDATE hazard SET cleared_at = $1", hub.now)
    await hub.round()
    assert await hub.pool.fetchval("SELECT stage FROM incident") == "closed"


async def test_a_squad_whose_vehicle_broke_down_or_that_went_home_is_replaced(hub: Hub, report, squads, enlist) -> None:
    await report()
    await hub.round()
    await hub.answer("gas-near", 1, "en_route")
    await hub.say("gas-near", "out_of_service", "车辆故障")
    await hub.round()
    assert await hub.tasks() == [("gas-near", "cancelled"), ("gas-far", "ordered")]
    passed = await hub.pool.fetchval("SELECT decision FROM task WHERE task_id = 2")
    assert {squad["squad_id"]: squad["zh"] for squad in passed["passed_over"]}["gas-near"] == "停止出勤：车辆故障"
    await hub.say("gas-near", "in_service")
    leave = "INSERT INTO shift (uid, squad_id, starts_at, ends_at, kind) VALUES ('1', 'gas-far', $1, $2, 'leave')"
    await hub.pool.execute(leave, hub.now, hub.now + timedelta(hours=1))
    await hub.round()
    assert (await hub.tasks())[1] == ("gas-far", "cancelled")
    assert await hub.pool.fetchval("SELECT ended_for FROM task WHERE task_id = 2") == "off_duty"


async def test_reports_are_asked_for_by_the_plan_s_clock(hub: Hub, report) -> None:
    await in_force(hub.pool, hub.now)
    await report(grade=1)
    await hub.round()
    await hub.wait(19 * MINUTE, MINUTE)
    assert await hub.told("report") == []
    await hub.wait(MINUTE)
    assert await hub.told("report") == ["duty_officer"]


async def test_a_changed_plan_waits_for_another_person(pool: asyncpg.Pool, now: datetime, hub: Hub, report) -> None:
    await in_force(pool, now)
    plan = PLANS["gas_combustible"]
    quicker = Plan("gas_leak", plan.title, "drill", {**plan.grades, "red": PLANS["oxygen"].grades["red"]})
    async with pool.acquire() as connection:
        assert await propose(connection, [quicker], "li", now, "finding of a drill") == ["gas_leak 2"]
        assert await propose(connection, [quicker], "li", now) == []
        with pytest.raises(Exception, match="another person has to approve it"):
            await approve(connection, "gas_leak", 2, "li", now)
        await approve(connection, "gas_leak", 2, "wang", now)
        with pytest.raises(Exception, match="was approved before"):
            await approve(connection, "gas_leak", 2, "zhao", now)
        with pytest.raises(Exception, match="there is no revision 9 of the plan"):
            await approve(connection, "gas_leak", 9, "zhao", now)
    incident_id = await report()
    await hub.round()
    plan_id = await pool.fetchval("SELECT plan_id FROM response WHERE incident_id = $1", incident_id)
    assert await pool.fetchval("SELECT revision FROM plan WHERE plan_id = $1", plan_id) == 2


async def test_the_auditor_says_so_and_starts_the_clock(hub: Hub, report, squads) -> None:
    incident_id = await report()
    await hub.pool.execute(
        "INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)"
        " VALUES ($1, 'gas-far', 'ordered', '{}', $2, $2)",
        incident_id,
        hub.now,
    )
    hub.now += 4 * MINUTE
    found = await auditor.run_once(hub.pool, hub.now)
    assert {finding.what for finding in found} == {"task_without_clock", "incident_without_response"}
    assert await hub.told("audit") == ["duty_officer", "duty_officer"]
    await hub.round()
    await hub.wait(MINUTE)
    assert (await hub.tasks())[0] == ("gas-far", "cancelled")  # the clock that it got had run out
    hub.now += 5 * MINUTE
    assert [finding.what for finding in await auditor.run_once(hub.pool, hub.now)] == ["task_not_watched"]
    await hub.round()


async def test_an_order_that_has_not_left_is_told_unless_the_squad_heard_of_it_otherwise(hub: Hub, report) -> None:
    hub.is_cut = True
    await report()
    await hub.round()
    hub.now += 4 * MINUTE
    assert [finding.what for finding in await auditor.run_once(hub.pool, hub.now)] == ["order_not_sent"]
    await advance(hub.pool, 1, "accept", "squad:gas-near", hub.now)  # on its page
    assert await auditor.run_once(hub.pool, hub.now) == ()


async def test_a_clock_that_is_set_back_is_noticed_and_nothing_waits_for_it(hub: Hub, report) -> None:
    await report()
    await hub.round()
    hub.is_cut = True
    await hub.wait(MINUTE)
    hub.now -= timedelta(hours=2)
    hub.is_cut = False
    assert [finding.what for finding in await auditor.run_once(hub.pool, hub.now)] == ["task_ahead_of_time"]
    hub.wire.clear()
    await hub.round()
    assert hub.orders() == [("gas-near", "order-1")]
    await hub.wait(3 * MINUTE)
    assert await hub.tasks() == [("gas-near", "cancelled"), ("gas-far", "ordered")]


async def test_a_task_of_another_hand_can_not_ask_to_enter(hub: Hub, report) -> None:
    await report()
    await hub.round()
    async with hub.pool.acquire() as connection:
        with pytest.raises(TransitionError, match="for a squad on scene"):
            await permits.ask(connection, 1, "key:desk", hub.now)
    await advance(hub.pool, 1, "on_scene", "squad:gas-near", hub.now)
    async with hub.pool.acquire() as connection, connection.transaction():
        found = await permits.ask(connection, 1, "key:desk", hub.now)
    assert found.verdict == "unknown"


async def test_reports_follow_each_other_and_end_with_the_final_one(hub: Hub, report) -> None:
    await in_force(hub.pool, hub.now)
    incident_id = await report(grade=2)
    await hub.round()
    async with hub.pool.acquire() as connection:
        assert await file_report(connection, incident_id, "泄漏，正在处置", "key:li", hub.now) == "first"
        due = await connection.fetchval("SELECT report_due_at FROM response")
        assert due == hub.now + 120 * MINUTE
        for action in ("on_scene", "done"):
            await hub.answer("gas-near", 1, action)
        await connection.execute("UPDATE task SET status = 'cancelled' WHERE open")
        await connection.execute("UPDATE incident SET stage = 'fed_back'")
        await connection.execute("UPDATE hazard SET cleared_at = $1", hub.now)
        await hub.round()
        assert await file_report(connection, incident_id, "处置完毕", "key:li", hub.now) == "final"
        with pytest.raises(TransitionError, match="no report is due"):
            await file_report(connection, incident_id, "?", "key:li", hub.now)
        kinds = await connection.fetch("SELECT kind FROM situation_report ORDER BY situation_report_id")
    assert [row["kind"] for row in kinds] == ["first", "final"]
