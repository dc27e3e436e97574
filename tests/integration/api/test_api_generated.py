"""The API under uvicorn, and under generated requests: no 5xx and nothing that OpenAPI denies."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import uvicorn
from fastapi import FastAPI

from api.app import openapi_document
from api.keys import Role, add_key

# A cursor is only valid when an answer gave it, and `from` may not be later than `to`. OpenAPI can say neither, so
# these two are left to tests of their own.
_LEFT_OUT = ("cursor", "from")


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The app under uvicorn on a free port; its address."""
    # asyncio turns off Nagle's delay only on sockets that name their protocol; else each answer takes 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listening]), name="uvicorn")
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.should_exit = True


async def test_it_runs_under_uvicorn(app: FastAPI, county: Any, pool: asyncpg.Pool, now: Any) -> None:
    key = await add_key(pool, "duty", "officer", now)
    async with serving(app) as address, httpx.AsyncClient(base_url=f"{address}/api/v1") as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/sensors")).status_code == 401
        answer = await client.get("/sensors", headers={"X-API-Key": key})
        assert len(answer.json()["items"]) == 3
        accepted = await client.post(f"/tasks/{county.task}/actions/accept", headers={"X-API-Key": key})
        assert accepted.json()["status"] == "accepted"


async def generate_requests(folder: Path, address: str, key: str, seed: int) -> tuple[int | None, str]:
    """Run every check of schemathesis with ``key``; its exit status and what it said."""
    document = openapi_document()
    for methods in document["paths"].values():
        for operation in methods.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [item for item in parameters if item["name"] not in _LEFT_OUT]
    described = folder / f"openapi-{seed}.json"
    described.write_text(json.dumps(document))
    options = f"--checks all --phases examples,coverage,fuzzing --max-examples 5 --seed {seed} --no-color".split()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", str(described), "--url", address),
        *("--header", f"X-API-Key: {key}", *options),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_generated_requests_find_no_gap(
    app: FastAPI, county: Any, pool: asyncpg.Pool, now: Any, tmp_path: Path
) -> None:
    roles: tuple[Role, ...] = ("viewer", "officer")
    keys = [await add_key(pool, role, role, now) for role in roles]
    async with serving(app) as address:
        runs = [generate_requests(tmp_path, address, key, seed) for seed, key in enumerate(keys)]
        for status, said in await asyncio.gather(*runs):
            assert status == 0, said[-8000:]
