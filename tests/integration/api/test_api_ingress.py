"""What platforms push: who may, how much, where it goes, and that 200 means that the broker keeps it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import asyncpg
import httpx
import pytest
import structlog

from api.access.keys import add_key
from api.app import create_app
from api.ingress.intake import Intake
from api.ingress.push import MAX_BODY_BYTES
from dispatch.publisher import Publisher
from ingest.broker import Broker
from ingest.formats.table import FORMAT_NAMES
from ingest.formats.uplink import MAX_MESSAGE_BYTES

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
WITHIN_S = 20


@pytest.fixture
async def key(pool: asyncpg.Pool) -> str:
    return await add_key(pool, "ctwing", "device", NOW)


@asynccontextmanager
async def publishing(url: str, client_id: str) -> AsyncIterator[Publisher]:
    publisher = Publisher(Broker.parse(url), client_id=client_id)
    task = asyncio.create_task(publisher.run())
    try:
        async with asyncio.timeout(WITHIN_S):
            await publisher.connected.wait()
        yield publisher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def client_of(pool: asyncpg.Pool, intake: Intake | None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(pool, clock=lambda: NOW, intake=intake))
    return httpx.AsyncClient(transport=transport, base_url="http://hub")


@pytest.fixture
async def intake(broker_url: str, topic_root: str) -> AsyncIterator[Intake]:
    async with publishing(broker_url, f"{topic_root}-in") as publisher:
        yield Intake(publisher.deliver, FORMAT_NAMES, f"{topic_root}/ingress")


@pytest.fixture
async def hub(pool: asyncpg.Pool, intake: Intake) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(pool, intake) as client:
        yield client


@pytest.fixture
async def inbox(broker_url: str, topic_root: str) -> AsyncIterator[aiomqtt.Client]:
    """Somebody who takes what is passed on."""
    broker = Broker.parse(broker_url)
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe(f"{topic_root}/ingress/+", qos=1)
        yield client


async def next_of(inbox: aiomqtt.Client) -> tuple[str, bytes, int]:
    async with asyncio.timeout(WITHIN_S):
        message = await anext(aiter(inbox.messages))
    assert isinstance(message.payload, bytes)
    return message.topic.value, message.payload, message.qos


async def test_the_body_goes_to_the_broker_as_it_came(
    hub: httpx.AsyncClient, inbox: aiomqtt.Client, key: str, topic_root: str, intake: Intake
) -> None:
    for name, body in (
        ("ctwing", b'{"deviceId" : 1 }'),
        ("senml", b"\x81\xa1\x00\xff"),
        ("native", b""),
        ("ttn", b"x"),
    ):
        answer = await hub.post(f"/ingress/{name}", content=body, headers={"X-API-Key": key})
        assert (answer.status_code, answer.json()) == (200, {"size_bytes": len(body)})
        assert await next_of(inbox) == (f"{topic_root}/ingress/{name}", body, 1)
    assert (intake.stats.taken, intake.stats.not_taken) == (4, 0)


async def test_the_key_may_come_in_any_of_three_ways(hub: httpx.AsyncClient, inbox: aiomqtt.Client, key: str) -> None:
    for headers, query in (({"X-API-Key": key}, ""), ({"Authorization": f"Bearer {key}"}, ""), ({}, f"?token={key}")):
        assert (await hub.post(f"/ingress/ctwing{query}", headers=headers)).status_code == 200
    for headers, query in (
        ({}, ""),
        ({}, "?token="),
        ({}, "?token=wrong"),
        ({}, f"?key={key}"),
        ({}, f"?token={key}&token=wrong"),
        ({"X-API-Key": "wrong"}, f"?token={key}"),
    ):
        assert (await hub.post(f"/ingress/ctwing{query}", headers=headers)).status_code == 401


async def test_no_other_address_takes_a_key_from_the_query(hub: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    reader = await add_key(pool, "wall", "viewer", NOW)
    assert (await hub.get("/api/v1/kinds", headers={"X-API-Key": reader})).status_code == 200
    assert (await hub.get(f"/api/v1/kinds?token={reader}")).status_code == 401


PLAIN = {
    **{"code": "GAS-1", "action": "accept", "decision": "return", "name": "x", "session_id": "x"},
    **{"kind": "gas", "hazard_type": "gas_leak"},
}


async def test_only_a_device_pushes_and_a_device_does_nothing_else(
    hub: httpx.AsyncClient, pool: asyncpg.Pool, key: str, county: Any
) -> None:
    for role in ("viewer", "officer"):
        other = await add_key(pool, role, role, NOW)
        answer = await hub.post("/ingress/ctwing", headers={"X-API-Key": other})
        assert (answer.status_code, "device" in answer.json()["detail"]) == (403, True)
    described = (await hub.get("/api/v1/openapi.json")).json()["paths"]
    tried = 0
    for route, methods in described.items():
        for method, operation in methods.items():
            if "device" in operation.get("x-roles", ["device"]):
                continue
            address = re.sub(r"\{(\w+)\}", lambda match: PLAIN.get(match[1], "1"), route)
            answer = await hub.request(method, address, headers={"X-API-Key": key})
            assert answer.status_code == 403, (method, route, answer.text)
            tried += 1
    assert tried >= 16


async def test_formats_that_are_not_read_are_not_taken(pool: asyncpg.Pool, key: str) -> None:
    async def deliver(topic: str, message: bytes) -> None:
        raise AssertionError(topic)

    async with client_of(pool, Intake(deliver, ("native", "onenet", "sparkplug"))) as client:
        for name in ("ctwing", "sparkplug", "nonsense", "native%2Fx", "%23", "+"):
            answer = await client.post(f"/ingress/{name}", headers={"X-API-Key": key})
            assert answer.status_code == 404, name
        answer = await client.post("/ingress/ctwing", headers={"X-API-Key": key})
        assert "native, onenet. LIFELINE_FORMATS" in answer.json()["detail"]
        assert (await client.get("/ingress/ctwing", headers={"X-API-Key": key})).status_code == 405


async def test_a_body_may_be_as_large_as_a_message_and_no_larger(
    hub: httpx.AsyncClient, inbox: aiomqtt.Client, key: str
) -> None:
    assert MAX_BODY_BYTES == MAX_MESSAGE_BYTES
    whole = b" " * MAX_BODY_BYTES
    assert (await hub.post("/ingress/senml", content=whole, headers={"X-API-Key": key})).status_code == 200
    assert (await next_of(inbox))[1] == whole
    assert (await hub.post("/ingress/senml", content=whole + b" ", headers={"X-API-Key": key})).status_code == 413
    other = await hub.post("/api/v1/hazards/1/acknowledge", content=b" " * 65_537, headers={"X-API-Key": key})
    assert other.status_code == 413


def is_refusal(answer: httpx.Response) -> bool:
    problem = answer.json()
    return (answer.status_code, answer.headers["retry-after"], problem["type"]) == (
        503,
        "5",
        "urn:lifeline:problem:not-taken",
    )


async def test_without_a_broker_it_says_what_to_set(pool: asyncpg.Pool, key: str) -> None:
    async with client_of(pool, None) as client:
        for language, words in (("en", "LIFELINE_BROKER_URL"), ("zh", "请设置 LIFELINE_BROKER_URL")):
            headers = {"X-API-Key": key, "Accept-Language": language}
            answer = await client.post("/ingress/ctwing", headers=headers)
            assert is_refusal(answer)
            assert words in answer.json()["detail"]


async def test_200_only_when_the_broker_keeps_it_for_somebody(
    pool: asyncpg.Pool, key: str, topic_root: str, mosquitto: Callable[..., Any], tmp_path: Path
) -> None:
    rights = tmp_path / "rights"
    rights.write_text(f"topic readwrite {topic_root}/ctwing\ntopic read {topic_root}/#\n")
    rights.chmod(0o700)
    server = mosquitto(f"allow_anonymous true\nacl_file {rights}\n")
    headers = {"X-API-Key": key, "Accept-Language": "en"}
    async with publishing(server.url, f"{topic_root}-in") as publisher:
        intake = Intake(publisher.deliver, FORMAT_NAMES, topic_root)
        async with client_of(pool, intake) as client:
            unread = await client.post("/ingress/ctwing", headers=headers)
            assert is_refusal(unread)
            assert "nobody subscribes" in unread.json()["detail"]
            broker = Broker.parse(server.url)
            async with aiomqtt.Client(broker.host, broker.port) as somebody:
                await somebody.subscribe(f"{topic_root}/#", qos=1)
                assert (await client.post("/ingress/ctwing", headers=headers)).status_code == 200
                forbidden = await client.post("/ingress/onenet", headers=headers)
            assert is_refusal(forbidden)
            assert "Not authorized" in forbidden.json()["detail"]
            server.kill()
            assert is_refusal(await client.post("/ingress/ctwing", headers=headers))
        assert (intake.stats.taken, intake.stats.not_taken) == (1, 3)


async def test_the_log_has_no_key(hub: httpx.AsyncClient, key: str, inbox: aiomqtt.Client) -> None:
    with structlog.testing.capture_logs() as log:
        for query in (key, f"{key}x"):
            await hub.post(f"/ingress/ctwing?token={query}", content=b"{}")
    assert [(line["status"], line["caller"], line["path"]) for line in log] == [
        (200, "key:ctwing", "/ingress/ctwing"),
        (401, None, "/ingress/ctwing"),
    ]
    assert key not in json.dumps(log, default=str)
