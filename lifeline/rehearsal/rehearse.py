"""A rehearsal from an empty database to its record."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from uuid import uuid4

from database.pool import open_pool
from dispatch.exercises import Exercise, open_exercise
from dispatch.words import Words
from ingest.broker import Broker
from lifeline.county import County, load_county
from lifeline.preparation import prepare
from lifeline.preparedness import Preparedness, load_preparedness
from lifeline.rehearsal.hub import stepped_hub
from lifeline.rehearsal.play import Played, Recorded, Simulated, pacer, play_drill
from lifeline.rehearsal.record import Record, read_record
from simulators.drill import Drill
from simulators.judgement import Report, judge
from simulators.network import Delivery
from simulators.roster import VirtualSensor


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A drill that is over: what was wanted and happened, what it left behind, and how long it took."""

    drill: Drill
    seed: int
    exercise: Exercise
    played: Played
    record: Record
    report: Report
    held_at: datetime  # by the wall clock
    took_s: float


async def rehearse(
    drill: Drill,
    county: County,
    prepared: Preparedness,
    sensors: Sequence[VirtualSensor],
    *,
    database_url: str,
    broker: Broker,
    seed: int,
    speed: float | None,
    look: Callable[[float], None],
    recorded: Sequence[Delivery] | None = None,
) -> Rehearsed:
    """Play ``drill`` on a database of its own, ``speed`` times as fast as it would pass; None is as fast as it goes.

    The outcome is the same at any speed, since the hub goes by the drill's time. ``recorded`` is played instead of
    simulated sensors.
    """
    began, held_at = monotonic(), datetime.now(UTC)
    await prepare(database_url)
    start = drill.starts.replace(tzinfo=county.time_zone)
    players = drill.players(sensors)
    feed = Simulated(drill, players, seed, start) if recorded is None else Recorded(recorded)
    async with AsyncExitStack() as opened:
        pool = await open_pool(database_url, application="rehearsal", size=8)
        opened.callback(pool.terminate)
        async with pool.acquire() as connection:
            await load_county(connection, county, start)
            await load_preparedness(connection, prepared, start)
            exercise = await open_exercise(
                connection,
                drill.name,
                Words(drill.title.zh, drill.title.en),
                seed,
                sensors=[sensor.code for sensor in players],
                squads=[squad.squad_id for squad in county.squads],
                now=start,
            )
        hub = await opened.enter_async_context(stepped_hub(pool, broker, f"drill-{uuid4().hex[:8]}"))
        played = await play_drill(
            drill,
            hub,
            feed,
            start=start,
            twin_prefix=exercise.twin_prefix,
            wait_until=pacer(speed, monotonic),
            look=look,
        )
        async with pool.acquire() as connection:
            arrivals = tuple(played.squads.arrivals.values())
            record = await read_record(connection, exercise, start, arrivals)
    report = judge(drill, record.observations)
    return Rehearsed(drill, seed, exercise, played, record, report, held_at, monotonic() - began)
