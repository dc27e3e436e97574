"""Named queries from a .sql file."""

from pathlib import Path

import pytest

from database.errors import DatabaseError
from database.queries import load_queries

ROOT = Path(__file__).parents[3]


def write(folder: Path, text: str) -> Path:
    path = folder / "things.sql"
    path.write_text(text, encoding="utf-8")
    return path


def test_queries_come_by_name_with_their_comments(tmp_path: Path) -> None:
    queries = load_queries(write(tmp_path, "-- name: one\n-- why\nSELECT 1\n\n-- name:two\nSELECT $1\n"))
    assert queries.one == "-- why\nSELECT 1"
    assert queries.two == "SELECT $1"
    assert [name for name, _ in queries] == ["one", "two"]


def test_what_stands_before_the_first_name_is_no_query(tmp_path: Path) -> None:
    assert load_queries(write(tmp_path, "-- about the file\n-- name: one\nSELECT 1")).one == "SELECT 1"


def test_a_name_inside_a_line_starts_nothing(tmp_path: Path) -> None:
    assert "-- name: two" in load_queries(write(tmp_path, "-- name: one\nSELECT 1 -- name: two")).one


def test_an_unknown_name_is_an_attribute_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match=r"no query called two in things\.sql"):
        _ = load_queries(write(tmp_path, "-- name: one\nSELECT 1")).two


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="twice"):
        load_queries(write(tmp_path, "-- name: one\nSELECT 1\n-- name: one\nSELECT 2"))


def test_a_file_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="holds no"):
        load_queries(write(tmp_path, "SELECT 1"))


ROOMS = ("alerts", "api", "dispatch", "ingest", "lifeline")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.sql"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_query_of_the_hub_has_a_caller_beside_it(path: Path) -> None:
    caller = path.with_suffix(".py").read_text(encoding="utf-8")
    unused = [name for name, _ in load_queries(path) if name not in caller]
    assert unused == []
