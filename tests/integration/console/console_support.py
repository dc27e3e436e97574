"""What the tests of the console share beside the fixtures in conftest.py."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from accessibility import barriers
from playwright.async_api import Page, expect

from api.access.roles import AccountRole
from lifeline.offspring import spawn, stop

PASSWORD = "seven herons over the Sui river"
_WITHIN_S = 30.0


@dataclass(slots=True)
class Hub:
    """The API process at ``address``; it can be killed and started again on the same port and database."""

    address: str
    environment: dict[str, str]
    log: Path
    pool: asyncpg.Pool
    process: "subprocess.Popen[bytes] | None" = None
    password_hash: str = ""
    admin: str = ""

    async def start(self) -> None:
        """Start it, and wait until the console is open."""
        with self.log.open("ab") as output:
            self.process = spawn(
                [sys.executable, "-m", "lifeline", "api"],
                death_signal=signal.SIGKILL,
                output=output,
                environment=self.environment,
            )
        deadline = time.monotonic() + _WITHIN_S
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    if (await client.get(f"{self.address}/console/sign-in")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                if self.process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the API did not start:\n{self.log.read_text()}")
                await asyncio.sleep(0.05)

    def stop(self) -> None:
        """SIGTERM, and wait for its end."""
        assert self.process is not None
        stop(self.process, signal.SIGTERM)

    async def account(
        self, role: AccountRole, *, squad_id: str | None = None, one_time: bool = False, name: str = ""
    ) -> str:
        """The name of a new account with ``PASSWORD``."""
        name = name or f"{role}-{uuid4().hex[:8]}"
        await self.pool.execute(
            "INSERT INTO account (name, role, squad_id, password_hash, must_change_password, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $6)",
            *(name, role, squad_id, self.password_hash, one_time, datetime.now(UTC)),
        )
        return name

    async def signed_in(self, name: str) -> dict[str, Any]:
        """The cookie of a new session of ``name``."""
        async with httpx.AsyncClient(headers={"Origin": self.address}, trust_env=False) as client:
            entered = await client.post(
                f"{self.address}/console/sign-in", data={"name": name, "password": PASSWORD, "next": "/console/me"}
            )
            assert entered.status_code == 303, entered.text
        value, host = entered.cookies["lifeline_console"], urlsplit(self.address).hostname
        strict = {"httpOnly": True, "sameSite": "Strict"}
        return {"name": "lifeline_console", "value": value, "domain": host, "path": "/console", **strict}


@dataclass(slots=True)
class Desk:
    """A page of somebody's browser. What went wrong in it is in ``faults``, and fails the test at its end."""

    page: Page
    hub: Hub
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Go to a page of the console and wait until it is alive."""
        await self.page.goto(f"{self.hub.address}/console{path}")
        await self.page.wait_for_selector("body[data-alive]")


async def barriers_in_both_themes(page: Page) -> list[str]:
    """What bars people from a page: all rules in the dark, and once more in the light what depends on colours."""
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("body.body--dark")).to_have_count(1)
    found = await barriers(page)
    await page.emulate_media(color_scheme="light")
    await expect(page.locator("body.body--dark")).to_have_count(0)
    return found + await barriers(page, "color-contrast")


def watch(page: Page, address: str, faults: list[str]) -> None:
    host = urlsplit(address).netloc
    page.on(
        "console",
        lambda said: faults.append(f"console: {said.text}") if said.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on(
        "request",
        lambda request: (
            faults.append(f"outside request: {request.url}")
            if urlsplit(request.url).scheme in ("http", "https", "ws", "wss") and urlsplit(request.url).netloc != host
            else None
        ),
    )


Desks = Callable[..., Awaitable[Desk]]
