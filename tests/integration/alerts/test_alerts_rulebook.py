"""Rules in the database: who may decide what, and when it judges."""

import asyncio
from datetime import timedelta
from time import perf_counter

import asyncpg
import msgspec
import pytest
from engine_support import NOW, at, hazards, sent, start, take

from alerts.rulebook import approve, history, in_force, load_shipped, propose, reject
from alerts.rulefile import default_rules
from alerts.rules import RuleError, RuleFile
from database.listen import Listener

KEY = ("gas", "gas_combustible")


@pytest.fixture
async def connection(pool):
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('g1', 'gas')")
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), at(-3600))
        yield connection


def changed(**fields) -> list[RuleFile]:
    """The gas rules with another rule for methane."""
    [gas] = [file for file in default_rules() if file.kind == "gas"]
    rule = msgspec.structs.replace(gas.hazards["gas_combustible"], **fields)
    return [RuleFile("gas", {**gas.hazards, "gas_combustible": rule})]


async def test_a_proposal_judges_nothing_until_another_person_approves_it(pool, connection):
    service = await start(pool)
    assert await propose(connection, changed(on_delay_s={}), "li", "quicker", NOW) == [(*KEY, 2)]
    await service.follow_once(NOW)
    await take(service, sent("gas", "g1", -20, ch4_lel_pct=12))
    assert await hazards(pool) == []
    with pytest.raises(RuleError, match="proposed by li: another person must approve it"):
        await approve(connection, KEY, 2, "li", NOW)
    await approve(connection, KEY, 2, "wang", NOW)
    await service.follow_once(NOW)
    await service.engine.run_once(pool, NOW)
    [hazard] = await hazards(pool)
    assert await pool.fetchval("SELECT revision FROM rule WHERE rule_id = $1", hazard["rule_id"]) == 2


async def test_a_change_loses_no_timer(pool, connection):
    service = await start(pool)
    await take(service, sent("gas", "g1", -15, ch4_lel_pct=12))
    await propose(connection, changed(deadband=4), "li", "", NOW)
    await approve(connection, KEY, 2, "wang", NOW)
    await service.follow_once(NOW)
    await service.engine.run_once(pool, at(14))
    assert await hazards(pool) == []
    await service.engine.run_once(pool, at(20))
    assert [row["raised_at"] for row in await hazards(pool)] == [at(15)]


@pytest.mark.parametrize("told", [True, False])
async def test_a_change_takes_effect_within_two_seconds_without_a_restart(pool, connection, database_url, told):
    """By the hint, and by the tick alone when nobody hears it; the timer that runs goes on."""
    service = await start(pool)
    await take(service, sent("gas", "g1", -15, ch4_lel_pct=12))
    listener = Listener(database_url, application="tests")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(service._follow(listener), name="follow")]
        tasks += [group.create_task(listener.run(), name="listener")] if told else []
        await propose(connection, changed(on_delay_s={"blue": 20}), "li", "quicker", NOW)
        began = perf_counter()
        await approve(connection, KEY, 2, "wang", NOW)
        async with asyncio.timeout(2):
            while service.engine._rules.rules[KEY][1].on_delay_s != {"blue": 20}:
                await asyncio.sleep(0.01)
        print(f"{perf_counter() - began:.2f} s")
        for task in tasks:
            task.cancel()
    await service.engine.run_once(pool, at(6))
    assert [row["raised_at"] for row in await hazards(pool)] == [at(5)]


async def test_a_rule_may_come_into_force_later(pool, connection):
    await propose(connection, changed(deadband=4), "li", "", NOW)
    await approve(connection, KEY, 2, "wang", NOW, at(3600))
    assert (await in_force(pool, at(3599))).rules[KEY][1].deadband == 5
    assert (await in_force(pool, at(3600))).rules[KEY][1].deadband == 4


async def test_a_proposal_is_decided_once(pool, connection):
    await propose(connection, changed(deadband=4), "li", "", NOW)
    await reject(connection, KEY, 2, "wang", NOW)
    with pytest.raises(RuleError, match="decided already"):
        await approve(connection, KEY, 2, "wang", NOW)
    with pytest.raises(RuleError, match="has no revision 9"):
        await approve(connection, KEY, 9, "wang", NOW)
    with pytest.raises(RuleError, match="name the person"):
        await propose(connection, changed(deadband=3), " ", "", NOW)
    newest, shipped = await history(pool, *KEY)
    assert (newest["rejected_by"], newest["approved_by"], shipped["approved_by"]) == ("wang", None, "lifeline")


async def test_what_equals_the_rule_in_force_is_no_proposal(connection):
    assert await propose(connection, default_rules(), "li", "", NOW) == []


async def test_the_database_itself_wants_two_persons(pool, connection):
    await propose(connection, changed(deadband=4), "li", "", NOW)
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(
            "UPDATE rule SET approved_by = 'li', approved_at = now(), effective_from = now() WHERE revision = 2"
        )


async def test_a_new_version_changes_its_own_rules_and_only_proposes_against_the_countys(pool, connection):
    assert await load_shipped(connection, default_rules(), NOW) == []
    assert await load_shipped(connection, changed(deadband=3), NOW) == ["gas/gas_combustible"]
    assert (await in_force(pool, NOW)).rules[KEY][1].deadband == 3
    await propose(connection, changed(deadband=4), "li", "", NOW)
    await approve(connection, KEY, 3, "wang", NOW)
    assert await load_shipped(connection, changed(deadband=2), NOW) == ["gas/gas_combustible"]
    assert (await in_force(pool, NOW + timedelta(days=1))).rules[KEY][1].deadband == 4
    await approve(connection, KEY, 4, "wang", at(60))
    assert (await in_force(pool, at(60))).rules[KEY][1].deadband == 2
