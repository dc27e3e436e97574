"""One API process and one browser for all tests of the squads' page; each test makes orders of its own."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from squad_town import Town, wait_for

from database.pool import connect, open_pool
from lifeline.embedded import free_port
from lifeline.offspring import spawn, stop


@pytest.fixture(scope="module")
def api_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("squadpage") / "api.log"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(database_server, browser: Browser, api_log: Path) -> AsyncIterator[Town]:
    """The county with an API process of its own."""
    name, port = f"{database_server.template}_squads", free_port()
    admin = await connect(database_server.url, application="tests")
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{database_server.template}"')
    url, base = database_server.url_of(name), f"http://127.0.0.1:{port}"
    pool = await open_pool(url, application="tests", size=4)
    town = Town(pool, base, browser)
    await town.prepare()
    environment = {
        **os.environ,
        "LIFELINE_DATABASE_URL": url,
        "LIFELINE_API_PORT": str(port),
        "LIFELINE_API_PROBE_PORT": str(free_port()),
        "LIFELINE_PUBLIC_URL": base,
        "LIFELINE_LOG_LEVEL": "debug",
    }
    with api_log.open("wb") as log:
        process = spawn(
            [sys.executable, "-m", "lifeline", "api"],
            death_signal=signal.SIGTERM,
            environment=environment,
            output=log,
        )
        try:
            await wait_for(f"{base}/squad/login")
            yield town
        finally:
            stop(process, signal.SIGTERM)
            pool.terminate()
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            await admin.close()
