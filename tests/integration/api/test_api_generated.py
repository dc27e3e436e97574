"""The API under uvicorn, and under generated requests: no 5xx and nothing that OpenAPI denies."""

import asyncio
import json
import os
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import structlog
import uvicorn
from fastapi import FastAPI

from api.access.keys import add_key
from api.access.roles import ROLES
from api.access.throttle import Limits
from api.app import create_app, openapi_document
from api.ingress.intake import Intake
from api.stream.feed import Feed
from ingest.formats.table import FORMAT_NAMES

_EVERY_ROLE = "LIFELINE_TEST_EVERY_ROLE" in os.environ
# Left to tests of their own.
_LEFT_OUT = ("cursor", "from", "Last-Event-ID", "Idempotency-Key")

# What these take is judged by more than a schema can say (the rules in force, the clock, the state that If-Match
# names), so they may refuse with 412, 422 or 428.
_JUDGED = (
    *("report_incident", "propose_rules", "diff_rules", "backtest_rules", "add_silence", "show_trend"),
    *("draft_warning", "edit_warning", "discard_warning", "approve_warning"),
    *("put_sensor", "retire_sensor", "change_user"),
    *("put_squad", "put_shift", "put_grid", "put_contact", "put_store", "put_stock", "put_shelter"),
    *("remove_squad", "remove_shift", "remove_contact", "propose_plans", "diff_plans", "list_shifts", "export_rota"),
    "show_kpis",
)
# These end the session that they come with, so they come with one that nothing else needs.
_ENDING = ("change_password", "log_out", "log_out_everywhere")
# These may end the session of whoever is listed, the caller too, so they come last.
_LAST = ("change_user", "reset_password", "log_user_out")
# What is wrong with one of several alerts goes to quarantine, and the rest is taken.
_HOLDING = ("take_alarms",)
_REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429", "5xx"]
_ACCEPTED = ["2xx", "401", "403", "404", "409", "412", "422", "428", "503"]


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


@dataclass(frozen=True)
class Tokens:
    """What a role calls with: a token that lasts, and one of another account for what ends sessions."""

    lasting: str
    ending: str


async def generate_requests(described: Path, address: str, share: list[str], tokens: Tokens) -> str:
    """Run every check of schemathesis on the routes of ``share``; what it says of failures, "" for none."""
    options = [
        "--checks",
        "all",
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "3",
        "--seed",
        "1",
        "--no-color",
    ]
    configuration = described.with_name("schemathesis.toml")
    # A missing ETag is refused with 428, a wrong one with 412 and a body too large with 413; schemathesis doesn't
    # expect that of itself.
    lines = [
        _bearer(tokens.lasting),
        f"checks.negative_data_rejection.expected-statuses = {json.dumps(_REFUSED)}",
        f"checks.missing_required_header.expected-statuses = {json.dumps(['401', '403', '404', '409', '422', '428'])}",
    ]
    for name in share:
        if name in _JUDGED or name in _ENDING or name in _HOLDING:
            lines.append(f'[[operations]]\ninclude-operation-id = "{name}"')
        if name in _JUDGED:
            lines.append(f"checks.positive_data_acceptance.expected-statuses = {json.dumps(_ACCEPTED)}")
        if name in _HOLDING:
            lines.append(f"checks.negative_data_rejection.expected-statuses = {json.dumps([*_REFUSED, '200'])}")
        if name in _ENDING:
            lines.append(_bearer(tokens.ending))
    configuration.write_text("\n".join(lines))
    wanted = [word for name in share for word in ("--include-operation-id", name)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration)),
        *("run", str(described), "--url", address, *options, *wanted),
        cwd=described.parent,
        # Which characters there are is worked out once, not by each of these.
        env=os.environ | {"HYPOTHESIS_STORAGE_DIRECTORY": str(described.parent.parent / "hypothesis")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return said.decode() if process.returncode else ""


def _bearer(token: str) -> str:
    return f'headers = {{ Authorization = "Bearer {token}" }}'


def share_of(role: str) -> list[str]:
    """The routes that this role tries: each falls to one of those that may use it.

    LIFELINE_TEST_EVERY_ROLE=1 has every role try every route, which takes six minutes.
    """
    share = []
    for number, methods in enumerate(describable()["paths"].values()):
        for operation in methods.values():
            takers = operation.get("x-roles", ROLES)
            if takers[number % len(takers)] == role or _EVERY_ROLE:
                share.append(operation["operationId"])
    return share


@cache
def describable() -> dict[str, Any]:
    """OpenAPI without what it can't say: what a cursor, an order of times and the lines of a CSV file have to be."""
    document = deepcopy(openapi_document())
    del document["paths"]["/api/v1/imports/sensors"]
    del document["paths"]["/api/v1/imports/rota"]
    del document["paths"]["/ingress/onenet"]  # one more method of an address that /ingress/{format} takes too
    for methods in document["paths"].values():
        for operation in methods.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [item for item in parameters if item["name"] not in _LEFT_OUT]
            for item in operation["parameters"]:
                if item["name"] == "If-Match":  # the only ETag that fits whatever is there
                    makes = "201" in operation["responses"]  # what isn't there yet needs none
                    item |= {"required": not makes, "schema": {"type": "string", "enum": ["*"]}}
    # A second way to say who calls would be filled with nonsense, and all that follows from it is 401.
    document["components"]["securitySchemes"] = {"HTTPBearer": {"type": "http", "scheme": "bearer"}}
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["security"] = operation["security"][:1]
    del document["components"]["schemas"]["SensorEntry"]["properties"]["calibration_due_on"]
    return document


async def _keep(topic: str, message: bytes) -> None:
    """A broker that takes everything."""


@pytest.mark.timeout(1800 if _EVERY_ROLE else 600)
@pytest.mark.parametrize("role", ROLES)
async def test_generated_requests_find_no_gap(
    role: str,
    pool: asyncpg.Pool,
    everybody: dict[str, httpx.AsyncClient],
    log_in: Callable[[str, str], Awaitable[str]],
    now: datetime,
    tmp_path: Path,
    unlimited: Limits,
) -> None:
    app = create_app(
        pool, clock=lambda: now, limits=unlimited, feed=Feed(lasts_s=0.0), intake=Intake(_keep, FORMAT_NAMES)
    )
    described = tmp_path / "openapi.json"
    described.write_text(json.dumps(describable()))
    lasting = everybody[role].headers["authorization"].removeprefix("Bearer ")
    ending = lasting if role == "device" else await log_in(f"{role}-2", role)
    with structlog.testing.capture_logs() as log:
        async with serving(app) as address:
            tokens, share = Tokens(lasting, ending), share_of(role)
            said = await generate_requests(described, address, [name for name in share if name not in _LAST], tokens)
            if last := [name for name in share if name in _LAST]:
                said += await generate_requests(described, address, last, tokens)
    assert said == "", said[max(said.find("= ERRORS ="), said.find("= FAILURES ="), 0) :]
    statuses = Counter(line["status"] for line in log if line["event"] == "request")
    # Most of them got past the guard.
    assert statuses[401] < statuses.total() / 2, statuses
