"""Forward-only numbered migrations.

Files are called ``NNNN_subject.sql`` and run in that order, each once, under an advisory lock so that several
processes may start at the same time. A file whose first line is ``-- outside a transaction`` runs statement by
statement without one (``CREATE INDEX CONCURRENTLY`` needs it), so it has to be written to bear being run again.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from database.errors import DatabaseError
from database.pool import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x4C_49_46_45  # "LIFE"
_FILE = re.compile(r"^(\d{4})_\w+\.sql$")
_OUTSIDE = "-- outside a transaction"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    path: Path
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, to notice a file that was changed after it ran."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def outside_transaction(self) -> bool:
        """Whether the file asks to run without a transaction."""
        return self.text.startswith(_OUTSIDE)

    @property
    def statements(self) -> list[str]:
        """Statements of a file that runs outside a transaction, split at semicolons that end a line."""
        return [part for part in re.split(r";\s*\n", self.text + "\n") if re.sub(r"--[^\n]*", "", part).strip()]


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """All migrations of ``folder`` in order; DatabaseError for an odd name, a number used twice or a gap."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.match(path.name)
        if not match:
            raise DatabaseError(f"{path.name}: a migration is called NNNN_subject.sql")
        found.append(Migration(int(match[1]), path, path.read_text(encoding="utf-8")))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise DatabaseError(f"{folder.name}: migrations must be numbered 0001, 0002, … without gap or repeat")
    return found


async def migrate(connection: Connection, folder: Path = MIGRATIONS) -> list[str]:
    """Run what has not run yet and return the names of those files.

    Waits for another process that is migrating. Raises DatabaseError when a file that ran was changed since, or when
    the database is newer than this program.
    """
    migrations = read_migrations(folder)
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
        rows = await connection.fetch("SELECT number, name, checksum FROM migration")
        applied = {row["number"]: row for row in rows}
        _compare(migrations, applied)
        ran = []
        for migration in migrations:
            if migration.number not in applied:
                await _run(connection, migration)
                ran.append(migration.path.name)
        return ran
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


def _compare(migrations: list[Migration], applied: dict[int, asyncpg.Record]) -> None:
    known = {migration.number: migration for migration in migrations}
    for number, row in applied.items():
        if number not in known:
            raise DatabaseError(
                f"the database is at migration {row['name']}, which this version does not know: upgrade Lifeline"
            )
        if known[number].checksum != row["checksum"]:
            raise DatabaseError(f"{row['name']} was changed after it ran: add a new migration instead")


async def _run(connection: Connection, migration: Migration) -> None:
    record = "INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)"
    values = (migration.number, migration.path.name, migration.checksum)
    try:
        if migration.outside_transaction:
            for statement in migration.statements:
                await connection.execute(statement)
            await connection.execute(record, *values)
        else:
            async with connection.transaction():
                await connection.execute(migration.text)
                await connection.execute(record, *values)
    except asyncpg.PostgresError as error:
        raise DatabaseError(f"{migration.path.name}: {error}") from error
