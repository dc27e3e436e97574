"""Live drills on a running hub, from the command and over the API: real processes, real clocks, a squad on MQTT."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import asyncpg
import httpx
import pytest
from hub_support import HubOn, Until

from api.access.keys import add_key
from dispatch.exercises import end_exercise, open_exercise
from dispatch.words import Words
from lifeline.county import load_county, read_county
from lifeline.preparedness import load_preparedness, read_preparedness
from lifeline.settings import Settings
from lifeline.supervisor import running_hub
from simulators.crew import Crew
from simulators.squads import Pace

REPOSITORY = Path(__file__).parents[2]
COUNTY = REPOSITORY / "counties" / "guangning"
# With this seed mh-0006 takes its first sample within a second, so the drill is short.
DRILL = """
name: cover-live
title: {zh: 井盖移位实兵演练, en: "Cover displaced, live"}
starts: 2026-06-26T15:00:00
duration_s: 20
speed: 1
seed: 109
injections:
  - {at_s: 0, sensors: [mh-0006], causes: {shifted_deg: 40}}
crew: {accept_s: 0, en_route_s: 0, on_scene_s: 0, done_s: 0}
wanted:
  - {what: hazard_graded, sensor: mh-0006, hazard_type: cover_displaced, grade: 1, after_s: 0, before_s: 20}
  - {what: incident_opened, sensor: mh-0006, grade: 1, after_s: 0, before_s: 20, at_most: 1}
  - {what: order_confirmed, sensor: mh-0006, squad: road-1, after_s: 0, before_s: 20}
  - {what: squad_on_scene, sensor: mh-0006, squad: road-1, after_s: 0, before_s: 20}
  - {what: task_done, sensor: mh-0006, squad: road-1, after_s: 0, before_s: 20}
"""


@pytest.fixture
async def settings(
    pool: asyncpg.Pool, database_url: str, broker_url: str, hub_on: HubOn, hub_log: IO[bytes]
) -> AsyncIterator[Settings]:
    """A hub with the county in it, where this drill was held before and went badly."""
    settings = hub_on(database_url, broker_url)
    now = datetime.now(UTC)
    async with pool.acquire() as connection:
        await load_county(connection, read_county(COUNTY, ()), now)
        await load_preparedness(connection, read_preparedness(COUNTY), now)
        await connection.execute("UPDATE squad SET duty_start = '00:00', duty_end = '00:00'")
        title = Words("上次", "last time")
        before = await open_exercise(connection, "cover-live", title, 1, sensors=["mh-0006"], squads=[], now=now)
        await end_exercise(connection, before.exercise_id, {"drill": "cover-live", "score": 40}, now)
    async with running_hub(settings, output=hub_log):
        yield settings


@pytest.fixture
async def squad(settings: Settings) -> AsyncIterator[Crew]:
    """The phones of every squad in the county that mends covers: all would answer, were they told."""
    crew = Crew(
        settings.broker,
        ("road-1", "gas-2", "drainage-1"),
        Pace(accept_s=0.1, en_route_s=0.1, on_scene_s=0.1, done_s=0.1),
        now=lambda: datetime.now(UTC),
        prefix=settings.squads_prefix,
        client_id=f"{settings.client_id}-crew",
    )
    working = asyncio.create_task(crew.run(), name="crew")
    async with asyncio.timeout(20):
        await crew.ready()
    yield crew
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def held(settings: Settings, script: Path, report: Path) -> tuple[int, str]:
    """Exit status and output of the command, as a person types it beside the hub."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")}
    own |= {
        "LIFELINE_DATABASE_URL": settings.database,
        "LIFELINE_BROKER_URL": settings.broker_url.get_secret_value() if settings.broker_url else "",
        "LIFELINE_CLIENT_ID": settings.client_id,
        "LIFELINE_TOPIC_PREFIX": settings.topic_prefix,
        "LIFELINE_SQUADS_PREFIX": settings.squads_prefix,
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUTF8": "1",
    }
    chosen = ("--live", "--squad", "road-1", "--person", "leader-1", "--json", str(report))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lifeline", "drill", "run", str(script), *chosen),
        env=own,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(90):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_live_drill_is_held_with_a_squad_that_confirms(
    settings: Settings, squad: Crew, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    script, file = tmp_path / "cover-live.yaml", tmp_path / "report.json"
    script.write_text(DRILL, encoding="utf-8")
    status, said = await held(settings, script, file)
    assert (status, "5 of 5 wanted outcomes happened" in said) == (0, True), said
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    (case,) = report["cases"]
    steps = case["steps_s"]
    assert list(steps) == sorted(steps, key=lambda name: float(steps[name]))
    assert steps.keys() >= {"opened", "filed", "ordered", "received", "accepted", "on_scene", "done"}
    assert report["took_s"] >= 20  # by the real clock
    assert report["last_run"]["score"] == 40  # the hub's own record, as no file was there to compare with
    # Of the three squads and the county's people only those who are enrolled heard of it.
    (order,) = squad.arrivals
    assert (order.squad_id, str(order.order["title"]["zh"])[:4]) == ("road-1", "【演练】")
    told = await pool.fetch("SELECT recipient FROM notification WHERE channel <> 'console'")
    assert {row["recipient"] for row in told} <= {"road-1", "leader-1"}
    kept = await pool.fetchrow("SELECT status, report FROM exercise WHERE exercise_id = $1", report["exercise_id"])
    assert kept is not None
    assert (kept["status"], kept["report"]) == ("ended", report)
    # Nobody was left to direct the traffic: the plan has that to answer.
    assert await pool.fetchval("SELECT count(*) FROM plan_finding WHERE closed_at IS NULL") == len(report["findings"])
    assert any("direct traffic" in one["en"] for one in report["findings"])
    assert await pool.fetchval("SELECT count(*) FROM incident WHERE exercise_id = 0") == 0


async def test_one_that_the_api_was_asked_for_runs_until_somebody_ends_it(
    settings: Settings, pool: asyncpg.Pool, until: Until
) -> None:
    key = await add_key(pool, "officer", "officer", datetime.now(UTC))
    address = f"http://127.0.0.1:{settings.api_port}/api/v1"
    async with httpx.AsyncClient(base_url=address, headers={"X-API-Key": key}, trust_env=False) as hub:
        started = await hub.post("/drills/cover-knocked-loose/start", json={"squads": ["road-1"]})
        assert started.status_code == 202, started.text

        async def held() -> dict[str, Any]:
            found = [one for one in (await hub.get("/exercises")).json()["items"] if one["drill"] != "cover-live"]
            return (await hub.get(f"/exercises/{found[0]['exercise_id']}")).json() if found else {"status": "none"}

        async def is_running() -> bool:
            return bool((await held())["status"] == "running")

        async def has_report() -> bool:
            return (await held())["report"] is not None

        await until(is_running, "the drill runs")
        running = await held()
        assert (running["squads"], running["report"]) == (["road-1"], None)
        assert (await hub.post(f"/exercises/{running['exercise_id']}/end")).status_code == 200
        await until(has_report, "who played it has left its report")
        report = (await held())["report"]
    assert (report["passed"], report["drill"], report["last_run"]) == (False, "cover-knocked-loose", None)
