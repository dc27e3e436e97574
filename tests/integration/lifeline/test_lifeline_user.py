"""``lifeline user``, and what else the command line does for access."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import asyncpg
import httpx

from api.app import create_app, openapi_document


async def lifeline(database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "lifeline", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LIFELINE_DATABASE_URL": database_url, "COLUMNS": "160"},
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return subprocess.CompletedProcess(arguments, process.returncode, out.decode(), err.decode())


async def log_in(pool: asyncpg.Pool, name: str, password: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(pool)), base_url="http://hub") as client:
        return (await client.post("/api/v1/auth/login", json={"name": name, "password": password})).status_code


async def test_a_user_is_added_given_a_password_and_disabled(database_url: str, pool: asyncpg.Pool) -> None:
    added = await lifeline(database_url, "user", "add", "wang", "--role", "officer", "--full-name", "王敏")
    assert added.returncode == 0, added.stderr
    first = added.stdout.strip()
    assert await log_in(pool, "wang", first) == 200
    second = (await lifeline(database_url, "user", "passwd", "wang")).stdout.strip()
    assert (await log_in(pool, "wang", first), await log_in(pool, "wang", second)) == (401, 200)
    assert (await lifeline(database_url, "user", "disable", "wang")).returncode == 1  # nobody could administer
    await lifeline(database_url, "user", "add", "chief", "--role", "administrator")
    assert (await lifeline(database_url, "user", "disable", "wang")).stdout == "wang: disabled\n"
    assert await log_in(pool, "wang", second) == 401
    listed = (await lifeline(database_url, "user", "list")).stdout
    assert "王敏" in listed
    assert "disabled" in listed
    actors: list[Any] = await pool.fetch("SELECT DISTINCT actor, action FROM audit WHERE subject = 'account'")
    assert {row["action"] for row in actors if row["actor"].startswith("command:")} == {
        "user add",
        "user passwd",
        "user disable",
    }


async def test_what_is_wrong_is_said_in_a_line(database_url: str) -> None:
    for arguments, words in (
        (("add", "Wang!", "--role", "officer"), "match"),
        (("add", "wang", "--role", "squad"), "squad_id"),
        (("passwd", "nobody"), "no user nobody"),
    ):
        done = await lifeline(database_url, "user", *arguments)
        assert (done.returncode, words in done.stderr, len(done.stderr.splitlines())) == (1, True, 1)


async def test_migrate_prints_the_first_password_once(empty_database_url: str) -> None:
    first = await lifeline(empty_database_url, "migrate")
    assert "log in as admin with the one-time password" in first.stdout
    assert "one-time" not in (await lifeline(empty_database_url, "migrate")).stdout


async def test_openapi_is_printed_without_starting_anything() -> None:
    done = await lifeline("postgresql://nobody@127.0.0.1:1/none", "api", "--openapi")
    assert json.loads(done.stdout) == json.loads(json.dumps(openapi_document()))
