"""A county in a rainstorm with the whole hub at work: readings, calls, squads, a drill and a warning."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import aiomqtt
import asyncpg
import httpx
import orjson
from hub_support import Until, end_session

from api.access.passwords import hash_password
from database.pool import connect
from lifeline.county import load_county, read_county
from lifeline.preparedness import load_preparedness, read_preparedness
from lifeline.settings import Settings
from lifeline.supervisor import running_hub
from simulators.crew import Crew
from simulators.roster import VirtualSensor, read_roster
from simulators.squads import Pace

COUNTY = Path(__file__).parents[2] / "counties" / "guangning"
PASSWORD = "seven herons over the Sui river"
_PEOPLE = (
    ("wang", "王敏", "officer", None),
    ("zhao", "赵立", "leader", None),
    ("liu", "刘洋", "administrator", None),
    ("chen", "陈志强", "squad", "gas-1"),
)
_CREWS = ("drainage-1", "road-1", "gas-2", "medical-1")  # these answer by themselves; the others are slow today
_CALM: dict[str, dict[str, float | str]] = {
    "manhole": {"cover_state": "closed", "tilt_deg": 0.6, "water_below_cover_m": 1.9, "battery_pct": 84},
    "gas": {"ch4_lel_pct": 0.8, "h2s_mg_m3": 0.2, "co_mg_m3": 0.6, "o2_pct_vol": 20.8, "battery_pct": 91},
    "waterlogging": {"depth_m": 0.01, "rain_mm_h": 31.0, "battery_pct": 77},
    "noise": {"laeq_db": 38.2, "lmax_db": 44.0, "window_s": 600, "battery_pct": 80},
}
_BAD: dict[str, tuple[dict[str, float | str], ...]] = {
    "gas-0014": tuple({"ch4_lel_pct": value} for value in (3.0, 11.5, 27.0, 58.5, 91.0)),
    "gas-0024": tuple({"ch4_lel_pct": value} for value in (2.0, 9.0, 16.5, 22.0, 23.5)),
    "wl-0003": tuple({"depth_m": value} for value in (0.04, 0.09, 0.14, 0.17, 0.2)),
    "wl-0010": tuple({"depth_m": value} for value in (0.03, 0.08, 0.12, 0.17, 0.19)),
    "wl-0029": tuple({"depth_m": value} for value in (0.02, 0.05, 0.09, 0.11, 0.12)),
    "wl-0050": tuple({"depth_m": value} for value in (0.05, 0.11, 0.16, 0.24, 0.3)),
    "mh-0003": ({}, {}, {"tilt_deg": 4.0}, {"tilt_deg": 38.0}, {"tilt_deg": 41.5}),
    "mh-0066": ({}, {}, {}, {"battery_pct": 17}, {"battery_pct": 16}),
}
"""What some sensors tell instead, minute by minute until now."""
_CALLS: tuple[dict[str, Any], ...] = (
    {
        "source": "hotline",
        "reference": "12319-0042",
        "hazard_type": "gas_smell",
        "grade": 3,
        "place": "古水镇农贸市场旁",
        "text": "闻到燃气味，已叫商户离开",
    },
    {
        "source": "police",
        "reference": "110-3127",
        "hazard_type": "cover_missing",
        "grade": 3,
        "place": "江屯镇府前路",
        "text": "井盖不见了，有电动车摔倒",
        "grid_id": "jiangtun-1",
    },
)
_TWIN = "SELECT code FROM sensor WHERE twin_of = (SELECT sensor_id FROM sensor WHERE code = $1 AND twin_of IS NULL)"


@dataclass(frozen=True, slots=True)
class County:
    """The hub at ``base`` with the county in it, its settings, and a way into its database."""

    base: str
    settings: Settings
    database: asyncpg.Connection
    until: Until


@asynccontextmanager
async def at_work(settings: Settings, output: IO[bytes], until: Until) -> AsyncIterator[County]:
    """The county on a calm day: people with accounts, every squad on duty, some of which answer by themselves."""
    async with running_hub(settings, output=output), asyncio.TaskGroup() as group:
        connection = await connect(settings.database, application="tests")
        now = datetime.now(UTC)
        await load_county(connection, read_county(COUNTY, ()), now)
        await load_preparedness(connection, read_preparedness(COUNTY), now)
        await connection.execute("UPDATE squad SET duty_start = '00:00', duty_end = '00:00'")  # whatever the hour
        password = await hash_password(PASSWORD)
        await connection.executemany(
            "INSERT INTO account (name, full_name, role, squad_id, password_hash, must_change_password, created_at,"
            " updated_at) VALUES ($1, $2, $3, $4, $5, false, $6, $6)",
            [(*person, password, now) for person in _PEOPLE],
        )
        crew = Crew(
            settings.broker,
            _CREWS,
            Pace(accept_s=1, en_route_s=2, on_scene_s=3, done_s=3600),
            now=lambda: datetime.now(UTC),
            prefix=settings.squads_prefix,
            client_id=f"{settings.client_id}-crew",
        )
        answering = group.create_task(crew.run(), name="crew")
        await crew.ready()
        yield County(f"http://127.0.0.1:{settings.api_port}", settings, connection, until)
        answering.cancel()
        await connection.close()
    for squad in _CREWS:
        await end_session(settings.broker_url.get_secret_value(), f"{settings.client_id}-crew-{squad}")


async def rainstorm(county: County) -> None:
    """Rain, gas, loose covers and calls; until squads are on scene."""
    await _report(county.settings, read_roster(COUNTY / "sensors.csv"))

    async def judged() -> bool:
        found = await county.database.fetch("SELECT code FROM sensor JOIN hazard USING (sensor_id)")
        return {row["code"] for row in found} >= set(_BAD)

    await county.until(judged, "every sensor that tells of something bad has its hazard", within_s=60)
    async with api_as(county.base, "wang") as client:
        for call in _CALLS:
            (await client.post("/incidents", json=call)).raise_for_status()

    async def on_scene() -> bool:
        return bool(await county.database.fetchval("SELECT count(*) > 2 FROM task WHERE status = 'on_scene'"))

    await county.until(on_scene, "squads are on scene", within_s=60)


async def drill(county: County) -> int:
    """A drill with a red of gas in it; the number of its incident."""
    async with api_as(county.base, "wang") as client:
        (await client.post("/drills/two-reds-too-few-squads/start", json={})).raise_for_status()

        async def twin() -> bool:
            return bool(await county.database.fetchval(_TWIN, "gas-0001"))

        await county.until(twin, "the drill is on", within_s=60)
        code = await county.database.fetchval(_TWIN, "gas-0001")
        await _publish(county.settings, [(f"gas/{code}", {"time": datetime.now(UTC).timestamp(), "ch4_lel_pct": 92.0})])

        async def ordered() -> bool:
            return bool(await county.database.fetchval("SELECT count(*) > 1 FROM task WHERE exercise_id > 0"))

        await county.until(ordered, "the drill's squads have their orders", within_s=60)
        return int(await county.database.fetchval("SELECT incident_id FROM incident WHERE exercise_id > 0"))


async def end_drill(county: County) -> None:
    """End it, so that its squads are free again."""
    async with api_as(county.base, "wang") as client:
        for exercise in (await client.get("/exercises")).json()["items"]:
            (await client.post(f"/exercises/{exercise['exercise_id']}/end")).raise_for_status()


async def warn(county: County) -> int:
    """A warning of the flooded underpass, drafted and released by one person and approved by another; its number."""
    number = await county.database.fetchval(
        "SELECT incident_id FROM incident JOIN hazard USING (incident_id) JOIN sensor USING (sensor_id)"
        " WHERE code = 'wl-0003' AND incident.exercise_id = 0"
    )
    async with api_as(county.base, "wang") as officer, api_as(county.base, "zhao") as leader:
        made = await officer.post("/warnings", json={"incident_id": number})
        place = f"/warnings/{made.raise_for_status().json()['warning_id']}"
        read = (await leader.get(place)).headers["etag"]
        (await leader.post(f"{place}/approve", headers={"If-Match": read}, json={"note": ""})).raise_for_status()
        (await officer.post(f"{place}/release")).raise_for_status()
    return int(place.rpartition("/")[2])


async def _report(settings: Settings, sensors: tuple[VirtualSensor, ...]) -> None:
    """Five readings of every sensor, a minute apart until now."""
    now = datetime.now(UTC)
    readings = []
    for turn in range(5):
        at = (now - timedelta(minutes=4 - turn)).timestamp()
        for sensor in sensors:
            told = {"time": at, **_CALM[sensor.kind], **_BAD.get(sensor.code, ({},) * 5)[turn]}
            readings.append((f"{sensor.kind}/{sensor.code}", told))
    await _publish(settings, readings)


async def _publish(settings: Settings, readings: list[tuple[str, dict[str, Any]]]) -> None:
    broker = settings.broker
    identifier = f"{settings.client_id}-sensors"
    async with aiomqtt.Client(
        broker.host, broker.port, identifier=identifier, protocol=aiomqtt.ProtocolVersion.V5
    ) as client:
        for place, told in readings:
            await client.publish(f"{settings.topic_prefix}/{place}/reading", orjson.dumps(told), qos=1)


@asynccontextmanager
async def api_as(base: str, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API that this person has signed in with."""
    async with httpx.AsyncClient(base_url=f"{base}/api/v1", trust_env=False) as client:
        signed_in = await client.post("/auth/login", json={"name": name, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {signed_in.raise_for_status().json()['access_token']}"
        yield client
