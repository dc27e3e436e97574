"""``lifeline bench console``: what open consoles cost the road, and how quick they are, while a county is busy.

10,000 sensors, 500 open incidents, 50 changes a second. A round is a window with nobody looking and one with the
consoles open, beside the same road; after the last round comes one more with nobody looking. Where the road drifts, it
is compared with itself before and after. Each round has an API process of its own, so that no page of the round before
is still kept. The consoles are clients without a browser: officers have their own machines for that. Generator, broker,
database, hub, API and clients share this one, so rates are told beside what the API and the clients take of it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

import uvloop

from alerts.rulebook import in_force, load_shipped
from alerts.rulefile import default_rules
from api.access.passwords import hash_password
from database.engine import ensure_days
from database.pool import connect
from database.queries import load_queries
from ingest.broker import Broker
from ingest.kinds import KINDS
from lifeline.bench.consumers import run_hub
from lifeline.bench.fleet import bench_sensors, register
from lifeline.bench.office import CHANGES_PER_S, CONSOLES, PASSWORD, PREFIX, READY_S, Office, Round, Window
from lifeline.bench.probe import add_probe
from lifeline.bench.run import Run, start_run
from lifeline.bench.servers import BenchServers
from lifeline.scratch import clear_session

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
SENSORS = 10_000
INCIDENTS = 500
STEADY_RATE = 5_000  # messages per second, or a third of what the machine can do where that is less
_STEADY_SHARE = 1 / 3


def bench_console(servers: BenchServers, seconds: float, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Take all figures; each window lasts ``seconds``, medians are over ``rounds``."""
    incidents, probe_id = uvloop.run(_furnish(servers))
    figures: dict[str, Any] = {}
    seen: list[Round] = []
    rate: float | None = None
    for name in ("full", "steady"):
        pace = "as fast as it goes" if rate is None else f"at {rate:,.0f}/s"
        say(f"the road {pace}: {CONSOLES} consoles closed, open, …")
        with _road(servers, rate) as run:
            office = Office(servers, run, incidents, probe_id if rate else None)
            these = [uvloop.run(office.round(seconds)) for _ in range(rounds)]
            after = [*(one.alone for one in these[1:]), uvloop.run(office.alone(seconds))]
        kept = [one.open.rate / mean((one.alone.rate, then.rate)) for one, then in zip(these, after, strict=True)]
        for one, then in zip(these, after, strict=True):
            say(f"{one.alone.rate:,.0f}/s, with consoles {one.open.rate:,.0f}/s, then {then.rate:,.0f}/s")
        seen += these
        alone = [these[0].alone, *after]
        figures[name] = {
            "open_over_alone": median(kept),
            **_medians("alone", alone),
            **_medians("open", [one.open for one in these]),
            "rounds": [asdict(one) for one in these],
            "after": asdict(after[-1]),
        }
        rate = min(STEADY_RATE, _STEADY_SHARE * median(window.rate for window in alone))
    return figures | {
        "first_view_ms": median(one.first_view_ms for one in seen),
        "visible_ms": median(one.visible_ms for one in seen),
        "console_mb": median(one.console_bytes for one in seen) / 1e6,
        "consoles": CONSOLES,
        "sensors": SENSORS,
        "incidents": INCIDENTS,
        "changes_per_s": CHANGES_PER_S,
        "engine": servers.engine,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _medians(state: str, windows: list[Window]) -> dict[str, float]:
    return {
        f"rate_{state}": median(window.rate for window in windows),
        f"commit_ms_{state}": median(window.commit_ms or 0 for window in windows),
        f"api_cores_{state}": median(window.api_cores for window in windows),
        f"clients_cores_{state}": median(window.clients_cores for window in windows),
    }


async def _furnish(servers: BenchServers) -> tuple[list[int], int]:
    connection = await connect(servers.database_url, application="bench")
    now = datetime.now(UTC)
    await load_shipped(connection, default_rules(), now)
    rule_id, _ = (await in_force(connection, now)).rules["gas", "gas_combustible"]
    await register(connection, bench_sensors(SENSORS))
    probe_id = await add_probe(connection)
    await connection.execute(_SQL.placed)
    if servers.engine == "plain":
        for kind in KINDS.values():
            await ensure_days(connection, kind.table, [now.date()])
    incidents = [row["incident_id"] for row in await connection.fetch(_SQL.cases, INCIDENTS, now, rule_id)]
    await connection.execute(_SQL.people, CONSOLES, await hash_password(PASSWORD), now)
    await connection.execute("ANALYZE")
    await connection.close()
    return incidents, probe_id


@contextmanager
def _road(servers: BenchServers, rate: float | None) -> Iterator[Run]:
    run = start_run(run_hub, servers, PREFIX, rate=rate)
    try:
        deadline = time.perf_counter() + READY_S
        while run.gauge.done.value < 2 * SENSORS and time.perf_counter() < deadline:
            time.sleep(0.01)
        yield run
    finally:
        run.finish()
        uvloop.run(clear_session(Broker.parse(servers.broker_url), f"{PREFIX}-consumer"))
