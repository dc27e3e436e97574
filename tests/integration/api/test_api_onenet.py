"""OneNET's check of the address, and its signature on what it pushes."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg
import httpx
import pytest

from api.access.keys import add_key
from api.app import create_app
from api.ingress.intake import Intake
from ingest.formats.table import FORMAT_NAMES

TOKEN = "county"


def signature(msg: str, nonce: str = "abcdefgh", token: str = TOKEN) -> str:
    return base64.b64encode(hashlib.md5((token + nonce + msg).encode()).digest()).decode()


@pytest.fixture
def kept() -> list[bytes]:
    return []


@pytest.fixture
async def hub(pool: asyncpg.Pool, now: datetime, kept: list[bytes]) -> AsyncIterator[httpx.AsyncClient]:
    async def deliver(topic: str, message: bytes) -> None:
        kept.append(message)

    app = create_app(pool, clock=lambda: now, onenet_token=TOKEN, intake=Intake(deliver, FORMAT_NAMES))
    key = await add_key(pool, "onenet", "device", now)
    headers = {"X-API-Key": key}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub", headers=headers) as client:
        yield client


async def test_the_check_of_the_address_is_answered(hub: httpx.AsyncClient) -> None:
    for msg in [f"verify-{number}" for number in range(30)]:  # some signatures hold a plus sign
        for sent in (signature(msg), signature(msg).replace("+", " ")):
            answer = await hub.get("/ingress/onenet", params={"msg": msg, "nonce": "abcdefgh", "signature": sent})
            assert (answer.status_code, answer.text) == (200, msg)
            assert answer.headers["content-type"].startswith("text/plain")
    wrong = {"msg": "m", "nonce": "abcdefgh", "signature": signature("m", token="other")}
    assert (await hub.get("/ingress/onenet", params=wrong)).status_code == 403
    assert (await hub.get("/ingress/onenet")).status_code == 422


async def test_without_a_token_nothing_is_confirmed(pool: asyncpg.Pool, stranger: httpx.AsyncClient) -> None:
    query = {"msg": "m", "nonce": "n", "signature": signature("m", "n")}
    assert (await stranger.get("http://hub/ingress/onenet", params=query)).status_code == 404


async def test_only_what_is_signed_is_taken(hub: httpx.AsyncClient, kept: list[bytes]) -> None:
    text = json.dumps({"deviceName": "d", "data": {"params": {}}})
    thing = {"at": 1, "type": 1}
    raw = json.dumps(thing)
    good = [
        json.dumps({"msg": text, "nonce": "abcdefgh", "signature": signature(text)}),
        f'{{"msg": {raw}, "nonce": "abcdefgh", "msg_signature": "{signature(raw)}"}}',
    ]
    for body in good:
        answer = await hub.post("/ingress/onenet", content=body)
        assert answer.status_code == 200, answer.text
    assert kept == [body.encode() for body in good]
    for body in ("", "[]", '{"msg": 1}', good[0].replace("abcdefgh", "abcdefgi"), '{"msg": "\\ud800"}'):
        assert (await hub.post("/ingress/onenet", content=body)).status_code == 403, body
    assert len(kept) == 2
    assert (await hub.post("/ingress/ctwing", content="{}")).status_code == 200  # others have no such signature
