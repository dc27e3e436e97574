"""A database of its own for a benchmark on the server that is measured."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lifeline.preparation import prepare
from lifeline.scratch import scratch_database


@dataclass(frozen=True, slots=True)
class BenchServers:
    """What is measured on: a fresh, migrated database and a broker."""

    database_url: str
    broker_url: str
    engine: str


@contextmanager
def bench_servers(database_url: str, broker_url: str) -> Iterator[BenchServers]:
    """Make a database beside the one that ``database_url`` names, and drop it at the end."""
    with scratch_database(database_url, "bench") as own:
        prepared = asyncio.run(prepare(own))
        yield BenchServers(own, broker_url, prepared.engine)
