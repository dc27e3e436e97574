"""Filling the blanks of a query that stand for names of tables and columns.

What people choose goes through Grafana's variables; only what is known when a dashboard is made is filled in here.
"""

import re

from dashboards.errors import DashboardError


def fill_parameters(query: str, *values: str) -> str:
    """``query`` with its parameters $1, $2 … replaced by these expressions, for a query that another room runs too."""
    for number, value in reversed([*enumerate(values, 1)]):
        query = query.replace(f"${number}", value)
    return query


def fill(query: str, **names: str) -> str:
    """``query`` with each ``{name}`` replaced; DashboardError when it has no such blank."""
    for name, value in names.items():
        query, found = re.subn(rf"(?<!\$){{{name}}}", lambda _, value=value: value, query)  # type: ignore[misc]
        if not found:
            raise DashboardError(f"the query has no blank {{{name}}}")
    return query
