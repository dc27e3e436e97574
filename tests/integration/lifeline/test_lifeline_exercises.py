"""An exercise beside the real world: what the database refuses, what a real red does, what a live drill sends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from exercise_support import COUNTY, DRILLED, FOLDER, NOW, TITLE, gas, titles

from dispatch.exercises import Exercise, ExerciseError, end_exercise, open_exercise, resume_exercise, status_of
from lifeline.rehearsal.hub import SteppedHub
from lifeline.rehearsal.live import play_live
from lifeline.rehearsal.play import Simulated
from lifeline.rehearsal.record import read_record
from simulators.drill import DRILLS, Wanted, load_drill
from simulators.injection import Injection
from simulators.judgement import judge
from simulators.roster import read_roster


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
        with pytest.raises(ExerciseError, match="does not know wang on sms"):
            await open_exercise(
                connection, "leak", TITLE, 1, sensors=[], squads=[], people=["li", "wang"], channels=["sms"], now=NOW
            )
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
        record = await read_record(connection, exercise, start, None)
    assert judge(drill, record.observations).passed
    assert await pool.fetchval("SELECT status FROM exercise WHERE exercise_id <> 0") == "paused"
