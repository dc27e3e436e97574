"""Named queries from a .sql file.

A file holds queries under lines ``-- name: word``; the text up to the next such line is the query, in PostgreSQL's
native ``$1`` style. Comments right under the name line explain the query and stay in it.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from database.errors import DatabaseError

_NAME = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


class Queries:
    """The queries of one file as attributes: ``QUERIES.latest`` is that query's text."""

    def __init__(self, path: Path, texts: dict[str, str]) -> None:
        self._path = path
        self._texts = texts

    def __getattr__(self, name: str) -> str:
        try:
            return self._texts[name]
        except KeyError:
            raise AttributeError(f"no query called {name} in {self._path.name}") from None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Names and texts."""
        return iter(self._texts.items())


@cache
def load_queries(path: Path) -> Queries:
    """Read the named queries of ``path``; DatabaseError when a name comes twice or there is none."""
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    names, bodies = parts[1::2], parts[2::2]
    if not names:
        raise DatabaseError(f"{path.name} holds no '-- name: …' line")
    if len(set(names)) != len(names):
        raise DatabaseError(f"{path.name} names a query twice")
    return Queries(path, {name: body.strip() for name, body in zip(names, bodies, strict=True)})
