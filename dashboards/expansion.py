"""Grafana's own part of a query, done as its PostgreSQL data source does it: variables first, then macros.

So every query of every dashboard can be run, and timed, without a Grafana.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from database.pool import Connection

_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")
_MACRO = re.compile(r"\$(__[a-zA-Z]+)\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Span:
    """The span of time that a dashboard shows."""

    start: datetime
    end: datetime

    def quoted(self) -> tuple[str, str]:
        """Both ends as the data source writes them: literals without a type."""
        start, end = (f"'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}'" for at in (self.start, self.end))
        return start, end


def expand(sql: str, span: Span, values: Mapping[str, list[str]]) -> str:
    """What reaches the server; KeyError for a variable that the dashboard does not have or a form it is not used in."""

    def variable(match: re.Match[str]) -> str:
        chosen = values[match[1]]
        match match[2]:
            case "raw":
                (only,) = chosen
                return only
            case "sqlstring":
                return ",".join("'" + value.replace("'", "''") + "'" for value in chosen or [""])
        raise KeyError(f"{match[0]}: say how it is to be written")

    def macro(match: re.Match[str]) -> str:
        start, end = span.quoted()
        match match[1]:
            case "__timeFilter":
                return f"{match[2]} BETWEEN {start} AND {end}"
            case "__timeFrom":
                return start
            case "__timeTo":
                return end
        raise KeyError(f"unknown macro {match[0]}")

    expanded = _MACRO.sub(macro, _VARIABLE.sub(variable, sql))
    if "$_" in expanded or "${" in expanded:
        raise KeyError(f"something of Grafana's is left: {expanded}")
    return expanded


def panels_of(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels of a dashboard, those in rows among them."""
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


async def choose(board: Mapping[str, Any], connection: Connection, span: Span) -> dict[str, list[str]]:
    """What each variable holds when the dashboard is opened, found by its own query; empty when that finds nothing."""
    values: dict[str, list[str]] = {}
    for variable in board["templating"]["list"]:
        match variable["type"]:
            case "constant":
                found = [variable["query"]]
            case "custom":
                found = [entry.rpartition(":")[2].strip() for entry in variable["query"].split(",")]
            case _:
                rows = await connection.fetch(expand(variable["query"], span, values))
                found = [row["__value"] if "__value" in row else row[0] for row in rows]
        values[variable["name"]] = found if variable.get("multi") else found[:1]
    return values
