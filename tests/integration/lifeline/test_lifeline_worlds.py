"""A drill and real traffic in one database never meet: not in a row, not in a message, not in an answer of the API."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import orjson
import pytest
from exercise_support import DRILLED, NOW, gas

from api.access.keys import add_key
from api.app import create_app, openapi_document
from dispatch import messages
from dispatch.channels import read_channels
from dispatch.exercises import Exercise
from dispatch.kpis import figures
from ingest.source import Message
from lifeline.rehearsal.hub import SteppedHub
from lifeline.rehearsal.record import read_record

REAL = re.compile(r'gas-0012|"gas-1"|wang|竹海|Zhuhai')
NAMED = re.compile(r'"(sensor|hazard|incident|task|exercise)_id": ?(\d+)')
MINUTE = timedelta(minutes=1)
UNTOLD = {"/api/v1/exercises", "/api/v1/stream"}  # the one tells of drills, the other never ends: see the table feed


class Pager:
    """Takes what people are told, over HTTP."""

    def __init__(self) -> None:
        self.letters: list[dict[str, str]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None
        self.letters.append(orjson.loads(await reader.readexactly(int(length[1]))))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def paged(pager: Pager, folder: Path) -> AsyncIterator[Path]:
    server = await asyncio.start_server(pager.serve, "127.0.0.1", 0)
    file = folder / "channels.yaml"
    address = f"json://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    file.write_text(f"pager: {address}\nsms: {address}\n")
    async with server:
        yield file


async def worlds(pool: asyncpg.Pool) -> dict[tuple[str, int], int]:
    """The exercise (0: the real world) that each numbered thing belongs to."""
    found: dict[tuple[str, int], int] = {}
    for thing in ("sensor", "hazard", "incident", "task"):
        for row in await pool.fetch(f"SELECT {thing}_id AS id, exercise_id FROM public.{thing}"):
            found[thing, row["id"]] = row["exercise_id"]
    return found


def worlds_in(text: str, known: dict[tuple[str, int], int]) -> set[int]:
    """The worlds of everything that a row or a message names by number."""
    return {int(number) if thing == "exercise" else known[thing, int(number)] for thing, number in NAMED.findall(text)}


async def handled(hub: SteppedHub, exercise: Exercise, at: datetime) -> list[Message]:
    """Two leaks, a real one and a drilled one, from their first reading to the closure of both cases."""
    both = ("gas-0012", f"{exercise.twin_prefix}gas-0003")
    prefix = hub.intake.registry.prefix
    told = await gas(hub, 55, at, *both)
    await hub.take_readings([(code, f"{prefix}/gas/{code}/reading", b"{broken") for code in both], at)
    orders = {message.topic.split("/")[-2]: orjson.loads(message.payload) for message in told}
    for action in ("received", "accept", "en_route", "on_scene", "permit", "done"):
        at += MINUTE
        said = {squad: {"key": order["key"], "action": action, "time": at} for squad, order in orders.items()}
        await hub.take_receipts([(squad, orjson.dumps(receipt)) for squad, receipt in said.items()], at)
        told += await hub.decide(at)
    for _ in range(10):
        at += 5 * MINUTE
        told += await gas(hub, 1, at, *both)
    return told


async def test_a_drill_and_real_traffic_never_meet(
    hub: SteppedHub, exercise: Exercise, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    told = await handled(hub, exercise, NOW)
    assert await pool.fetchval("SELECT count(*) FROM incident WHERE closed_at IS NOT NULL") == 2
    known = await worlds(pool)
    await every_row_is_of_one_world(pool, exercise, known)
    squads_hear_of_one_world(told, exercise, known)
    await people_hear_of_one_world(pool, tmp_path)
    await figures_and_record_are_of_one_world(pool, exercise)
    await no_answer_tells_of_a_drill(pool, exercise)
    await no_warning_of_a_drill_is_an_actual_one(pool)


async def every_row_is_of_one_world(pool: asyncpg.Pool, exercise: Exercise, known: dict[tuple[str, int], int]) -> None:
    tables = await pool.fetch(
        "SELECT table_name AS name FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'exercise%'"
    )
    of_drill: set[str] = set()
    for table in tables:
        name = table["name"]
        for row in await pool.fetch(f"SELECT row_to_json(t)::text AS whole FROM public.{name} AS t"):
            whole = row["whole"]
            of = worlds_in(whole, known)
            assert len(of) <= 1, (name, whole)
            if of == {exercise.exercise_id}:
                of_drill.add(name)
                assert not REAL.search(whole), (name, whole)
            else:
                assert not DRILLED.search(whole), (name, whole)
    assert of_drill >= {
        *("sensor", "hazard", "hazard_event", "incident", "incident_event", "response", "response_role", "task"),
        *("task_event", "permit", "notification", "quarantine"),
    }
    assert not of_drill & {"feed", "webhook_delivery", "stock_entry", "warning", "work_order", "audit"}
    assert await pool.fetchval("SELECT count(*) FROM feed WHERE topic = 'incident'") >= 5
    views = await pool.fetch("SELECT table_name AS name FROM information_schema.views WHERE table_schema = 'everyday'")
    for view in views:
        rows = await pool.fetch(f"SELECT row_to_json(t)::text AS whole FROM everyday.{view['name']} AS t")
        assert rows, view["name"]
        assert all(worlds_in(row["whole"], known) <= {0} for row in rows), view["name"]


def squads_hear_of_one_world(told: Sequence[Message], exercise: Exercise, known: dict[tuple[str, int], int]) -> None:
    heard: dict[str, set[int]] = {}
    for message in told:
        text, squad = message.payload.decode(), message.topic.split("/")[-2]
        of = worlds_in(text, known)
        heard.setdefault(squad, set()).update(of)
        assert bool(DRILLED.search(text)) == (of == {exercise.exercise_id})
        assert bool(REAL.search(text)) == (of == {0})
    assert heard == {"gas-1": {0}, "gas-2": {exercise.exercise_id}}


async def people_hear_of_one_world(pool: asyncpg.Pool, folder: Path) -> None:
    pager = Pager()
    async with paged(pager, folder) as file:
        await messages.run_once(pool, read_channels(file), NOW + 60 * MINUTE)
    drilled = [letter for letter in pager.letters if letter["title"].startswith("【演练】")]
    earnest = [letter for letter in pager.letters if letter not in drilled]
    assert all(line.startswith("【演练】") for letter in drilled for line in letter["message"].splitlines())
    assert not any(DRILLED.search(f"{letter['title']} {letter['message']}") for letter in earnest)
    assert not any(REAL.search(f"{letter['title']} {letter['message']}") for letter in drilled)
    assert any(REAL.search(f"{letter['title']} {letter['message']}") for letter in earnest)
    # Li is enrolled on the pager alone and told once, Wang is not; in earnest all three are told.
    assert (len(drilled), len(earnest)) == (1, 3)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="wang is not enrolled in exercise"):
        await pool.execute("UPDATE notification SET recipient = 'wang' WHERE recipient = 'li' AND exercise_id <> 0")


async def figures_and_record_are_of_one_world(pool: asyncpg.Pool, exercise: Exercise) -> None:
    async with pool.acquire() as connection:
        (figure,) = await figures(connection, NOW - MINUTE, NOW + 60 * MINUTE)
        record = await read_record(connection, exercise, NOW, None)
    assert (figure.incidents, figure.handling_rate) == (1, 1.0)
    assert {case.sensor for case in record.cases} == {"gas-0003"}
    assert {message["recipient"] for message in record.messages} == {"gas-2", "li"}


async def no_answer_tells_of_a_drill(pool: asyncpg.Pool, exercise: Exercise) -> None:
    """Every route that can be asked without a number."""
    later = NOW + 60 * MINUTE
    drilled = await pool.fetchval("SELECT incident_id FROM incident WHERE exercise_id <> 0")
    keys = [await add_key(pool, role, role, later) for role in ("officer", "administrator")]
    app = create_app(pool, clock=lambda: later)
    paths = [
        path
        for path, route in openapi_document()["paths"].items()
        if "get" in route and "{" not in path and path not in UNTOLD
    ]
    answered = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hub") as client:
        for path in paths:
            for key in keys:
                answer = await client.get(path, headers={"X-API-Key": key})
                if answer.status_code == 200:
                    answered.add(path.removeprefix("/api/v1"))
                    assert not DRILLED.search(answer.text), path
        for path in (f"incidents/{drilled}", f"sensors/{exercise.twin_prefix}gas-0003"):
            assert (await client.get(f"/api/v1/{path}", headers={"X-API-Key": keys[0]})).status_code == 404
    assert answered >= {
        *("/sensors", "/hazards", "/incidents", "/tasks", "/notifications", "/quarantine", "/readings/latest"),
        *("/public/warnings", "/public/warnings.atom"),
    }


async def no_warning_of_a_drill_is_an_actual_one(pool: asyncpg.Pool) -> None:
    """Also for somebody who looks at drills, and who edits afterwards; what is exercised is in no feed."""
    later = NOW + 60 * MINUTE
    drilled = await pool.fetchval("SELECT incident_id FROM incident WHERE exercise_id <> 0")
    headers = {"X-API-Key": await add_key(pool, "warner", "officer", later), "Lifeline-Exercises": "show"}
    transport = httpx.ASGITransport(app=create_app(pool, clock=lambda: later))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1", headers=headers) as client:
        drafted = await client.post("/warnings", json={"incident_id": drilled, "status": "Exercise"})
        assert drafted.status_code == 201, drafted.text
        warning = drafted.json()
        actual = warning["entry"] | {"status": "Actual"}
        for refused in (
            await client.post("/warnings", json={"incident_id": drilled}),
            await client.post("/warnings", json={"incident_id": drilled, "entry": actual}),
            await client.put(f"/warnings/{warning['warning_id']}", json=actual, headers={"If-Match": "*"}),
        ):
            assert (refused.status_code, "part of an exercise" in refused.json()["detail"]) == (409, True)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="is part of an exercise"):
        await pool.execute("UPDATE warning SET status = 'Actual'")
    assert await pool.fetchval("SELECT count(*) FROM warning") == 1
    assert await pool.fetchval("SELECT count(*) FROM feed WHERE topic = 'warning'") == 0
