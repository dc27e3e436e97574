"""A live drill: the county's own hub, real squads, real clocks; only the sensors are simulated."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from database.pool import open_pool
from dispatch.exercises import end_exercise, last_report, open_exercise, status_of
from dispatch.lessons import Lessons, open_lessons
from dispatch.words import Words
from lifeline.county import read_county
from lifeline.rehearsal.assess import assess_drill
from lifeline.rehearsal.play import Feed, Played, Simulated
from lifeline.rehearsal.record import read_record
from lifeline.rehearsal.rehearse import Rehearsed
from lifeline.settings import Settings
from simulators.drill import Drill
from simulators.judgement import judge
from simulators.publisher import Publisher
from simulators.roster import read_roster
from simulators.squads import Squads

_TICK_S = 1.0

Publish = Callable[[Sequence[tuple[str, str, bytes]]], Awaitable[None]]
"""Hands messages (device, topic, payload) to the broker."""


async def play_live(
    drill: Drill,
    feed: Feed,
    *,
    start: datetime,
    topic_of: Callable[[str, str], str],
    publish: Publish,
    status: Callable[[], Awaitable[str]],
    now: Callable[[], datetime],
    pause: Callable[[float], Awaitable[None]],
    look: Callable[[float], None],
) -> Played:
    """Publish what ``feed`` gives as its time comes by the clock ``now``, until the last window closes.

    While ``status`` says that the exercise is paused nothing is published, and what would have been is dropped: the
    drill's clock is the real one. An exercise that somebody ends is over. ``topic_of`` is told kind and code.
    """
    played = Played(start, Squads(drill.crew, (), start), feed.carried)
    while (at_s := (now() - start).total_seconds()) <= drill.last_s:
        state = await status()
        if state == "ended":
            break
        deliveries = feed.arriving(now())
        if state == "running" and deliveries:
            await publish([(one.code, topic_of(one.kind, one.code), one.payload) for one in deliveries])
            played.messages += len(deliveries)
        look(at_s)
        await pause(_TICK_S)
    played.carried = feed.carried
    return played


async def hold_live(
    drill: Drill,
    county_folder: Path,
    settings: Settings,
    *,
    seed: int,
    squads: Sequence[str],
    people: Sequence[str],
    channels: Sequence[str],
    last: Mapping[str, Any] | None,
    look: Callable[[float], None],
) -> tuple[Rehearsed, dict[str, Any]]:
    """Hold ``drill`` on the running hub of ``settings`` with real ``squads`` (ids; all when none is named).

    Of the people only those who are named are told, on their ``channels`` of these names, on all when none is named.
    The exercise is ended, with its report kept, however the drill ends; what it found wanting opens revisions of plans.
    The report, given too, is compared with ``last``, else with that of the hub's latest exercise of the same drill.
    """
    county, sensors = read_county(county_folder), read_roster(county_folder / "sensors.csv")
    players = drill.players(sensors)
    enrolled = list(squads) or [squad.squad_id for squad in county.squads]
    async with AsyncExitStack() as opened:
        pool = await open_pool(settings.database, application="drill")
        opened.callback(pool.terminate)
        start = datetime.now(UTC).astimezone(county.time_zone).replace(microsecond=0) + timedelta(seconds=1)
        async with pool.acquire() as connection:
            exercise = await open_exercise(
                connection,
                drill.name,
                Words(drill.title.zh, drill.title.en),
                seed,
                sensors=[sensor.code for sensor in players],
                squads=enrolled,
                people=people,
                channels=channels,
                now=start,
            )
        name, prefix = f"{settings.client_id}-{exercise.twin_prefix.rstrip('.')}", settings.topic_prefix
        publisher = opened.enter_context(Publisher(settings.broker, client_id=name, prefix=prefix))

        async def publish(messages: Sequence[tuple[str, str, bytes]]) -> None:
            for device, topic, payload in messages:
                await asyncio.to_thread(publisher.publish_bytes, device, topic, payload)

        async def status() -> str:
            async with pool.acquire() as connection:
                return await status_of(connection, exercise.exercise_id)

        try:
            played = await play_live(
                drill,
                Simulated(drill, players, seed, start),
                start=start,
                topic_of=lambda kind, code: f"{prefix}/{kind}/{exercise.twin_prefix}{code}/reading",
                publish=publish,
                status=status,
                now=lambda: datetime.now(UTC),
                pause=asyncio.sleep,
                look=look,
            )
            async with pool.acquire() as connection:
                record = await read_record(connection, exercise, start, None)
            took_s = (datetime.now(UTC) - start).total_seconds()
            report = judge(drill, record.observations)
            held = Rehearsed(drill, seed, exercise, played, record, report, start, took_s)
        except BaseException:
            async with pool.acquire() as connection:
                await end_exercise(connection, exercise.exercise_id, {}, datetime.now(UTC))
            raise
        async with pool.acquire() as connection:
            assessed = assess_drill(held, last or await last_report(connection, drill.name))
            await end_exercise(connection, exercise.exercise_id, assessed, datetime.now(UTC))
            learnt = msgspec.convert(assessed, Lessons)
            await open_lessons(connection, learnt, f"exercise {exercise.exercise_id}", datetime.now(UTC))
    return held, assessed
