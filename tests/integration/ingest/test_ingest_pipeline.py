"""From messages to rows: what is stored once, what is held back, and what a failing database does to it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from alerts.engine import Engine
from alerts.rulebook import in_force, load_shipped
from alerts.rulefile import default_rules
from database.engine import detect_engine
from ingest import quarantine
from ingest.decoder import Decoder
from ingest.formats.table import NATIVE
from ingest.pipeline import Pipeline
from ingest.registry import Registry

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Sent:
    topic: str
    payload: bytes


def gas(code: str, time: datetime = NOW, **quantities: object) -> Sent:
    body = {"time": time.isoformat(), **(quantities or {"ch4_lel_pct": 1.5})}
    return Sent(f"sensors/gas/{code}/reading", json.dumps(body).encode())


def _nobody(topic: str, payload: bytes) -> None:
    raise AssertionError(f"no answer is due, but one goes to {topic}")


@dataclass(slots=True)
class Road:
    pool: asyncpg.Pool
    registry: Registry
    engine: Engine
    pipeline: Pipeline

    async def take(self, *messages: Sent, at: datetime = NOW) -> None:
        await self.pipeline.process(messages, at)

    async def readings(self) -> list[asyncpg.Record]:
        return await self.pool.fetch(
            "SELECT code, time, ch4_lel_pct FROM reading_gas JOIN sensor USING (sensor_id) ORDER BY code, time"
        )

    async def reasons(self) -> list[str]:
        rows = await self.pool.fetch("SELECT reason FROM quarantine ORDER BY quarantine_id")
        return [row["reason"] for row in rows]


async def build(
    pool: asyncpg.Pool, *, unknown_sensor: str = "quarantine", formats: tuple[str, ...] = (NATIVE,)
) -> Road:
    async with pool.acquire() as connection:
        engine_name = await detect_engine(connection)
        await load_shipped(connection, default_rules(), NOW)
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('g1', 'gas'), ('g2', 'gas') ON CONFLICT DO NOTHING")
    registry = Registry("sensors")
    await registry.refresh(pool)
    engine = Engine(registry.by_id)
    await engine.take_rules(await in_force(pool, NOW))
    pipeline = Pipeline(
        pool,
        registry,
        engine,
        Decoder(formats, {}),
        engine=engine_name,
        unknown_sensor=unknown_sensor,
        answer=_nobody,
    )
    return Road(pool, registry, engine, pipeline)


@pytest.fixture
async def road(pool):
    return await build(pool)


async def test_readings_are_stored_with_their_time_and_values(road):
    await road.take(gas("g1"), gas("g2", NOW - timedelta(hours=2), ch4_lel_pct=0, battery_pct=50))
    assert [tuple(row) for row in await road.readings()] == [
        ("g1", NOW, 1.5),
        ("g2", NOW - timedelta(hours=2), 0.0),
    ]


async def test_an_array_is_many_readings(road):
    body = [{"time": (NOW - timedelta(minutes=n)).isoformat(), "ch4_lel_pct": n} for n in range(5)]
    await road.take(Sent("sensors/gas/g1/reading", json.dumps(body).encode()))
    assert len(await road.readings()) == 5
    assert road.pipeline.stats.readings == 5


async def test_the_same_reading_again_is_dropped_and_counted(road):
    await road.take(gas("g1"))
    await road.take(gas("g1"), gas("g2"))
    await road.take(gas("g1"), gas("g1"))
    assert len(await road.readings()) == 2
    assert (road.pipeline.stats.readings, road.pipeline.stats.duplicates) == (2, 3)
    assert await road.reasons() == []


async def test_values_beyond_what_is_kept_do_not_make_a_conflict(road):
    await road.take(gas("g1", ch4_lel_pct=0.1))
    await road.take(gas("g1", ch4_lel_pct=0.10000000001))
    assert road.pipeline.stats.duplicates == 1


async def test_another_value_for_the_same_time_is_a_conflict_and_the_first_one_stays(road):
    await road.take(gas("g1", ch4_lel_pct=1))
    await road.take(gas("g1", ch4_lel_pct=2), gas("g2"))
    await road.take(
        gas("g2", NOW + timedelta(seconds=1), ch4_lel_pct=7), gas("g2", NOW + timedelta(seconds=1), ch4_lel_pct=8)
    )
    assert [row["ch4_lel_pct"] for row in await road.readings()] == [1.0, 1.5, 7.0]
    assert road.pipeline.stats.conflicts == 2
    assert all("with other values is already stored" in reason for reason in await road.reasons())


async def test_a_conflict_raises_no_hazard(road):
    await road.take(gas("g1", ch4_lel_pct=1))
    await road.take(gas("g1", ch4_lel_pct=95))
    assert await road.pool.fetchval("SELECT count(*) FROM hazard") == 0


async def test_bad_messages_are_held_whole_and_their_neighbours_stored(road):
    bad = [
        Sent("sensors/gas/g1/reading", b"\x00\xff{"),
        Sent("sensors/gas/g1/reading", b'{"time":1'),
        Sent("sensors/gas/nobody/reading", gas("g1").payload),
        Sent("sensors/noise/g1/reading", gas("g1").payload),
        Sent("sensors/gas/g1", gas("g1").payload),
        Sent("elsewhere", b""),
        gas("g1", ch4_lel_pct=-1),
        gas("g1", NOW + timedelta(hours=1), ch4_lel_pct=1),
    ]
    await road.take(bad[0], gas("g1"), *bad[1:], gas("g2"))
    assert [row["code"] for row in await road.readings()] == ["g1", "g2"]
    rows = await road.pool.fetch("SELECT topic, payload, reason, received_at FROM quarantine ORDER BY quarantine_id")
    assert [(row["topic"], row["payload"]) for row in rows] == [(message.topic, message.payload) for message in bad]
    assert all(row["reason"] and row["received_at"] == NOW for row in rows)
    assert road.pipeline.stats.quarantined == len(bad)


async def test_provisioning_enters_an_unknown_sensor_marked_as_such(pool):
    road = await build(pool, unknown_sensor="provision")
    await road.take(gas("fresh"), Sent("sensors/gas/not a code/reading", gas("g1").payload))
    assert [row["code"] for row in await road.readings()] == ["fresh"]
    assert await pool.fetchval("SELECT provisioned FROM sensor WHERE code = 'fresh'")
    assert len(await road.reasons()) == 1


async def test_a_late_reading_is_stored_and_changes_nothing(road):
    await road.take(gas("g1", NOW, ch4_lel_pct=1))
    await road.take(gas("g1", NOW - timedelta(minutes=5), ch4_lel_pct=95))
    assert len(await road.readings()) == 2
    assert await road.pool.fetchval("SELECT count(*) FROM hazard") == 0
    assert road.engine.stats.late == 1


async def test_a_late_reading_changes_nothing_after_a_restart_either(pool):
    await (await build(pool)).take(gas("g1", NOW, ch4_lel_pct=1))
    road = await build(pool)
    await road.take(gas("g1", NOW - timedelta(minutes=5), ch4_lel_pct=95))
    assert await pool.fetchval("SELECT count(*) FROM hazard") == 0


async def test_a_sensor_registered_later_is_taken_up(road):
    await road.take(gas("g3"))
    await road.pool.execute("INSERT INTO sensor (code, kind, updated_at) VALUES ('g3', 'gas', now())")
    assert [sensor.code for sensor in await road.registry.refresh(road.pool)] == ["g3"]
    await road.take(gas("g3"))
    assert [row["code"] for row in await road.readings()] == ["g3"]


async def test_what_the_database_refuses_is_found_and_held_and_the_rest_stored(road):
    """A check that the decoder knows nothing of stands for any surprise of the table's."""
    await road.pool.execute("ALTER TABLE reading_gas ADD CONSTRAINT surprise CHECK (ch4_lel_pct <> 13)")
    await road.take(*(gas("g1", NOW - timedelta(seconds=n), ch4_lel_pct=n) for n in range(30)))
    assert sorted(row["ch4_lel_pct"] for row in await road.readings()) == [float(n) for n in range(30) if n != 13]
    assert len(await road.reasons()) == 1
    assert "surprise" in (await road.reasons())[0]


async def test_a_batch_survives_its_connections_being_cut(road):
    """The server ends every connection once; the batch goes through, and nothing is there twice."""
    await road.take(gas("g1", NOW - timedelta(seconds=1)))
    async with road.pool.acquire() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
    await road.take(gas("g1", ch4_lel_pct=95))
    assert len(await road.readings()) == 2
    assert await road.pool.fetchval("SELECT count(*) FROM hazard") == 1


async def decide(pool: asyncpg.Pool, decision: Callable[..., Awaitable[None]], *arguments: Any) -> None:
    async with pool.acquire() as connection:
        await decision(connection, *arguments)


async def test_a_held_message_can_be_replayed_once(road):
    await road.take(gas("g9"))
    [held] = await quarantine.held(road.pool)
    await road.pool.execute("INSERT INTO sensor (code, kind, updated_at) VALUES ('g9', 'gas', now())")
    await road.registry.refresh(road.pool)

    async def publish(topic: str, payload: bytes) -> None:
        await road.take(Sent(topic, payload))

    await decide(road.pool, quarantine.replay, held["quarantine_id"], publish, NOW)
    assert [row["code"] for row in await road.readings()] == ["g9"]
    assert await quarantine.held(road.pool) == []
    with pytest.raises(quarantine.QuarantineError, match="not held"):
        await decide(road.pool, quarantine.replay, held["quarantine_id"], publish, NOW)
    assert (await quarantine.show(road.pool, held["quarantine_id"]))["status"] == "replayed"


async def test_a_replay_that_the_broker_does_not_take_leaves_the_message_held(road):
    await road.take(gas("g9"))
    [held] = await quarantine.held(road.pool)

    async def refuse(topic: str, payload: bytes) -> None:
        raise ConnectionError("no broker")

    with pytest.raises(ConnectionError):
        await decide(road.pool, quarantine.replay, held["quarantine_id"], refuse, NOW)
    assert len(await quarantine.held(road.pool)) == 1


async def test_a_dropped_message_stays_on_record(road):
    await road.take(gas("g9"))
    [held] = await quarantine.held(road.pool)
    await decide(road.pool, quarantine.drop, held["quarantine_id"], NOW)
    assert await quarantine.held(road.pool) == []
    assert (await quarantine.show(road.pool, held["quarantine_id"]))["status"] == "dropped"
    with pytest.raises(quarantine.QuarantineError):
        await quarantine.show(road.pool, 10**9)


async def test_a_message_of_another_format_is_decoded_once_however_often_its_commit_is_tried(pool):
    """Sparkplug's readers remember births: reading a message again could read it under later names."""
    await pool.execute("INSERT INTO sensor (code, kind, attributes) VALUES ('d1', 'gas', '{\"device\": \"DEV-1\"}')")
    road = await build(pool, formats=(NATIVE, "senml"))
    await pool.execute("ALTER TABLE reading_gas ADD CONSTRAINT surprise CHECK (ch4_lel_pct <> 13)")
    decode = road.pipeline._decoder.decode
    seen: list[str] = []

    def counted(topic: str, payload: bytes, *rest: object) -> object:
        seen.append(topic)
        return decode(topic, payload, *rest)

    road.pipeline._decoder.decode = counted
    pack = json.dumps([{"bn": "DEV-1", "bt": NOW.timestamp(), "n": "ch4_lel_pct", "v": 3}]).encode()
    await road.take(Sent("senml/one", pack), gas("g1", ch4_lel_pct=13), gas("g2"))
    assert seen == ["senml/one"]
    assert [row["code"] for row in await road.readings()] == ["d1", "g2"]


async def test_a_buffer_read_out_newest_first_is_judged_in_order_of_time(road):
    oldest_last = [
        {"time": (NOW - timedelta(minutes=n)).isoformat(), "ch4_lel_pct": 95 - 90 * (n == 0)} for n in range(3)
    ]
    await road.take(Sent("sensors/gas/g1/reading", json.dumps(oldest_last).encode()))
    assert road.engine.stats.late == 0
    assert await road.pool.fetchval("SELECT raised_at FROM hazard") == NOW - timedelta(minutes=2)


async def test_a_message_in_conflict_is_held_once_with_all_its_times(road):
    times = [NOW - timedelta(minutes=1), NOW]
    await road.take(*(gas("g1", time, ch4_lel_pct=1) for time in times))
    changed = [{"time": time.isoformat(), "ch4_lel_pct": 2} for time in times]
    await road.take(Sent("sensors/gas/g1/reading", json.dumps(changed).encode()))
    [reason] = await road.reasons()
    assert all(time.isoformat() in reason for time in times)


async def test_two_readings_without_a_time_in_one_batch_are_both_kept(pool):
    road = await build(pool, formats=("senml",))
    await road.take(*(Sent("senml/g1", json.dumps([{"n": "ch4_lel_pct", "v": value}]).encode()) for value in (1, 2)))
    assert [row["ch4_lel_pct"] for row in await road.readings()] == [1.0, 2.0]
    assert await road.reasons() == []


async def test_the_follower_hears_of_sensors_that_were_provisioned(pool):
    road = await build(pool, unknown_sensor="provision")
    await road.take(gas("g7"))
    assert [sensor.code for sensor in await road.registry.refresh(pool)] == ["g7"]
    assert await road.registry.refresh(pool) == []


async def test_holding_a_refused_message_outlasts_a_database_that_is_away(road):
    """The connections are cut between the refusal and the holding of the message at fault."""
    await road.pool.execute("ALTER TABLE reading_gas ADD CONSTRAINT surprise CHECK (ch4_lel_pct <> 13)")
    await road.pool.execute(
        "CREATE SEQUENCE tries; CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('tries') = 1 THEN RAISE SQLSTATE '57P01' USING MESSAGE = 'shutting down'; END IF;"
        " RETURN NEW; END $$;"
        " CREATE TRIGGER away BEFORE INSERT ON quarantine FOR EACH ROW EXECUTE FUNCTION away()"
    )
    await road.take(gas("g1", ch4_lel_pct=13))
    assert len(await road.reasons()) == 1
    assert road.pipeline.stats.retries == 1
