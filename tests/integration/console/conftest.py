"""A real API process with the console, and a real Chromium: one of each for all tests of this folder.

The database is shared as well, so a test makes rows of its own and looks for those only.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from console_support import PASSWORD, Desk, Desks, Hub, watch
from page_rows import Rows, add_rows
from playwright.async_api import Browser, async_playwright

from api.access.roles import AccountRole
from database.pool import connect, open_pool
from lifeline.embedded import free_port


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def console_database(database_server: Any) -> AsyncIterator[str]:
    """A migrated database for all tests of this folder."""
    name = f"lifeline_console_{uuid4().hex[:12]}"
    admin = await connect(database_server.url, application="tests")
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{database_server.template}"')
        yield database_server.url_of(name)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hub(
    console_database: str, broker_url: str, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hub]:
    """The API with the console on it, and a broker to hand messages to."""
    port = free_port()
    folder = tmp_path_factory.mktemp("console")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")},
        "LIFELINE_DATABASE_URL": console_database,
        "LIFELINE_BROKER_URL": broker_url,
        "LIFELINE_CLIENT_ID": f"console-{port}",
        "LIFELINE_API_PORT": str(port),
        "LIFELINE_API_PROBE_PORT": "0",
    }
    pool = await open_pool(console_database, application="tests", size=4)
    hub = Hub(f"http://127.0.0.1:{port}", environment, folder / "api.log", pool)
    hub.password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # quick to check
    await hub.start()
    try:
        yield hub
    finally:
        hub.stop()
        pool.terminate()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rows(hub: Hub) -> Rows:
    """A little of everything that pages show, called after pages."""
    return await add_rows(hub.pool)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One Chromium for all tests."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        await opened.close()


@asynccontextmanager
async def desks(hub: Hub, browser: Browser) -> AsyncIterator[Desks]:
    """Opens browsers: ``await desk("officer", "zh")`` with somebody new of that role, ``await desk(None)`` with nobody.

    Signing in on the page has tests of its own.

    A console error, or a request to anywhere else, in any of them fails the test; take out of ``faults`` what is meant.
    """
    opened: list[Desk] = []
    async with AsyncExitStack() as stack:

        async def new(role: AccountRole | None, language: str = "en", *, name: str = "", **options: Any) -> Desk:
            context = await browser.new_context(
                **{
                    "locale": {"zh": "zh-CN", "en": "en-US"}[language],
                    "viewport": {"width": 1366, "height": 768},
                    "reduced_motion": "reduce",  # what moves is drawn again and again
                    **options,
                }
            )
            stack.push_async_callback(context.close)
            context.set_default_timeout(10_000)
            page = await context.new_page()
            made = Desk(page, hub)
            watch(page, hub.address, made.faults)
            opened.append(made)
            if role is not None:
                await context.add_cookies([await hub.signed_in(name or await hub.account(role))])
            return made

        yield new
    assert [fault for each in opened for fault in each.faults] == []


@pytest_asyncio.fixture(loop_scope="session")
async def desk(hub: Hub, browser: Browser) -> AsyncIterator[Desks]:
    """Browsers of this test alone."""
    async with desks(hub, browser) as new:
        yield new


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk_of_module(hub: Hub, browser: Browser) -> AsyncIterator[Desks]:
    """Browsers that the tests of a module share, for signing in takes longer than most acts."""
    async with desks(hub, browser) as new:
        yield new
