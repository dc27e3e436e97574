"""The demonstration from its first address to its last reading."""

import asyncio
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from time import monotonic

import asyncpg
from rich.text import Text

from database.pool import open_pool
from lifeline.county import load_county
from lifeline.demonstration import figures
from lifeline.demonstration.chronicle import Chronicle, Page, open_chronicle
from lifeline.demonstration.display import Display, DrillMoment, Moment
from lifeline.demonstration.figures import Figures
from lifeline.demonstration.report import whole_report
from lifeline.demonstration.script import Script
from lifeline.demonstration.stage import introduce, key_of, log_told, one_reason
from lifeline.demonstration.station import Station
from lifeline.preparedness import load_preparedness
from lifeline.settings import Settings
from lifeline.supervisor import running_hub
from simulators.clock import DrillClock
from simulators.crew import Crew
from simulators.fleet import Fleet
from simulators.judgement import Observation, Report, judge
from simulators.playback import drill_clock, play
from simulators.publisher import Publisher

_LOOK_EVERY_S = 0.5
_SETTLE_WITHIN_S = 15.0
_RATE_OVER = 10  # looks
_LOG_LINES = 15
_FOREVER = datetime.max.replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)


def own_settings(settings: Settings, folder: Path) -> Settings:
    """Settings under which a demonstration meets nothing that is there already.

    Names and topics at the broker are new ones, so that a real hub's session is not taken over; data of embedded
    servers goes to ``folder``; ports that were not set are free ones.
    """
    name = f"demo-{token_hex(3)}"
    ports = {port: 0 for port in Settings.model_fields if port.endswith("_port")}
    return settings.model_copy(
        update={
            **{port: free for port, free in ports.items() if port not in settings.model_fields_set},
            "data_dir": folder,
            "client_id": name,
            "topic_prefix": f"{name}/{settings.topic_prefix}",
            "squads_prefix": f"{name}/{settings.squads_prefix}",
            "unknown_sensor": "quarantine",
        }
    )


async def demonstrate(
    script: Script, settings: Settings, known: Settings, display: Display, *, once: bool, json: Path | None
) -> bool:
    """Run the hub, the traffic and the drill; whether the drill's wanted outcomes happened.

    ``known`` is ``settings`` with every address filled in. Unless ``once``, a second drill follows in real time, and
    then the traffic goes on until this is cancelled.
    """
    log = settings.data_dir / "hub.log"
    async with AsyncExitStack() as opened:
        output = opened.enter_context(log.open("ab"))
        with log_told(log):
            await opened.enter_async_context(running_hub(known, output=output))
        pool = await open_pool(known.database, application="demo")
        opened.callback(pool.terminate)
        async with pool.acquire() as connection:
            await load_county(connection, script.county, _now())
            await load_preparedness(connection, script.prepared, _now())
        key = await opened.enter_async_context(key_of(pool, known.client_id))
        introduce(script, settings, known, display, key)
        with one_reason():
            return await _play(script, known, pool, display, once=once, json=json)


async def _play(
    script: Script, known: Settings, pool: asyncpg.Pool, display: Display, *, once: bool, json: Path | None
) -> bool:
    client_id = f"{known.client_id}-sensors"
    with Publisher(known.broker, client_id=client_id, prefix=known.topic_prefix) as publisher:
        station = Station(publisher, now=_now)
        report = await _act(script, known, pool, station, display, json=json)
        if not once:
            title = script.encore.title
            display.say(Text(f"\n下一场演练为实时 Next, in real time: {title.zh} {title.en}", style="bold"))
            await _act(script.second(), known, pool, station, display, stays=True)
    return report.passed


async def _act(
    script: Script,
    known: Settings,
    pool: asyncpg.Pool,
    station: Station,
    display: Display,
    *,
    json: Path | None = None,
    stays: bool = False,
) -> Report:
    """One drill amid the traffic, with its report; with ``stays`` the traffic then goes on until this is cancelled."""
    drill = script.drill
    crew = Crew(
        known.broker,
        [squad.squad_id for squad in script.county.squads],
        drill.crew.faster(drill.speed),
        now=_now,
        prefix=known.squads_prefix,
        client_id=f"{known.client_id}-squad",
    )
    async with asyncio.TaskGroup() as group:
        answering = group.create_task(crew.run(), name="crew")
        await crew.ready()
        clock = drill_clock(drill, now=_now())
        chronicle = await open_chronicle(pool, clock)
        with display:
            show = _Show(script, clock, chronicle, crew, station, display)
            traffic = group.create_task(show.play_traffic(), name="traffic")
            report = await show.play_drill()
            traffic.cancel()
            found = await show.settle()
            display.say(whole_report(script, report, found))
            if json is not None:
                await asyncio.to_thread(json.write_bytes, figures.as_json(found, report))
            if stays:
                traffic = group.create_task(show.play_traffic(), name="traffic")
                while True:
                    await show.look()
                    await asyncio.sleep(_LOOK_EVERY_S)
        answering.cancel()
    return report


@dataclass(slots=True)
class _Show:
    """The play, and the one who looks on."""

    script: Script
    clock: DrillClock
    chronicle: Chronicle
    crew: Crew
    station: Station
    display: Display
    observed: list[Observation] = field(default_factory=list)
    delays_ms: dict[int, float] = field(default_factory=dict)  # by incident
    heard: int = 0  # orders that were looked at
    drilling: bool = True
    began: float = field(default_factory=monotonic)
    looks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_RATE_OVER))
    traffic: Fleet = field(init=False)
    traffic_clock: DrillClock = field(init=False)
    published_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.published_before = self.station.counts().acknowledged
        start = self.clock.wall_start
        zone = self.script.county.time_zone
        # Under way for a while before anybody looks, or the first minute would be a quiet one.
        earlier = start - timedelta(seconds=2 * self.script.slowest_s)
        self.traffic = Fleet(self.script.traffic, seed=self.script.drill.seed, start=earlier, time_zone=zone)
        deque(self.traffic.readings(start), maxlen=0)
        self.traffic_clock = DrillClock(sensor_start=start, wall_start=start, speed=1.0)

    async def play_traffic(self) -> None:
        """Until cancelled, from where it was."""
        await play(self.traffic, self.station.publish, self.traffic_clock, until=_FOREVER, now=_now)

    async def play_drill(self) -> Report:
        """Play the drill and look on until all that is wanted has happened, or can't any more."""
        drill, clock = self.script.drill, self.clock
        fleet = Fleet(
            self.script.drilled,
            seed=drill.seed,
            start=clock.sensor_start,
            time_zone=self.script.county.time_zone,
            injections=drill.injections,
        )
        until = clock.sensor_start + timedelta(seconds=drill.duration_s)
        playing = asyncio.create_task(play(fleet, self.station.publish, clock, until=until, now=_now), name="drill")
        try:
            while True:
                over = clock.of_wall(_now()) > drill.last_s
                await self.look()
                report = judge(drill, self.observed)
                if over or (playing.done() and report.passed):
                    break
                await asyncio.sleep(_LOOK_EVERY_S)
            await playing
        finally:
            playing.cancel()
        self.drilling = False
        return report

    async def settle(self) -> Figures:
        """The figures once everything published is stored or quarantined, with nothing under way any more."""
        published = await self.station.settle(_SETTLE_WITHIN_S)
        deadline = monotonic() + _SETTLE_WITHIN_S
        while True:
            found = await self.look()
            taken = found.readings_stored + found.quarantined
            if taken >= published.acknowledged - self.published_before or monotonic() > deadline:
                return found
            await asyncio.sleep(_LOOK_EVERY_S / 5)

    async def look(self) -> Figures:
        """Take in what is new, show how things stand."""
        orders = self.crew.arrivals
        page = await self.chronicle.turn()
        self._hear(len(orders))
        if self.drilling:
            self.observed += page.observations
        found = self._figures(page, len(orders))
        self.display.show(self._moment(page, found))
        return found

    def _hear(self, count: int) -> None:
        for arrival in self.crew.arrivals[self.heard : count]:
            number = arrival.order["incident_id"]
            opening = self.chronicle.openings.get(number) if isinstance(number, int) else None
            if not isinstance(number, int) or opening is None:
                continue
            if self.drilling:
                at_s = self.clock.of_wall(arrival.at)
                self.observed.append(
                    Observation(
                        "order_received",
                        at_s,
                        sensor=opening.code,
                        hazard_type=opening.hazard_type,
                        squad=arrival.squad_id,
                    )
                )
            left_at = self.station.left_at(opening.code, opening.time)
            if left_at is not None:
                self.delays_ms.setdefault(number, (arrival.at - left_at).total_seconds() * 1000)
        self.heard = count

    def _figures(self, page: Page, orders: int) -> Figures:
        return Figures(
            readings_published=self.station.counts().acknowledged - self.published_before,
            readings_stored=page.counts.stored,
            quarantined=page.counts.quarantined,
            hazards_raised=page.counts.hazards,
            orders_delivered=orders,
            tasks_closed=page.counts.tasks_closed,
            detect_ms=figures.delays_of(list(self.delays_ms.values())),
        )

    def _moment(self, page: Page, found: Figures) -> Moment:
        at = monotonic()
        self.looks.append((at, found.readings_published))
        (since, before), seconds = self.looks[0], at - self.looks[0][0]
        drill = None
        if self.drilling:
            drill = DrillMoment(self.script.drill, self.clock.of_wall(_now()), judge(self.script.drill, self.observed))
        return Moment(
            elapsed_s=at - self.began,
            figures=found,
            rate=(found.readings_published - before) / seconds if at > since else 0.0,
            open_hazards=page.open_hazards,
            incidents=page.incidents,
            happenings=page.happenings,
            drill=drill,
        )
