"""A drill and real traffic in one database never meet: not in a row, not in a message, not in an answer of the API."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import orjson
import pytest

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from api.access.keys import add_key
from api.app import create_app
from dispatch.exercises import Exercise, ExerciseError, end_exercise, open_exercise, resume_exercise, status_of
from dispatch.words import Words
from ingest.broker import Broker
from ingest.source import Message
from lifeline.county import load_county, read_county
from lifeline.rehearsal.hub import SteppedHub, stepped_hub
from lifeline.rehearsal.live import play_live
from lifeline.rehearsal.play import Simulated
from lifeline.rehearsal.record import read_record
from simulators.drill import DRILLS, Wanted, load_drill
from simulators.injection import Injection
from simulators.judgement import judge
from simulators.roster import read_roster

FOLDER = Path(__file__).parents[3] / "counties" / "guangning"
COUNTY = read_county(FOLDER)
NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
TITLE = Words("井串漏气", "leak in a chain")
DRILLED = re.compile(r"drill\d+\.|演练|DRILL")


@pytest.fixture
async def exercise(pool: asyncpg.Pool) -> Exercise:
    """An exercise with one well's twin, in which the farther gas squad is enrolled."""
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), datetime(2026, 1, 1, tzinfo=UTC))
        await load_county(connection, COUNTY, NOW)
        return await open_exercise(
            connection, "leak", TITLE, 1, sensors=["gas-0003", "mh-0002"], squads=["gas-2"], now=NOW
        )


@pytest.fixture
async def hub(pool: asyncpg.Pool, broker_url: str, exercise: Exercise) -> AsyncIterator[SteppedHub]:
    async with stepped_hub(pool, Broker.parse(broker_url), f"t{uuid4().hex[:8]}") as stepped:
        yield stepped


async def gas(hub: SteppedHub, level: float, at: datetime, *codes: str) -> list[Message]:
    """Readings of a methane level at sensors, and what the hub sends squads then."""
    payload = orjson.dumps({"time": at.isoformat(), "ch4_lel_pct": level})
    prefix = hub.intake.registry.prefix
    await hub.take_readings([(code, f"{prefix}/gas/{code}/reading", payload) for code in codes], at)
    return await hub.decide(at)


def titles(messages: Sequence[Message]) -> dict[str, str]:
    """What each squad was told."""
    return {
        message.topic.split("/")[-2]: orjson.loads(message.payload)["title"]["zh"]
        for message in messages
        if message.topic.endswith("/orders")
    }


async def rows(pool: asyncpg.Pool, relation: str) -> list[str]:
    """All rows of a table or view as text, every column of them."""
    return [row["whole"] for row in await pool.fetch(f"SELECT row_to_json(t)::text AS whole FROM {relation} AS t")]


async def test_no_row_and_no_message_of_one_world_is_in_the_other(
    pool: asyncpg.Pool, hub: SteppedHub, exercise: Exercise
) -> None:
    twin = f"{exercise.twin_prefix}gas-0003"
    sent = [
        *await gas(hub, 55, NOW, "gas-0012", twin),
        *await gas(hub, 56, NOW + timedelta(minutes=1), "gas-0012", twin),
    ]
    told = titles(sent)
    assert set(told) == {"gas-1", "gas-2"}
    assert not DRILLED.search(told["gas-1"])
    assert told["gas-2"].startswith("【演练】")
    for message in sent:
        order = orjson.loads(message.payload)
        squad = message.topic.split("/")[-2]
        assert order.get("exercise_id", 0) == (exercise.exercise_id if squad == "gas-2" else 0)
        assert bool(DRILLED.search(message.payload.decode())) == (squad == "gas-2")

    views = await pool.fetch("SELECT table_name AS name FROM information_schema.views WHERE table_schema = 'everyday'")
    names = {view["name"] for view in views}
    assert names >= {
        "sensor",
        "hazard",
        "hazard_event",
        "incident",
        "incident_event",
        "task",
        "task_event",
        "notification",
    }
    for name in names:
        everyday, all_rows = await rows(pool, f"everyday.{name}"), await rows(pool, f"public.{name}")
        assert everyday, name
        assert len(everyday) < len(all_rows), name
        assert [row for row in everyday if DRILLED.search(row)] == [], name

    # What the exercise caused is all of the twin, and names no real sensor's hazard.
    own = await pool.fetch(
        "SELECT code, incident.title_zh, task.squad_id, notification.recipient"
        " FROM hazard JOIN sensor USING (sensor_id) JOIN incident USING (incident_id)"
        " JOIN task USING (incident_id) JOIN notification USING (task_id)"
        " WHERE hazard.exercise_id = $1",
        exercise.exercise_id,
    )
    assert {row["code"] for row in own} == {twin}
    assert {(row["squad_id"], row["recipient"]) for row in own} == {("gas-2", "gas-2")}
    assert all(row["title_zh"].startswith("【演练】") for row in own)


async def test_the_api_never_tells_of_a_drill(pool: asyncpg.Pool, hub: SteppedHub, exercise: Exercise) -> None:
    await gas(hub, 55, NOW, "gas-0012", f"{exercise.twin_prefix}gas-0003")
    key = await add_key(pool, "viewer", "viewer", NOW)
    app = create_app(pool, clock=lambda: NOW + timedelta(minutes=1))
    transport = httpx.ASGITransport(app=app)
    drilled = await pool.fetchval("SELECT incident_id FROM incident WHERE exercise_id <> 0")
    headers = {"X-API-Key": key}
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1", headers=headers) as client:
        for path in ("sensors?limit=500", "hazards", "incidents", "tasks", "squads", "readings/latest?limit=500"):
            answer = await client.get(f"/{path}")
            assert answer.status_code == 200, answer.text
            assert answer.json()["items"], path
            assert not DRILLED.search(answer.text), path
        assert (await client.get(f"/incidents/{drilled}")).status_code == 404
        assert (await client.get(f"/sensors/{exercise.twin_prefix}gas-0003")).status_code == 404


async def test_the_database_refuses_to_mix_the_worlds(pool: asyncpg.Pool, hub: SteppedHub, exercise: Exercise) -> None:
    await gas(hub, 55, NOW, "gas-0012", f"{exercise.twin_prefix}gas-0003")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await pool.execute(
            "UPDATE hazard SET incident_id = (SELECT incident_id FROM incident WHERE exercise_id = 0)"
            " WHERE exercise_id <> 0"
        )
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="not enrolled"):
        await pool.execute("UPDATE task SET squad_id = 'gas-1' WHERE exercise_id <> 0")


async def test_a_real_red_takes_over_and_the_drill_pauses(
    pool: asyncpg.Pool, hub: SteppedHub, exercise: Exercise
) -> None:
    twin = f"{exercise.twin_prefix}gas-0003"
    assert set(titles(await gas(hub, 55, NOW, twin))) == {"gas-2"}
    minute = NOW + timedelta(minutes=1)
    # Two real reds need both gas squads; one of them is out for the drill.
    told = titles(await gas(hub, 85, minute, "gas-0012", "gas-0070"))
    assert set(told) == {"gas-1", "gas-2"}
    assert not any(DRILLED.search(title) for title in told.values())
    async with pool.acquire() as connection:
        assert await status_of(connection, exercise.exercise_id) == "paused"
        stopped = await pool.fetch("SELECT status FROM task WHERE exercise_id <> 0")
        assert {row["status"] for row in stopped} == {"cancelled"}
        # Nothing of a paused drill is dispatched, also when somebody resumes it while the red is open.
        await resume_exercise(connection, exercise.exercise_id)
        again = await hub.decide(minute + timedelta(minutes=1))  # the real orders once more: nobody confirmed them
        assert not any(DRILLED.search(title) for title in titles(again).values())
        assert await status_of(connection, exercise.exercise_id) == "paused"


async def test_an_exercise_that_has_ended_sends_nobody(pool: asyncpg.Pool, hub: SteppedHub, exercise: Exercise) -> None:
    async with pool.acquire() as connection:
        await end_exercise(connection, exercise.exercise_id, {"passed": True}, NOW)
    assert await gas(hub, 55, NOW, f"{exercise.twin_prefix}gas-0003") == []
    assert await pool.fetchval("SELECT report ->> 'passed' FROM exercise WHERE exercise_id <> 0") == "true"


async def test_an_exercise_names_who_is_missing(pool: asyncpg.Pool, exercise: Exercise) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(ExerciseError, match="does not know gas-9999, nobody"):
            await open_exercise(connection, "leak", TITLE, 1, sensors=["gas-9999"], squads=["nobody"], now=NOW)
        with pytest.raises(ExerciseError, match="no exercise 99"):
            await status_of(connection, 99)
    assert await pool.fetchval("SELECT count(*) FROM exercise") == 2


async def test_a_live_drill_stops_publishing_while_it_is_paused(
    pool: asyncpg.Pool, hub: SteppedHub, exercise: Exercise
) -> None:
    """The hub and the squads are real ones here; only the clock is the test's."""
    sensors = read_roster(FOLDER / "sensors.csv")
    script = load_drill(DRILLS / "cover-stolen-at-night.yaml", sensors)
    wanted = Wanted("hazard_graded", 600, 1200, sensor="mh-0002", hazard_type="cover_displaced", grade=1)
    shifted = Injection(600, ("mh-0002",), {"shifted_deg": 40.0})
    drill = replace(script, cast=(), injections=(shifted,), wanted=(wanted,), duration_s=1200)
    cover = tuple(sensor for sensor in sensors if sensor.code == "mh-0002")
    start = NOW.astimezone(COUNTY.time_zone)
    moment, published = start, []

    async def publish(messages: Sequence[tuple[str, str, bytes]]) -> None:
        published.extend((moment, topic) for _, topic, _ in messages)
        await hub.take_readings(messages, moment)

    async def pause(seconds: float) -> None:
        nonlocal moment
        moment += timedelta(seconds=30 * seconds)
        if (moment - start).total_seconds() == 900:
            await gas(hub, 85, moment, "gas-0012")  # a real red

    async def status() -> str:
        async with pool.acquire() as connection:
            return await status_of(connection, exercise.exercise_id)

    played = await play_live(
        drill,
        Simulated(drill, cover, 1, start),
        start=start,
        topic_of=lambda kind, code: f"{hub.intake.registry.prefix}/{kind}/{exercise.twin_prefix}{code}/reading",
        publish=publish,
        status=status,
        now=lambda: moment,
        pause=pause,
        look=lambda at_s: None,
    )
    assert played.messages == len(published) > 3
    assert max(at for at, _ in published) < start + timedelta(seconds=900)
    assert all(f"/{exercise.twin_prefix}mh-0002/" in topic for _, topic in published)
    async with pool.acquire() as connection:
        record = await read_record(connection, exercise, start, None, hub.intake.registry.prefix)
    assert judge(drill, record.observations).passed
    assert await pool.fetchval("SELECT status FROM exercise WHERE exercise_id <> 0") == "paused"
