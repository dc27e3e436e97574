"""What listeners hear: every committed event once, in one order, also after they were away."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from test_api_generated import serving

from api.app import create_app
from api.stream.feed import MOST_WAITING, Feed, Place, Subscription
from database.listen import Listener

ALL = frozenset({"hazard", "incident", "task", "squad", "warning"})
EVENT = "INSERT INTO incident_event (incident_id, at, event, actor) VALUES ($1, now(), 'commented', $2)"


def heard(subscription: Subscription) -> list[bytes]:
    taken = []
    while not subscription.waiting.empty():
        happening = subscription.waiting.get_nowait()
        assert happening is not None
        taken.append(happening.wire)
    return taken


def actors(wires: list[bytes]) -> list[str]:
    return [json.loads(wire.partition(b"data: ")[2])["actor"] for wire in wires]


@pytest.fixture
async def feed(pool: asyncpg.Pool, county: Any) -> Feed:
    made = Feed()
    await made.round(pool)
    return made


async def test_events_come_in_the_order_of_their_commits_and_none_is_passed_over(
    feed: Feed, pool: asyncpg.Pool, county: Any
) -> None:
    subscription = feed.subscribe(ALL, None)
    async with pool.acquire() as slow, pool.acquire() as quick:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(EVENT, county.incident, "slow")
        await quick.execute(EVENT, county.incident, "quick")
        assert await feed.round(pool) == 0  # the slow one may still commit, and comes first
        await transaction.commit()
    await feed.round(pool)
    assert actors(heard(subscription)) == ["slow", "quick"]
    assert await feed.round(pool) == 0


async def test_what_is_rolled_back_is_never_heard(feed: Feed, pool: asyncpg.Pool, county: Any) -> None:
    subscription = feed.subscribe(ALL, None)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(EVENT, county.incident, "ghost")
        await transaction.rollback()
    await pool.execute(EVENT, county.incident, "real")
    await feed.round(pool)
    assert actors(heard(subscription)) == ["real"]


async def test_listeners_hear_what_they_asked_for_and_may_hear(feed: Feed, pool: asyncpg.Pool, county: Any) -> None:
    tasks, gas, road = (
        feed.subscribe(frozenset({"task"}), None),
        feed.subscribe(frozenset({"task"}), "gas-1"),
        feed.subscribe(frozenset({"task"}), "road-1"),
    )
    await pool.execute(EVENT, county.incident, "engine")
    await pool.execute(
        "INSERT INTO task_event (task_id, at, event, actor) VALUES ($1, now(), 'accepted', 'squad:gas-1')", county.task
    )
    await feed.round(pool)
    assert [len(heard(subscription)) for subscription in (tasks, gas, road)] == [1, 1, 0]


async def test_whoever_does_not_keep_up_is_let_go_and_nobody_else_suffers(
    feed: Feed, pool: asyncpg.Pool, county: Any
) -> None:
    slow, quick = feed.subscribe(ALL, None), feed.subscribe(ALL, None)
    for _ in range(2):
        await pool.execute(
            "INSERT INTO incident_event (incident_id, at, event, actor)"
            " SELECT $1, now(), 'commented', 'x' FROM generate_series(1, $2)",
            county.incident,
            MOST_WAITING * 2 // 3,
        )
        await feed.round(pool)
        assert len(heard(quick)) == MOST_WAITING * 2 // 3
    assert (slow.over, quick.over, feed.stats.let_go) == (True, False, 1)


async def test_a_burst_lets_nobody_go_who_keeps_up(feed: Feed, pool: asyncpg.Pool, county: Any) -> None:
    subscription, taken = feed.subscribe(ALL, None), []

    async def keep_up() -> None:
        while True:
            taken.extend(await subscription.take())

    keeping_up = asyncio.create_task(keep_up())
    await pool.execute(
        "INSERT INTO incident_event (incident_id, at, event, actor)"
        " SELECT $1, now(), 'commented', 'x' FROM generate_series(1, $2)",
        county.incident,
        3 * MOST_WAITING,
    )
    assert await feed.round(pool) == 3 * MOST_WAITING
    keeping_up.cancel()
    assert (len(taken), subscription.over, feed.stats.let_go) == (3 * MOST_WAITING, False, 0)


async def test_a_place_is_what_was_given_out(everybody: dict[str, httpx.AsyncClient]) -> None:
    for text in ("x", "1", "1-", "-1-2", "1-2-3", "9" * 30 + "-1"):
        assert (await everybody["viewer"].get("/stream", headers={"Last-Event-ID": text})).status_code == 422
    assert Place.parse(str(Place(7, 9))) == Place(7, 9)


@pytest.fixture
async def hub(
    pool: asyncpg.Pool, database_url: str, everybody: dict[str, httpx.AsyncClient], now: Any
) -> AsyncIterator[str]:
    feed = Feed()
    listener = Listener(database_url, application="tests")
    tasks = [asyncio.create_task(listener.run())]
    assert await listener.wait(20) == {"connected"}
    tasks.append(asyncio.create_task(feed.run(pool, listener)))
    async with serving(create_app(pool, clock=lambda: now, feed=feed)) as address:
        yield address
        feed.end_all()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def follow(hub: str, client: httpx.AsyncClient, last: str | None = None) -> AsyncIterator[dict[str, str]]:
    headers = {"Authorization": client.headers["authorization"], **({"Last-Event-ID": last} if last else {})}
    async with (
        httpx.AsyncClient(timeout=20) as browser,
        browser.stream("GET", f"{hub}/api/v1/stream", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        block: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                block[name] = value
            else:
                yield block
                block = {}


async def test_a_browser_resumes_where_it_was(
    hub: str, everybody: dict[str, httpx.AsyncClient], pool: asyncpg.Pool, county: Any
) -> None:
    first = follow(hub, everybody["viewer"])
    assert "retry" in await anext(first)
    await pool.execute(EVENT, county.incident, "one")
    await pool.execute("NOTIFY lifeline, 'incident'")
    event = await anext(first)
    assert (event["event"], json.loads(event["data"])["actor"]) == ("incident", "one")
    await first.aclose()
    await pool.execute(EVENT, county.incident, "two")
    second = follow(hub, everybody["viewer"], event["id"])
    await anext(second)
    missed = await anext(second)
    assert json.loads(missed["data"])["actor"] == "two"
    await pool.execute(EVENT, county.incident, "three")
    assert json.loads((await anext(second))["data"])["actor"] == "three"
    await second.aclose()


async def test_a_stream_ends_when_somebody_is_logged_out(
    hub: str, everybody: dict[str, httpx.AsyncClient], pool: asyncpg.Pool
) -> None:
    stream = follow(hub, everybody["officer"])
    await anext(stream)
    assert (await everybody["officer"].post("/auth/logout")).status_code == 200
    assert [block async for block in stream if "data" in block] == []  # and it ends
    with pytest.raises(AssertionError):
        await anext(follow(hub, everybody["officer"]))


async def test_listeners_begin_anew_when_a_log_out_may_have_gone_unheard(
    feed: Feed, pool: asyncpg.Pool, database_url: str
) -> None:
    subscription = feed.subscribe(ALL, None)
    listener = Listener(database_url, application="tests")
    tasks = [asyncio.create_task(feed.run(pool, listener))]
    await pool.execute("NOTIFY lifeline, 'access'")  # nobody listens yet, or for a moment
    tasks.append(asyncio.create_task(listener.run()))
    async with asyncio.timeout(20):
        assert await subscription.waiting.get() is None
    assert subscription.over
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
