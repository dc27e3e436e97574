"""``lifeline user``, and what else the command line does for access."""

import json
from typing import Any

import asyncpg
import httpx
from standby import Lifeline, Standby

from api.app import create_app, openapi_document


async def log_in(pool: asyncpg.Pool, name: str, password: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(pool)), base_url="http://hub") as client:
        return (await client.post("/api/v1/auth/login", json={"name": name, "password": password})).status_code


async def test_a_user_is_added_given_a_password_and_disabled(lifeline: Lifeline, pool: asyncpg.Pool) -> None:
    added = await lifeline("user", "add", "wang", "--role", "officer", "--full-name", "王敏")
    assert added.returncode == 0, added.stderr
    first = added.stdout.strip()
    assert await log_in(pool, "wang", first) == 200
    second = (await lifeline("user", "passwd", "wang")).stdout.strip()
    assert (await log_in(pool, "wang", first), await log_in(pool, "wang", second)) == (401, 200)
    assert (await lifeline("user", "disable", "wang")).returncode == 1  # nobody could administer
    await lifeline("user", "add", "chief", "--role", "administrator")
    assert (await lifeline("user", "disable", "wang")).stdout == "wang: disabled\n"
    assert await log_in(pool, "wang", second) == 401
    listed = (await lifeline("user", "list")).stdout
    assert "王敏" in listed
    assert "disabled" in listed
    actors: list[Any] = await pool.fetch("SELECT DISTINCT actor, action FROM audit WHERE subject = 'account'")
    assert {row["action"] for row in actors if row["actor"].startswith("command:")} == {
        "user add",
        "user passwd",
        "user disable",
    }


async def test_what_is_wrong_is_said_in_a_line(lifeline: Lifeline) -> None:
    for arguments, words in (
        (("add", "Wang!", "--role", "officer"), "match"),
        (("add", "wang", "--role", "squad"), "squad_id"),
        (("passwd", "nobody"), "no user nobody"),
    ):
        done = await lifeline("user", *arguments)
        assert (done.returncode, words in done.stderr, len(done.stderr.splitlines())) == (1, True, 1)


async def test_migrate_prints_the_first_password_once(standby: Standby, empty_database_url: str) -> None:
    first = await standby.lifeline("migrate", LIFELINE_DATABASE_URL=empty_database_url)
    assert "log in as admin with the one-time password" in first.stdout
    assert "one-time" not in (await standby.lifeline("migrate", LIFELINE_DATABASE_URL=empty_database_url)).stdout


async def test_openapi_is_printed_without_starting_anything(standby: Standby) -> None:
    done = await standby.lifeline("api", "--openapi", LIFELINE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert json.loads(done.stdout) == json.loads(json.dumps(openapi_document()))
