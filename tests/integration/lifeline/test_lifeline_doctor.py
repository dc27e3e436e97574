"""The doctor and the watchdog with real servers."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import asyncpg
import httpx
import pytest

from lifeline.diagnosis import look
from lifeline.embedded import free_port
from lifeline.settings import ROLES, Settings
from lifeline.watchdog import Watchdog

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def settings(database_url: str, broker_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, broker_url=broker_url, data_dir=tmp_path)  # type: ignore[arg-type]


async def report(pool: asyncpg.Pool, role: str, seen_at: datetime, *, ready: bool = True) -> None:
    await pool.execute(
        "INSERT INTO process (name, pid, started_at, seen_at, ready) VALUES ($1, 1, $2, $2, $3)"
        " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, ready = excluded.ready",
        role,
        seen_at,
        ready,
    )


async def test_a_hub_that_is_well(settings: Settings, pool: asyncpg.Pool) -> None:
    for role in ROLES:
        await report(pool, role, NOW)
    findings = await look(settings, NOW)
    assert [finding for finding in findings if finding.state == "bad" and "disk" not in finding.what] == []
    for what in (
        "disk",
        "PostgreSQL",
        "clock",
        "schema",
        "process ingest",
        "quarantine",
        "orders",
        "over MQTT 5",
        "program",
        "may make",
        "lets the hub hear",
    ):
        assert any(what in finding.what for finding in findings), what


async def test_servers_that_are_away_are_told_with_no_password(tmp_path: Path) -> None:
    settings = Settings(
        database_url=f"postgresql://lifeline:hidden@127.0.0.1:{free_port()}/lifeline",  # type: ignore[arg-type]
        broker_url=f"mqtt://hub:hidden@127.0.0.1:{free_port()}",  # type: ignore[arg-type]
        data_dir=tmp_path,
    )
    findings = await look(settings, NOW)
    assert [finding.what.partition(":")[0] for finding in findings if finding.state == "bad"][-2:] == [
        "database",
        "broker",
    ]
    assert "hidden" not in str(findings)


async def test_a_database_that_was_never_migrated(empty_database_url: str, tmp_path: Path) -> None:
    findings = await look(Settings(database_url=empty_database_url, data_dir=tmp_path), NOW)  # type: ignore[arg-type]
    assert any(finding.remedy == "run `lifeline migrate`" for finding in findings)


@pytest.fixture
def calls() -> Iterator[tuple[str, list[str]]]:
    """An address that counts who calls it."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(500 if self.path == "/broken" else 200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    thread.join()
    server.server_close()


async def test_the_watchdog_calls_only_while_everything_is_well(
    pool: asyncpg.Pool, calls: tuple[str, list[str]]
) -> None:
    url, heard = calls
    watchdog = Watchdog(pool, f"{url}/ping", ROLES)
    await report(pool, "ingest", NOW)
    await report(pool, "dispatch", NOW)
    assert await watchdog.run_once(NOW) == ("api",)
    await report(pool, "api", NOW, ready=False)
    assert await watchdog.run_once(NOW) == ("api",)
    assert heard == []
    await report(pool, "api", NOW)
    assert await watchdog.run_once(NOW) == ()
    assert heard == ["/ping"]
    assert await watchdog.run_once(NOW + timedelta(seconds=31)) == ROLES
    assert heard == ["/ping"]


async def test_an_address_that_answers_with_an_error_is_no_call(
    pool: asyncpg.Pool, calls: tuple[str, list[str]]
) -> None:
    for role in ROLES:
        await report(pool, role, NOW)
    with pytest.raises(httpx.HTTPStatusError):
        await Watchdog(pool, f"{calls[0]}/broken", ROLES).run_once(NOW)
