"""Grafana's own part of a query, done as its PostgreSQL data source does it: variables first, then macros."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")
_MACRO = re.compile(r"\$(__[a-zA-Z]+)\(([^)]*)\)")


@dataclass(frozen=True)
class Span:
    """The span of time that a dashboard shows."""

    start: datetime
    end: datetime

    def quoted(self) -> tuple[str, str]:
        """Both ends as the data source writes them: literals without a type."""
        return tuple(f"'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}'" for at in (self.start, self.end))  # type: ignore[return-value]


def expand(sql: str, span: Span, values: Mapping[str, list[str]]) -> str:
    """What reaches the server; KeyError for a variable that the dashboard does not have or a form it is not used in."""

    def variable(match: re.Match[str]) -> str:
        chosen = values[match[1]]
        match match[2]:
            case "raw":
                (only,) = chosen
                return only
            case "sqlstring":
                return ",".join("'" + value.replace("'", "''") + "'" for value in chosen)
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
