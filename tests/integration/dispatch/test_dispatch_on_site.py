"""On site: entry permits and their end, check-ins, notices received, positions, supplies, work orders, the review."""

from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
import orjson
import pytest

from alerts.cases import UnknownIncidentError
from alerts.incidents import place_hazards
from alerts.silences import Selector, SilenceError, add_silence
from database.engine import detect_engine, ensure_days
from dispatch import dispatcher, maintenance, permits, receipts, supplies, watch
from dispatch.contacts import Contact, Contacts, Owner, save_contacts
from dispatch.kpis import DEFINITIONS, figures
from dispatch.planbook import adopt
from dispatch.plans import Plan, read_plans
from dispatch.review import plot, review, write_json, write_page
from dispatch.site import add_note
from dispatch.squads import load_roster
from dispatch.supplies import SuppliesError, read_supplies, save_supplies
from dispatch.tasks import advance
from dispatch.words import Words
from ingest.kinds import KINDS

COUNTY = Path(__file__).parents[3] / "counties" / "guangning"
SQUAD = "squad:gas-near"
GOOD = {"o2_pct_vol": 20.8, "ch4_lel_pct": 2.0, "h2s_mg_m3": 1.0, "co_mg_m3": 3.0}
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("squads")


class Answer:
    """A message on a receipts topic."""

    def __init__(self, squad: str, **said: object) -> None:
        self.topic = f"squads/{squad}/receipts"
        self.payload = orjson.dumps(said)


@pytest.fixture
async def connection(pool: asyncpg.Pool):
    async with pool.acquire() as connection:
        yield connection


@pytest.fixture
async def task_id(pool, connection, report, now) -> int:
    """A task in a well, its squad on scene."""
    plan = next(plan for plan in read_plans(COUNTY / "plans") if plan.hazard_type == "gas_combustible")
    await adopt(connection, [Plan("gas_leak", plan.title, plan.source, plan.grades)], now)
    await report(grade=3)
    (task_id,) = (await dispatcher.run_once(pool, now)).ordered
    await advance(pool, task_id, "on_scene", SQUAD, now)
    return task_id


async def measure(connection: asyncpg.Connection, at, **values: float) -> None:
    """A gas reading of the incident's own sensor."""
    if await detect_engine(connection) == "plain":
        await ensure_days(connection, KINDS["gas"].table, [at.date()])
    await connection.execute(
        "INSERT INTO reading_gas (sensor_id, time, o2_pct_vol, ch4_lel_pct, h2s_mg_m3, co_mg_m3)"
        " SELECT sensor_id, $1, $2, $3, $4, $5 FROM hazard ORDER BY hazard_id LIMIT 1",
        at,
        *(GOOD | values).values(),
    )


async def say(pool: asyncpg.Pool, now, squad: str = "gas-near", **said: object) -> receipts.Applied:
    answer = Answer(squad, time=now, **said)
    return await receipts.apply(pool, [answer], now)


async def notices(pool: asyncpg.Pool, kind: str) -> list[asyncpg.Record]:
    return await pool.fetch(
        "SELECT key, recipient, body, received_at, grade FROM notification WHERE kind = $1 ORDER BY notification_id",
        kind,
    )


async def test_a_permit_is_granted_and_revoked_the_moment_the_air_worsens(pool, connection, task_id, now) -> None:
    await measure(connection, now)
    assert await say(pool, now, key=f"order-{task_id}", action="permit") == receipts.Applied(applied=1)
    row = await connection.fetchrow("SELECT verdict, valid_until, actor, readings FROM permit")
    assert tuple(row)[:3] == ("granted", now + permits.FRESH, SQUAD)
    assert {sample["quantity"]: sample["value"] for sample in row["readings"]} == GOOD
    (answer,) = await notices(pool, "permit")
    assert answer["recipient"] == "gas-near"
    assert answer["body"]["text"]["en"].startswith("may enter: O2 20.8 %vol")

    assert await permits.run_once(pool, now + MINUTE) == 0
    await measure(connection, now + MINUTE, ch4_lel_pct=12.0)
    assert await permits.run_once(pool, now + MINUTE) == 1
    told = (await notices(pool, "permit"))[1:]
    assert {notice["recipient"] for notice in told} == {"gas-near", "leader", "duty_officer"}
    assert "Get out at once!" in told[0]["body"]["text"]["en"]
    # Lives are in danger, though the incident is yellow: no quiet hours hold it back.
    assert (answer["grade"], {notice["grade"] for notice in told}) == (3, {1})
    assert "CH4 12 %LEL" in await connection.fetchval("SELECT ended_en FROM permit")
    assert await permits.run_once(pool, now + 2 * MINUTE) == 0

    await say(pool, now + 2 * MINUTE, key=f"order-{task_id}", action="permit")
    assert await connection.fetchval("SELECT verdict FROM permit ORDER BY permit_id DESC LIMIT 1") == "refused"


async def test_air_that_worsens_by_a_clock_that_runs_ahead_revokes_at_once(pool, connection, task_id, now) -> None:
    await measure(connection, now)
    async with connection.transaction():
        await permits.ask(connection, task_id, SQUAD, now)
    await measure(connection, now + 4 * MINUTE, ch4_lel_pct=60.0)
    assert await permits.run_once(pool, now + MINUTE) == 1


async def test_asking_anew_in_air_that_has_worsened_alarms_those_who_are_below(pool, connection, task_id, now) -> None:
    await measure(connection, now)
    await say(pool, now, key=f"order-{task_id}", action="permit")
    await measure(connection, now + MINUTE, h2s_mg_m3=30.0)
    await say(pool, now + MINUTE, key=f"order-{task_id}", action="permit")
    alarms = [notice for notice in await notices(pool, "permit") if "Get out at once!" in notice["body"]["text"]["en"]]
    assert {notice["recipient"] for notice in alarms} == {"gas-near", "leader", "duty_officer"}
    assert await permits.run_once(pool, now + MINUTE) == 0  # told once


async def test_a_sensor_that_went_silent_on_danger_hours_ago_still_speaks(pool, connection, task_id, now) -> None:
    await measure(connection, now - timedelta(hours=3), ch4_lel_pct=60.0)
    await connection.execute(
        "INSERT INTO sensor (code, kind, longitude, latitude) SELECT 'near', 'gas', longitude, latitude FROM incident"
    )
    await connection.execute(
        "INSERT INTO reading_gas (sensor_id, time, o2_pct_vol, ch4_lel_pct, h2s_mg_m3, co_mg_m3)"
        " SELECT sensor_id, $1, 20.8, 2, 1, 3 FROM sensor WHERE code = 'near'",
        now,
    )
    async with connection.transaction():
        found = await permits.ask(connection, task_id, SQUAD, now)
    assert found.verdict == "unknown"
    assert "no reliable reading of CH4" in found.reason.en


async def test_a_permit_lasts_as_long_as_its_readings_are_fresh(pool, connection, task_id, now) -> None:
    await measure(connection, now)
    async with connection.transaction():
        await permits.ask(connection, task_id, "key:desk", now)
    await measure(connection, now + 10 * MINUTE)
    assert await permits.run_once(pool, now + 20 * MINUTE) == 0
    assert await connection.fetchval("SELECT valid_until FROM permit") == now + 10 * MINUTE + permits.FRESH
    assert await permits.run_once(pool, now + 26 * MINUTE) == 1
    assert "not known" in await connection.fetchval("SELECT ended_en FROM permit")


async def test_a_permit_ends_quietly_with_the_task(pool, connection, task_id, now) -> None:
    await measure(connection, now)
    async with connection.transaction():
        await permits.ask(connection, task_id, "key:desk", now)
    await advance(pool, task_id, "done", SQUAD, now)
    await measure(connection, now + MINUTE, ch4_lel_pct=60.0)
    assert await permits.run_once(pool, now + MINUTE) == 0
    assert await connection.fetchval("SELECT ended_en FROM permit") == "the task is over"


async def test_a_crew_in_a_well_reports_or_is_looked_for(pool, connection, task_id, now) -> None:
    await advance(pool, task_id, "working", SQUAD, now)
    due = await connection.fetchval("SELECT check_in_at FROM task")
    assert due == now + 15 * MINUTE
    await say(pool, now + 14 * MINUTE, key=f"order-{task_id}", action="check_in")
    assert await connection.fetchval("SELECT check_in_at FROM task") == now + 29 * MINUTE
    assert await watch.run_once(pool, now + 28 * MINUTE) == watch.Watched()
    assert (await watch.run_once(pool, now + 29 * MINUTE)).reminded == 1
    assert (await watch.run_once(pool, now + 30 * MINUTE)).told == 1
    (told,) = await notices(pool, "overdue")
    assert (told["recipient"], told["grade"]) == ("leader", 1)
    assert "crew at dangerous work hasn't reported" in told["body"]["text"]["en"]


async def test_notices_are_received_and_positions_kept(pool, connection, task_id, now) -> None:
    await advance(pool, task_id, "working", SQUAD, now)
    await watch.run_once(pool, now + 16 * MINUTE)
    (reminder,) = await notices(pool, "reminder")
    where = {"longitude": 112.44, "latitude": 23.64}
    said = {"key": reminder["key"], "action": "received"}
    assert await say(pool, now, **said) == receipts.Applied(applied=1)
    assert await say(pool, now, **said) == receipts.Applied(repeated=1)
    assert (await notices(pool, "reminder"))[0]["received_at"] == now
    assert (await say(pool, now, squad="gas-far", **said)).rejected == 1
    assert (await say(pool, now, key=reminder["key"], action="accept")).rejected == 1
    await say(pool, now, key=f"order-{task_id}", action="check_in", position=where)
    roster = {squad.squad_id: squad for squad in (await load_roster(connection, now)).squads}
    assert (roster["gas-near"].seen, roster["gas-near"].seen_at) == ((112.44, 23.64), now)
    old = now - MINUTE
    await say(pool, old, key=f"order-{task_id}", action="check_in", position={"longitude": 1, "latitude": 1})
    assert await connection.fetchval("SELECT seen_at FROM squad WHERE squad_id = 'gas-near'") == now
    # The hub's clock was an hour ahead and was set right: what was seen then doesn't hide where the squad is now.
    await connection.execute("UPDATE squad SET seen_at = $1", now + timedelta(hours=1))
    await say(pool, now + MINUTE, key=f"order-{task_id}", action="check_in", position=where)
    assert await connection.fetchval("SELECT seen_at FROM squad WHERE squad_id = 'gas-near'") == now + MINUTE


async def test_a_plan_reserves_materials_and_says_what_is_short(pool, connection, report, now) -> None:
    await save_supplies(connection, read_supplies(COUNTY / "supplies.yaml"), now)
    plan = next(plan for plan in read_plans(COUNTY / "plans") if plan.hazard_type == "gas_combustible")
    await adopt(connection, [Plan("gas_leak", plan.title, plan.source, plan.grades)], now)
    incident_id = await report(grade=2)
    await dispatcher.run_once(pool, now)

    async def stock(item: str) -> tuple[int, int]:
        query = "SELECT amount, reserved FROM stock WHERE item = $1 AND store_id = 'county-seat'"
        return tuple(await connection.fetchrow(query, item))

    assert await stock("breathing_apparatus") == (8, 2)
    await connection.execute("UPDATE incident SET grade = 1")
    await dispatcher.run_once(pool, now)
    assert await stock("breathing_apparatus") == (8, 4)
    await supplies.book(
        connection, "county-seat", "breathing_apparatus", "issued", 3, "key:li", now, incident_id=incident_id
    )
    assert await stock("breathing_apparatus") == (5, 1)
    with pytest.raises(SuppliesError, match="has 4 breathing_apparatus that isn't reserved for others"):
        await supplies.book(connection, "county-seat", "breathing_apparatus", "issued", 5, "key:li", now)
    await supplies.book(
        connection, "county-seat", "breathing_apparatus", "returned", 3, "key:li", now, incident_id=incident_id
    )
    await supplies.release(connection, now)
    assert await stock("breathing_apparatus") == (8, 1)
    await connection.execute("UPDATE incident SET stage = 'closed', closed_at = $1", now)
    await supplies.release(connection, now)
    assert await stock("breathing_apparatus") == (8, 0)
    trail = await connection.fetch(
        "SELECT what, amount FROM stock_entry WHERE item = 'breathing_apparatus' ORDER BY stock_entry_id"
    )
    assert [tuple(row) for row in trail] == [
        ("counted", 8),
        ("reserved", 2),
        ("reserved", 2),
        ("issued", 3),
        ("returned", 3),
        ("released", 1),
    ]
    assert await notices(pool, "stock") == []
    await supplies.book(connection, "county-seat", "breathing_apparatus", "issued", 5, "key:li", now)
    (low,) = await notices(pool, "stock")
    assert low["body"]["text"]["zh"] == "县城应急物资库（演示）：正压式空气呼吸器剩3套，低于最低储备4"
    with pytest.raises(SuppliesError, match="keeps no unobtainium"):
        await supplies.book(connection, "county-seat", "unobtainium", "issued", 1, "key:li", now)

    await connection.execute("UPDATE stock SET amount = 0, reserved = 0 WHERE item = 'blower'")
    await report(grade=2)
    await dispatcher.run_once(pool, now)
    texts = [notice["body"]["text"]["en"] for notice in await notices(pool, "shortfall")]
    assert any("materials fall short by 1 blower" in text for text in texts)


async def test_a_shelter_opens_and_fills(connection, now) -> None:
    await save_supplies(connection, read_supplies(COUNTY / "supplies.yaml"), now)
    await supplies.set_shelter(connection, "stadium", True, 120, now)
    row = await connection.fetchrow("SELECT is_open, occupancy FROM shelter WHERE shelter_id = 'stadium'")
    assert tuple(row) == (True, 120)
    with pytest.raises(SuppliesError, match="takes 600 people, not 601"):
        await supplies.set_shelter(connection, "stadium", True, 601, now)
    with pytest.raises(SuppliesError, match="no shelter barn"):
        await supplies.set_shelter(connection, "barn", True, 1, now)


async def test_work_on_sensors_is_one_order_for_each_cell_and_day(pool, connection, report, rule_id, now) -> None:
    for _ in range(3):
        await report()
    await connection.execute("UPDATE rule SET body = '{\"maintenance\": true}'")
    await connection.execute("INSERT INTO grid VALUES ('g1', '', '', '', '', '', '', '{}')")
    await connection.execute("UPDATE sensor SET grid_id = 'g1' WHERE code <> 'gas-3'")
    unit = Contact("unit-1", "某人", "Somebody", "owner_unit", unit="gas company")
    await save_contacts(connection, Contacts((unit,), (Owner("gas", "gas company"),)))
    assert await maintenance.run_once(pool, now) == 3
    assert await maintenance.run_once(pool, now) == 0
    told = {(notice["recipient"], notice["body"]["text"]["en"]) for notice in await notices(pool, "work_order")}
    assert told == {
        ("unit-1", "Work order 2 (grid g1): 2 gas sensors need work"),
        ("owner_unit", "Work order 1 (grid none): 1 gas sensors need work"),
    }
    orders = await connection.fetch("SELECT grid_id, done_at FROM work_order ORDER BY grid_id")
    assert [tuple(row) for row in orders] == [("", None), ("g1", None)]
    await connection.execute(
        "UPDATE hazard SET cleared_at = $1 WHERE sensor_id IN (SELECT sensor_id FROM sensor WHERE grid_id = 'g1')", now
    )
    await maintenance.run_once(pool, now)
    assert await connection.fetchval("SELECT done_at FROM work_order WHERE grid_id = 'g1'") == now


async def test_a_silence_of_a_work_order_covers_its_sensors_and_ends_with_it(pool, connection, report, now) -> None:
    work = await connection.fetchval("SELECT hazard_id FROM hazard WHERE incident_id = $1", await report())
    await connection.execute("UPDATE rule SET body = '{\"maintenance\": true}'")
    await maintenance.run_once(pool, now)
    order = await connection.fetchval("SELECT work_order_id FROM work_order_item WHERE hazard_id = $1", work)
    silence = Selector(work_order_id=order, hazard_type="gas_h2s")
    number = await add_silence(pool, silence, now + timedelta(days=2), "new battery", "key:li", now)
    with pytest.raises(SilenceError, match="no open work order 99"):
        await add_silence(pool, Selector(work_order_id=99), now + timedelta(days=2), "new battery", "key:li", now)

    async def held() -> list[int]:
        """Of a sensor on the order and one that isn't, those whose new hazard the silence holds back."""
        found = await connection.fetch(
            "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
            " raised_at, graded_at) SELECT sensor_id, 'gas_h2s', rule_id, 2, 2, false, '', '', $1, $1"
            " FROM sensor CROSS JOIN (SELECT rule_id FROM rule LIMIT 1) AS any_rule"
            " WHERE sensor_id IN (SELECT sensor_id FROM hazard WHERE hazard_id = $2) OR code = 'other'"
            " RETURNING hazard_id",
            now, work,
        )  # fmt: skip
        ids = [row["hazard_id"] for row in found]
        await place_hazards(connection, ids, graded=True)
        rows = await connection.fetch(
            "SELECT code, silence_id FROM hazard JOIN sensor USING (sensor_id) WHERE hazard_id = ANY($1::bigint[])", ids
        )
        await connection.execute("UPDATE hazard SET cleared_at = $1 WHERE hazard_id = ANY($2::bigint[])", now, ids)
        return sorted((row["code"] == "other", row["silence_id"]) for row in rows)

    await connection.execute("INSERT INTO sensor (code, kind) VALUES ('other', 'gas')")
    assert await held() == [(False, number), (True, None)]
    await connection.execute("UPDATE hazard SET cleared_at = $1 WHERE hazard_id = $2", now, work)
    await maintenance.run_once(pool, now + MINUTE)
    ended = await connection.fetchrow("SELECT ends_at, ended_by FROM silence WHERE silence_id = $1", number)
    assert tuple(ended) == (now + MINUTE, f"work-order-{order}")


async def test_looking_back_on_an_incident(pool, connection, task_id, now) -> None:
    await connection.execute('UPDATE rule SET body = \'{"quantity": "ch4_lel_pct"}\'')
    for minute in range(20):
        await measure(connection, now + minute * MINUTE, ch4_lel_pct=60.0 - minute)
    async with connection.transaction():
        await permits.ask(connection, task_id, SQUAD, now)
    await add_note(connection, task_id, SQUAD, "valve shut", now + 15 * MINUTE)
    await advance(pool, task_id, "done", SQUAD, now + 20 * MINUTE)
    await connection.execute("UPDATE hazard SET cleared_at = $1", now + 21 * MINUTE)
    await dispatcher.run_once(pool, now + 21 * MINUTE)
    found = await review(connection, 1, now + 30 * MINUTE)
    times = found.key_times
    assert list(times) == ["detected", "filed", "dispatched", "confirmed", "arrived", "finished", "verified", "closed"]
    assert (times["arrived"], times["finished"], times["closed"]) == (now, now + 20 * MINUTE, now + 21 * MINUTE)
    assert {entry.of for entry in found.timeline} >= {"incident", "hazard", "task", "message", "permit", "site"}
    assert [entry.text.zh for entry in found.timeline if entry.event == "note"] == [f"{task_id} valve shut"]
    assert list(found.timeline) == sorted(found.timeline, key=lambda entry: entry.at)
    (trace,) = found.traces
    assert (trace.quantity, trace.unit, len(trace.values)) == ("ch4_lel_pct", "%LEL", 20)
    assert orjson.loads(write_json(found))["decisions"][0]["squad_id"] == "gas-near"
    drawn = plot(found)
    assert all(words in drawn for words in ("甲烷", "methane [%LEL]", "到场 arrived", "时间 time"))
    page = write_page(found, lambda of, event: (Words("之于", of), Words("何事", event)))
    assert "<svg" in page
    assert "<td>之于 permit<td>何事 refused<td>" in page
    assert "<script" not in page
    with pytest.raises(UnknownIncidentError):
        await review(connection, 99, now)


async def test_key_figures_count_what_they_say_and_no_exercise(pool, connection, report, now) -> None:
    for _ in range(2):
        await report()
        await dispatcher.run_once(pool, now)
    await advance(pool, 1, "refuse", SQUAD, now)
    await pool.execute("UPDATE squad SET duty_start = '00:00', duty_end = '00:00' WHERE squad_id = 'gas-night'")
    await dispatcher.run_once(pool, now)
    await advance(pool, 3, "accept", "squad:gas-night", now + 2 * MINUTE)
    await advance(pool, 3, "on_scene", "squad:gas-night", now + 12 * MINUTE)
    await advance(pool, 3, "done", "squad:gas-night", now + 60 * MINUTE)
    await pool.execute("UPDATE hazard SET cleared_at = $1 WHERE incident_id = 1", now)
    await dispatcher.run_once(pool, now + 61 * MINUTE)
    exercise_id = await pool.fetchval(
        "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at)"
        " VALUES ('d', '演', 'd', 1, 'running', $1) RETURNING exercise_id",
        now,
    )
    await pool.execute(
        "INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, opened_at, exercise_id)"
        " VALUES ('gas', 'gas_leak', 1, 'gas', '演', 'd', $1, $2)",
        now,
        exercise_id,
    )
    await pool.execute(
        "INSERT INTO incident_event (incident_id, at, event, actor)"
        " VALUES (1, $1, 'opened', 'engine'), (2, $1, 'reported', 'user:zhao')",
        now,
    )
    (all_of,) = await figures(connection, now - MINUTE, now + MINUTE)
    assert msgspec.to_builtins(all_of) == {
        "group": "all",
        "incidents": 2,
        "finding_rate": 0.5,
        "handling_rate": 0.5,
        "in_time_rate": 0.5,
        "closing_rate": 1.0,
        "right_first_time_rate": 0.0,
        "return_rate": 0.0,
        "confirm_median_s": 120.0,
        "arrive_median_s": 720.0,
    }
    await pool.execute("UPDATE incident SET overtime = true, appeal = 'pending' WHERE incident_id = 1")
    assert [row.in_time_rate for row in await figures(connection, now - MINUTE, now + MINUTE)] == [0.0]
    await pool.execute("UPDATE incident SET appeal = 'granted' WHERE incident_id = 1")
    assert [row.in_time_rate for row in await figures(connection, now - MINUTE, now + MINUTE)] == [0.5]
    groups = {row.group: row.incidents for row in await figures(connection, now - MINUTE, now + MINUTE, "squad")}
    assert groups == {"gas-far": 1, "gas-night": 1}
    assert [row.group for row in await figures(connection, now - MINUTE, now + MINUTE, "month")] == ["2026-03"]
    assert [row.group for row in await figures(connection, now - MINUTE, now + MINUTE, "type")] == ["gas_leak"]
    assert await figures(connection, now + MINUTE, now + 2 * MINUTE) == []
    assert {name for name in all_of.__struct_fields__ if name not in {"group", "incidents"}} == {
        definition.name for definition in DEFINITIONS
    }
