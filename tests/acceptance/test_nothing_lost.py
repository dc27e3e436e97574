"""Nothing lost, nothing twice: 50,000 readings while the hub is killed, the database restarted, the broker cut off.

The hub is the real one, under its supervisor. Database and broker are reached over relays; the publisher's own
connection is cut as well, so it sends again what it has no answer for. Without
LIFELINE_TEST_DATABASE_URL the database is a private server that is stopped and started; a server that others use too
is not restarted, there all sessions of the test's database are terminated instead.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import IO

import asyncpg
import msgspec
import pytest
from hub_support import HubOn, Until, end_session
from tcp_relay import Relay, relay_to

from database.pool import connect
from dispatch.squads import Squad, save_squads
from ingest.broker import Broker
from ingest.payload import native_topic
from lifeline.embedded import EmbeddedDatabase
from lifeline.preparation import prepare
from lifeline.settings import Settings
from lifeline.supervisor import Child, running_hub
from simulators.crew import Crew
from simulators.publisher import Publisher
from simulators.squads import Pace

READINGS = 50_000
SENSORS = 400
ROUNDS = READINGS // SENSORS
ROUND = timedelta(seconds=30)
BURST = 25  # readings that a device saves up and sends at once, so that a hazard comes and goes within a batch
# Five kills, two cuts and a restart, each while the hub takes readings in.
DISTURBANCES = ("kill", "kill", "cut", "kill", "restart", "kill", "cut", "kill")
HUB = ("ingest", "dispatch")
LOST_BYTES = 50 * 4  # so many PUBACKs
NEVER_S = 1e6

GAS = 100  # sensors from here on are manholes
LEAKS = range(12)  # gas: harmless, then orange, then red to the end
STENCHES = range(12, 18)  # gas: red, then harmless for long enough to be cleared step by step
THEFTS = range(100, 108)  # manhole: closed, then missing to the end
UNSTEADY = range(108, 400)  # manhole: tilts a little and settles again, which is noted but no incident
HAZARDOUS = (*LEAKS, *STENCHES, *THEFTS)  # each of these becomes an incident

Publish = Callable[["Sequence[Reading]"], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """Reading ``number`` of all, in the order of sending."""

    number: int
    start: datetime

    @property
    def sensor(self) -> int:
        return self.number // BURST % SENSORS

    @property
    def round(self) -> int:
        return self.number // BURST // SENSORS * BURST + self.number % BURST

    @property
    def kind(self) -> str:
        return kind_of(self.sensor)

    @property
    def code(self) -> str:
        return code_of(self.sensor)

    @property
    def time(self) -> datetime:
        return self.start + self.round * ROUND

    @property
    def values(self) -> dict[str, float | str]:
        if self.kind == "manhole":
            missing = self.sensor in THEFTS and self.round >= 60
            tilted = self.sensor in UNSTEADY and self.round % BURST < 3
            state = "missing" if missing else "closed"
            return {"cover_state": state, "tilt_deg": 7 if tilted else 0, "shock_count": self.number}
        if self.sensor in LEAKS:
            return {"ch4_lel_pct": 1 if self.round < 30 else 60 if self.round < 70 else 90}
        if self.sensor in STENCHES:
            return {"h2s_mg_m3": 50 if self.round < 10 else 0.1}
        return {"ch4_lel_pct": 1, "h2s_mg_m3": 0.1}

    @property
    def payload(self) -> bytes:
        return msgspec.json.encode({"time": self.time, **self.values})


def kind_of(sensor: int) -> str:
    return "gas" if sensor < GAS else "manhole"


def code_of(sensor: int) -> str:
    return f"S-{sensor:03}"


@dataclass(slots=True)
class Server:
    """A database behind a relay."""

    relay: Relay
    restart: Callable[[], Awaitable[None]]

    async def fetch(self, query: str) -> list[asyncpg.Record]:
        """Rows of ``query`` over a connection of its own, since others do not survive."""
        connection = await connect(self.relay.url, application="tests")
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()

    async def count(self, query: str) -> int:
        """The one number that ``query`` returns."""
        return int((await self.fetch(query))[0][0])

    async def stored(self) -> int:
        """Readings in the database."""
        return await self.count("SELECT (SELECT count(*) FROM reading_gas) + (SELECT count(*) FROM reading_manhole)")


@pytest.fixture
def shared_url(request: pytest.FixtureRequest) -> str | None:
    """The test's database on the server that LIFELINE_TEST_DATABASE_URL names; None where it names none."""
    return request.getfixturevalue("database_url") if "LIFELINE_TEST_DATABASE_URL" in os.environ else None


@pytest.fixture
async def server(shared_url: str | None, server_folder: Path) -> AsyncIterator[Server]:
    async with _shared(shared_url) if shared_url else _private(server_folder / "nothing-lost") as found:
        yield found


@asynccontextmanager
async def _shared(url: str) -> AsyncIterator[Server]:
    async def terminate() -> None:
        connection = await connect(url, application="tests")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await connection.close()

    async with relay_to(url) as relay:
        yield Server(relay, terminate)


@asynccontextmanager
async def _private(folder: Path) -> AsyncIterator[Server]:
    with EmbeddedDatabase(folder, durable=True) as database:
        async with relay_to(database.url) as relay:

            async def restart() -> None:
                # On this thread, as its death would be the server's: the loop stands still for a moment.
                database.stop()
                database.start()
                relay.target = database.url

            await prepare(relay.url)
            yield Server(relay, restart)


async def register(server: Server) -> list[str]:
    """Sensors, and squads enough for an order for every incident; the squads' names."""
    now = datetime.now(UTC)
    # A kilometre from each other, so that each hazard is an incident of its own.
    sensors = [(code_of(n), kind_of(n), 112.4 + n / 100, 23.6, now) for n in range(SENSORS)]
    skills = frozenset({"gas", "cover"})
    squads = [
        Squad(f"Q-{n:02}", f"{n} 队", f"Squad {n}", skills, 112.4 + n / 1000, 23.6, time(0), time(0), "1")
        for n in range(len(HAZARDOUS) + 4)
    ]
    connection = await connect(server.relay.url, application="tests")
    await connection.executemany(
        "INSERT INTO sensor (code, kind, longitude, latitude, updated_at) VALUES ($1, $2, $3, $4, $5)", sensors
    )
    await save_squads(connection, squads, now)
    await connection.close()
    return [squad.squad_id for squad in squads]


@asynccontextmanager
async def working_crew(broker_url: str, squad_ids: Sequence[str], settings: Settings) -> AsyncIterator[Crew]:
    """Squads that confirm every order and do nothing else; their sessions end with them."""
    client_id = f"{settings.client_id}-crew"
    pace = Pace(NEVER_S, NEVER_S, NEVER_S, NEVER_S)
    crew = Crew(
        Broker.parse(broker_url),
        squad_ids,
        pace,
        now=lambda: datetime.now(UTC),
        prefix=settings.squads_prefix,
        client_id=client_id,
    )
    task = asyncio.create_task(crew.run(), name="crew")
    try:
        async with asyncio.timeout(15):
            await crew.ready()
        yield crew
    finally:
        task.cancel()
        await asyncio.wait({task})
        for squad_id in squad_ids:
            await end_session(broker_url, f"{client_id}-{squad_id}")


def publish(publisher: Publisher, prefix: str, readings: Sequence[Reading]) -> None:
    for reading in readings:
        publisher.publish_bytes(reading.code, native_topic(prefix, reading.kind, reading.code), reading.payload)


@dataclass(frozen=True, slots=True)
class Scene:
    """The hub, and the ways from it and from the publisher to the servers."""

    hub: Mapping[str, Child]
    broker: Relay
    publishers: Relay
    server: Server
    until: Until

    async def takes_more(self, before: str) -> None:
        """Wait until the hub has stored something new and there are processes to kill."""
        stored = await self.server.stored()

        async def more() -> bool:
            processes = [self.hub[role].process for role in HUB]
            running = all(process is not None and process.returncode is None for process in processes)
            return running and await self.server.stored() > stored

        await self.until(more, f"the hub takes readings in before a {before}")

    async def _acknowledgements_lost(self) -> bool:
        return self.broker.unheard_bytes >= LOST_BYTES

    async def disturb(self, what: str) -> None:
        """Do one of ``DISTURBANCES``."""
        if what == "kill":
            for role in HUB:
                os.kill(self.hub[role].pid, signal.SIGKILL)
        elif what == "cut":
            # Commits go on while their acknowledgements are lost, so all of this comes again.
            self.broker.mute()
            await self.until(self._acknowledgements_lost, "the hub acknowledges before a cut")
            self.broker.cut()
            self.publishers.cut()
        else:
            await self.server.restart()


async def publish_disturbed(scene: Scene, parts: Sequence[Sequence[Reading]], publish: Publish) -> None:
    """Publish part by part, and disturb as soon as the hub has stored anything since the disturbance before."""
    loop = asyncio.get_running_loop()
    for part, what in zip(parts, DISTURBANCES, strict=True):
        publishing = loop.run_in_executor(None, publish, part)
        await scene.takes_more(what)
        await scene.disturb(what)
        await publishing


@pytest.mark.timeout(300)
async def test_kills_cuts_and_a_restart_lose_nothing_and_repeat_nothing(
    server: Server, broker_url: str, hub_on: HubOn, hub_log: IO[bytes], until: Until
) -> None:
    squad_ids = await register(server)
    start = datetime.now(UTC) - ROUNDS * ROUND
    readings = [Reading(number, start) for number in range(READINGS)]
    size = READINGS // len(DISTURBANCES)
    parts = [readings[first : first + size] for first in range(0, READINGS, size)]
    expected = {(reading.code, reading.time): reading.values for reading in readings}

    async with relay_to(broker_url) as broker, relay_to(broker_url) as publishers:
        settings = hub_on(server.relay.url, broker.url)
        publisher = Publisher(
            Broker.parse(publishers.url), client_id=f"{settings.client_id}-fleet", prefix=settings.topic_prefix
        )

        def publish(part: Sequence[Reading]) -> None:
            for reading in part:
                topic = native_topic(settings.topic_prefix, reading.kind, reading.code)
                publisher.publish_bytes(reading.code, topic, reading.payload)

        async def all_stored() -> bool:
            return await server.stored() >= READINGS

        async def all_ordered() -> bool:
            return await server.count(RECEIVED) >= len(HAZARDOUS)

        async with working_crew(broker_url, squad_ids, settings) as crew, running_hub(settings, output=hub_log) as hub:
            with publisher:
                await publish_disturbed(Scene(hub, broker, publishers, server, until), parts, publish)
                published = await asyncio.to_thread(publisher.settle, 30)
            await until(all_stored, "all readings are stored", within_s=90)
            await until(all_ordered, "every incident's order is received")
            restarts = {role: hub[role].restarts for role in HUB}

    assert (published.acknowledged, published.refused) == (READINGS, 0)
    # One more where a process that had just been started met the database's restart, and gave up.
    assert all(count >= DISTURBANCES.count("kill") for count in restarts.values())
    assert broker.cuts == publishers.cuts == DISTURBANCES.count("cut")
    await check_readings(server, expected)
    await check_hazards(server)
    await check_orders(server, crew)
    assert await server.fetch("SELECT topic, reason FROM quarantine") == []


RECEIVED = "SELECT count(*) FROM notification WHERE received_at IS NOT NULL"


async def check_readings(server: Server, expected: Mapping[tuple[str, datetime], dict[str, float | str]]) -> None:
    """What is stored is what was acknowledged to the publisher, value by value."""
    gas = await server.fetch("SELECT code, time, ch4_lel_pct, h2s_mg_m3 FROM reading_gas JOIN sensor USING (sensor_id)")
    covers = await server.fetch(
        "SELECT code, time, cover_state, tilt_deg, shock_count FROM reading_manhole JOIN sensor USING (sensor_id)"
    )
    rows = [dict(row) for row in (*gas, *covers)]
    assert len(rows) == len(expected)
    stored = {
        (row.pop("code"), row.pop("time")): {name: value for name, value in row.items() if value is not None}
        for row in rows
    }
    assert stored.keys() == expected.keys()
    assert [key for key in expected if stored[key] != pytest.approx(expected[key])] == []


# What an undisturbed day would leave: type and events of each hazard, with the grades.
LEAK = ("gas_combustible", ["raised 2", "upgraded 1"])
STENCH = ("gas_h2s", ["raised 1", "downgraded 2", "downgraded 3", "downgraded 4", "cleared"])
THEFT = ("cover_missing", ["raised 1", "latched 1"])
SWINGS = [("cover_tilt", ["raised 4", "cleared"])] * (ROUNDS // BURST)


async def check_hazards(server: Server) -> None:
    """Hazards are those of an undisturbed day, and each that is to be an incident is one."""
    rows = await server.fetch(
        "SELECT code, hazard_type, incident_id,"
        " (SELECT array_agg(event || coalesce(' ' || happened.grade, '') ORDER BY hazard_event_id)"
        "  FROM hazard_event AS happened WHERE happened.hazard_id = hazard.hazard_id) AS history"
        " FROM hazard JOIN sensor USING (sensor_id) ORDER BY code, hazard_id"
    )
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for row in rows:
        found.setdefault(row["code"], []).append((row["hazard_type"], row["history"]))
    wanted = {LEAKS: [LEAK], STENCHES: [STENCH], THEFTS: [THEFT], UNSTEADY: SWINGS}
    assert found == {code_of(n): hazards for sensors, hazards in wanted.items() for n in sensors}
    of_hazards = [row["incident_id"] for row in rows if row["incident_id"] is not None]
    incidents = [row["incident_id"] for row in await server.fetch("SELECT incident_id FROM incident")]
    assert sorted(of_hazards) == sorted(incidents)
    assert len(incidents) == len(HAZARDOUS)


async def check_orders(server: Server, crew: Crew) -> None:
    """Each incident has one task, each task one order, each order one key, at the squad that was chosen."""
    tasks = await server.fetch("SELECT incident_id, task_id, squad_id FROM task")
    incidents = await server.fetch("SELECT incident_id FROM incident")
    assert sorted(task["incident_id"] for task in tasks) == sorted(row["incident_id"] for row in incidents)
    ordered = [
        (arrival.order["incident_id"], arrival.order["task_id"], arrival.squad_id, arrival.key)
        for arrival in crew.arrivals
    ]
    chosen = [(row["incident_id"], row["task_id"], row["squad_id"], f"order-{row['task_id']}") for row in tasks]
    assert sorted(ordered) == sorted(chosen)
