"""Names and order of migration files."""

from pathlib import Path

import pytest

from database.errors import DatabaseError
from database.migrate import read_migrations


def write(folder: Path, *names: str, text: str = "SELECT 1;\n") -> Path:
    for name in names:
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_hubs_own_files_are_in_order() -> None:
    migrations = read_migrations()
    assert [migration.number for migration in migrations] == list(range(1, len(migrations) + 1))
    assert not any(migration.outside_transaction for migration in migrations[:4])


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (("0001_a.sql", "0003_c.sql"), "without gap"),
        (("0002_b.sql",), "without gap"),
        (("0001_a.sql", "0001_b.sql"), "without gap or repeat"),
        (("1_a.sql",), "1_a.sql: a migration is called"),
        (("0001-a.sql",), "0001-a.sql: a migration is called"),
    ],
)
def test_an_odd_name_a_gap_or_a_repeat_is_refused(tmp_path: Path, names: tuple[str, ...], what: str) -> None:
    with pytest.raises(DatabaseError, match=what):
        read_migrations(write(tmp_path, *names))


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    assert len(read_migrations(write(tmp_path, "0001_a.sql", "README.md"))) == 1


def test_statements_are_split_where_a_semicolon_ends_a_line(tmp_path: Path) -> None:
    text = "-- outside a transaction\nSELECT ';';\n\n-- a comment;\nSELECT 2\n  + 3;\n"
    (migration,) = read_migrations(write(tmp_path, "0001_a.sql", text=text))
    assert migration.outside_transaction
    assert [statement.splitlines()[-1].strip() for statement in migration.statements] == ["SELECT ';'", "+ 3"]
