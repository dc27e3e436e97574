"""Webhooks against a real HTTP server: in order, signed, again until taken, and never to a place inside."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Request, Response
from test_api_generated import serving

from api.app import create_app
from api.webhooks.delivery import DeliveryStats, run_once, sign
from api.webhooks.guard import Doors, parse_networks

LOCAL = Doors(parse_networks("127.0.0.0/8"))
EVENT = "INSERT INTO incident_event (incident_id, at, event, actor) VALUES ($1, now(), 'commented', $2)"


class Receiver:
    """Another system, which takes events or refuses them."""

    def __init__(self) -> None:
        self.status = 204
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.app = FastAPI()

        @self.app.post("/events")
        async def take(request: Request) -> Response:
            self.taken.append((dict(request.headers), await request.body()))
            return Response(status_code=self.status, headers={"Location": "http://127.0.0.1:1/"})

    @property
    def actors(self) -> list[str]:
        return [json.loads(body)["data"]["actor"] for _, body in self.taken]


@pytest.fixture
async def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def address(receiver: Receiver) -> AsyncIterator[str]:
    async with serving(receiver.app) as where:
        yield f"{where}/events"


@pytest.fixture
async def desk(
    pool: asyncpg.Pool, everybody: dict[str, httpx.AsyncClient], now: datetime
) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(pool, clock=lambda: now, doors=LOCAL))
    headers = {"Authorization": everybody["administrator"].headers["authorization"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1", headers=headers) as client:
        yield client


async def deliver(pool: asyncpg.Pool, now: datetime, doors: Doors = LOCAL) -> DeliveryStats:
    stats = DeliveryStats()
    async with httpx.AsyncClient(trust_env=False) as client:
        await run_once(pool, client, doors, now, stats)
    return stats


async def add(desk: httpx.AsyncClient, url: str) -> str:
    answer = await desk.post("/webhooks", json={"name": "12319", "url": url, "topics": ["incident"]})
    assert answer.status_code == 201, answer.text
    secret: str = answer.json()["secret"]
    return secret


async def test_events_come_signed_and_in_order(
    desk: httpx.AsyncClient, receiver: Receiver, address: str, pool: asyncpg.Pool, county: Any, now: datetime
) -> None:
    secret = await add(desk, address)
    for actor in ("one", "two"):
        await pool.execute(EVENT, county.incident, actor)
    await pool.execute(
        "INSERT INTO task_event (task_id, at, event, actor) VALUES ($1, now(), 'accepted', 'x')", county.task
    )
    assert (await deliver(pool, now)).delivered == 2
    assert receiver.actors == ["one", "two"]
    headers, body = receiver.taken[0]
    assert headers["x-lifeline-signature"] == sign(secret, now, body)
    assert headers["x-lifeline-delivery"] == json.loads(body)["id"]
    assert (await deliver(pool, now)).delivered == 0
    shown = (await desk.get("/webhooks/12319")).json()
    assert shown["delivered_at"] is not None
    assert secret not in json.dumps([shown, (await desk.get("/audit")).json()])


async def test_what_is_not_taken_comes_again_under_the_same_id(
    desk: httpx.AsyncClient, receiver: Receiver, address: str, pool: asyncpg.Pool, county: Any, now: datetime
) -> None:
    await add(desk, address)
    await pool.execute(EVENT, county.incident, "one")
    for status in (500, 302, 404):
        receiver.status = status
        assert (await deliver(pool, now)).failed == 1
        assert (await deliver(pool, now)).failed == 0  # it waits
        now += timedelta(hours=1, seconds=1)
    shown = (await desk.get("/webhooks/12319")).json()
    assert (shown["failures"], shown["last_error"]) == (3, "answered 404")
    receiver.status = 200
    assert (await deliver(pool, now)).delivered == 1
    assert len({headers["x-lifeline-delivery"] for headers, _ in receiver.taken}) == 1
    assert (await desk.get("/webhooks/12319")).json()["failures"] == 0


async def test_nobody_waits_for_who_has_not_written_to_the_feed(
    desk: httpx.AsyncClient,
    receiver: Receiver,
    address: str,
    pool: asyncpg.Pool,
    county: Any,
    now: datetime,
    long_transaction: None,
) -> None:
    await add(desk, address)
    await pool.execute(EVENT, county.incident, "one")
    assert (await deliver(pool, now)).delivered == 1


async def test_nobody_there_is_a_failure_like_any_other(
    desk: httpx.AsyncClient, pool: asyncpg.Pool, county: Any, now: datetime
) -> None:
    await add(desk, "http://127.0.0.1:9/nobody")
    await pool.execute(EVENT, county.incident, "one")
    assert (await deliver(pool, now)).failed == 1


async def test_a_place_inside_is_refused_when_it_is_entered_and_when_it_is_sent_to(
    desk: httpx.AsyncClient, receiver: Receiver, address: str, pool: asyncpg.Pool, county: Any, now: datetime
) -> None:
    for url in ("http://169.254.169.254/latest", "http://10.0.0.1/", "https://192.168.0.1:8443/x"):
        answer = await desk.post("/webhooks", json={"name": "evil", "url": url, "topics": ["task"]})
        assert (answer.status_code, "LIFELINE_WEBHOOK_NETWORKS" in answer.json()["detail"]) == (422, True)
    await add(desk, address.replace("127.0.0.1", "localhost"))
    await pool.execute(EVENT, county.incident, "one")
    assert (await deliver(pool, now, Doors())).failed == 1
    assert receiver.taken == []
    assert "127.0.0.1" in (await desk.get("/webhooks/12319")).json()["last_error"]


async def test_every_port_may_be_named_and_no_other_number(desk: httpx.AsyncClient) -> None:
    for port, status in ((1, 201), (59999, 201), (60000, 201), (65535, 201), (65536, 422), (70000, 422), (0, 422)):
        hook = {"name": f"port-{port}", "url": f"http://127.0.0.1:{port}/x", "topics": ["task"]}
        assert (await desk.post("/webhooks", json=hook)).status_code == status, port


async def test_a_webhook_is_changed_and_removed(desk: httpx.AsyncClient, address: str) -> None:
    await add(desk, address)
    etag = (await desk.get("/webhooks/12319")).headers["etag"]
    change = {"url": address, "topics": ["task", "warning"], "enabled": False}
    assert (await desk.put("/webhooks/12319", json=change)).status_code == 428
    changed = await desk.put("/webhooks/12319", json=change, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["enabled"]) == (200, False)
    assert (await desk.delete("/webhooks/12319", headers={"If-Match": etag})).status_code == 412
    assert (await desk.delete("/webhooks/12319", headers={"If-Match": "*"})).status_code == 200
    assert (await desk.get("/webhooks")).json()["items"] == []
