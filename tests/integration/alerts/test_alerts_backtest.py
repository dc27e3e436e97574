"""Back-tests: what a proposal would have made of stored readings."""

from datetime import timedelta
from time import process_time

import msgspec
import pytest
from engine_support import NOW, at, hazards, sent, start, take

from alerts.backtest import affected, backtest
from alerts.rulebook import in_force, load_shipped
from alerts.rulefile import default_rules
from alerts.rules import Case, RuleFile
from database.engine import ensure_days

[GAS] = [file for file in default_rules() if file.kind == "gas"]
METHANE = GAS.hazards["gas_combustible"]


def proposal(**fields) -> RuleFile:
    return RuleFile("gas", {"gas_combustible": msgspec.structs.replace(METHANE, **fields)})


def ignore(done: int, total: int, readings: int) -> None: ...


@pytest.fixture
async def pool_with_rules(pool):
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), at(-86_400))
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('g1', 'gas'), ('g2', 'gas')")
    return pool


async def test_what_it_says_of_the_rules_in_force_is_what_happened(pool_with_rules):
    pool = pool_with_rules
    service = await start(pool)
    values = [1, 12, 12, 22, 55, 91, 30, 3, 3, 3, 3, 3, 3, 15, 15, 2]
    for number, value in enumerate(values):
        await take(service, sent("gas", "g1", -16_000 + 900 * number, ch4_lel_pct=value))
    await service.engine.run_once(pool, NOW)
    rules = await in_force(pool, NOW)
    found = await backtest(pool, rules, proposal(deadband=4), at(-20_000), NOW, ignore)
    happened = [
        (row["raised_at"], row["cleared_at"], 5 - row["peak_grade"])
        for row in await hazards(pool)
        if row["hazard_type"] == "gas_combustible"
    ]
    assert [(e.raised_at, e.cleared_at, e.severity) for e in found.current.episodes] == happened
    assert found.readings == len(values)


async def test_it_tells_what_is_added_dropped_and_regraded(pool_with_rules):
    pool = pool_with_rules
    service = await start(pool)
    for number, (one, two) in enumerate([(1, 1), (12, 26), (12, 26), (1, 1), (8, 1), (8, 1), (1, 1)]):
        seconds = -16_000 + 1200 * number
        await take(service, sent("gas", "g1", seconds, ch4_lel_pct=one), sent("gas", "g2", seconds, ch4_lel_pct=two))
    rules = await in_force(pool, NOW)
    lower = proposal(cases=(Case(limits={"blue": 7, "yellow": 30}),), deadband=1)
    found = await backtest(pool, rules, lower, at(-20_000), NOW, ignore)
    assert [(e.sensor, e.severity, e.raised_at) for e in found.added] == [("g1", 1, at(-11_170))]
    assert [(old.sensor, old.severity, new.severity) for old, new in found.regraded] == [("g2", 2, 1)]
    higher = proposal(cases=(Case(limits={"red": 80}),))
    found = await backtest(pool, rules, higher, at(-20_000), NOW, ignore)
    assert [(e.sensor, e.severity) for e in found.dropped] == [("g1", 1), ("g2", 2)]
    assert (found.current.tasks, found.proposed.tasks) == (1, 0)
    assert found.current.open_for == timedelta(seconds=2 * (2400 - 30 + 600) + 600)  # yellow has one step more


async def test_a_proposal_that_equals_the_rules_in_force_replays_nothing(pool_with_rules):
    rules = await in_force(pool_with_rules, NOW)
    assert affected(rules.of("gas"), GAS) == ({}, {})
    found = await backtest(pool_with_rules, rules, GAS, at(-3600), NOW, ignore)
    assert (found.readings, found.added, found.dropped) == (0, (), ())


@pytest.mark.alone
async def test_it_replays_a_hundred_thousand_readings_a_second(pool_with_rules, in_reference_time):
    pool = pool_with_rules
    await pool.execute("INSERT INTO sensor (code, kind) SELECT 's' || n, 'gas' FROM generate_series(1, 400) n")
    first = NOW - timedelta(days=2)
    ids = [row["sensor_id"] for row in await pool.fetch("SELECT sensor_id FROM sensor WHERE code LIKE 's%'")]
    service = await start(pool)
    days = {(first + timedelta(days=n)).date() for n in range(4)}
    async with pool.acquire() as connection:
        if service.plain:
            await ensure_days(connection, "reading_gas", sorted(days))
        records = [
            (number, first + timedelta(seconds=120 * turn), 2.0 + (turn * 7 + number) % 40 / 10)
            for number in ids
            for turn in range(1000)
        ]
        await connection.copy_records_to_table(
            "reading_gas", records=records, columns=("sensor_id", "time", "ch4_lel_pct")
        )
    rules = await in_force(pool, NOW)
    began = process_time()
    found = await backtest(pool, rules, proposal(deadband=4), first, NOW, ignore)
    spent_s = in_reference_time(process_time() - began)
    assert found.readings == len(records)
    assert found.readings / spent_s > 100_000
