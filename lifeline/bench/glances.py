"""How long every query of every dashboard takes, sent as Grafana would send it."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import asyncpg

from dashboards.catalogue import CONSOLE, all_dashboards
from dashboards.expansion import Span, choose, expand, panels_of
from database.pool import Connection

_TIMES = 3
_LIMIT_S = 10  # the reading account's own
_OVERVIEW = "en/county.json"
_SLOWEST = 8


@dataclass(frozen=True, slots=True)
class Glance:
    """The best of three, in milliseconds; None when the server's limit ended it."""

    board: str
    panel: str
    ms: float | None


async def time_glances(connection: Connection, now: datetime, days: int) -> dict[str, Any]:
    """The slowest panels of the overview over a day, and of all dashboards over a day and over ``days``."""
    await connection.execute(f"SET statement_timeout = '{_LIMIT_S}s'")
    day = await _glance(connection, Span(now - timedelta(hours=24), now))
    whole = await _glance(connection, Span(now - timedelta(days=days), now))
    return {
        "overview_day_ms": _worst([one for one in day if one.board == _OVERVIEW]),
        "overview_whole_ms": _worst([one for one in whole if one.board == _OVERVIEW]),
        "all_day_ms": _worst(day),
        "all_whole_ms": _worst(whole),
        "queries": len(whole),
        "slowest_day": [asdict(one) for one in _order(day)[:_SLOWEST]],
        "slowest_whole": [asdict(one) for one in _order(whole)[:_SLOWEST]],
    }


async def _glance(connection: Connection, span: Span) -> list[Glance]:
    found = []
    for path, board in all_dashboards(CONSOLE).items():
        if not path.startswith("en/"):
            continue  # the other language asks the same
        values = await choose(board, connection, span)
        for panel in panels_of(board):
            chosen = values | ({"quantity": values["quantity"][:1]} if panel.get("repeat") else {})
            for target in panel["targets"]:
                ms = await _time(connection, expand(target["rawSql"], span, chosen))
                found.append(Glance(path, panel["title"], ms))
        for mark in board["annotations"].get("list", []):
            ms = await _time(connection, expand(mark["target"]["rawSql"], span, values))
            found.append(Glance(path, mark["name"], ms))
    return found


async def _time(connection: Connection, sql: str) -> float | None:
    best = None
    for _ in range(_TIMES):
        began = perf_counter()
        try:
            await connection.fetch(sql)
        except asyncpg.QueryCanceledError:
            return None
        took = (perf_counter() - began) * 1000
        best = took if best is None else min(best, took)
    return None if best is None else round(best, 1)


def _order(glances: list[Glance]) -> list[Glance]:
    return sorted(glances, key=lambda one: -(one.ms if one.ms is not None else float("inf")))


def _worst(glances: list[Glance]) -> float | None:
    return _order(glances)[0].ms
