"""Writing readings: COPY straight into the table, or through staging when some are there already."""

from collections.abc import Sequence
from dataclasses import dataclass

from database.pool import Connection
from ingest.kinds import Kind
from ingest.payload import Row


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of rows: ``conflicting`` holds the positions of rows whose (sensor, time) has other values."""

    fresh: int = 0
    duplicates: int = 0
    conflicting: tuple[int, ...] = ()

    @property
    def conflicts(self) -> int:
        """Number of conflicting rows."""
        return len(self.conflicting)

    def __add__(self, other: "Stored") -> "Stored":
        # Positions count from the start of one kind's rows, so they lose their meaning but not their number in a sum.
        return Stored(
            self.fresh + other.fresh, self.duplicates + other.duplicates, self.conflicting + other.conflicting
        )


def copy_columns(kind: Kind) -> tuple[str, ...]:
    """Columns of the kind's table in the order of a row."""
    return ("sensor_id", "time", *kind.column_names)


async def copy_rows(connection: Connection, kind: Kind, rows: Sequence[Row]) -> Stored:
    """COPY rows into the table; asyncpg.UniqueViolationError when one is there already."""
    await connection.copy_records_to_table(kind.table, records=rows, columns=copy_columns(kind))
    return Stored(fresh=len(rows))


async def merge_rows(connection: Connection, kind: Kind, rows: Sequence[Row]) -> Stored:
    """Store the rows that are new, in the caller's transaction, and tell duplicates from conflicts.

    Of two rows for one (sensor, time) the first one counts, whether the other is in the table or in ``rows``.
    """
    staging = f"staging_{kind.name}"
    await connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {staging} (LIKE {kind.table}, position integer) ON COMMIT DELETE ROWS"
    )
    records = [(*row, position) for position, row in enumerate(rows)]
    await connection.copy_records_to_table(staging, records=records, columns=(*copy_columns(kind), "position"))
    columns = ", ".join(copy_columns(kind))
    status = await connection.execute(
        f"INSERT INTO {kind.table} ({columns}) SELECT {columns} FROM {staging} ORDER BY position"
        " ON CONFLICT (sensor_id, time) DO NOTHING"
    )
    fresh = int(status.rpartition(" ")[2])
    # Compared in the table's own types: a device may send more digits than are kept.
    unequal = " OR ".join(f"stored.{name} IS DISTINCT FROM offered.{name}" for name in kind.column_names)
    differing = await connection.fetch(
        f"SELECT offered.position FROM {staging} AS offered JOIN {kind.table} AS stored USING (sensor_id, time)"
        f" WHERE ({unequal}) AND stored.time BETWEEN $1 AND $2 ORDER BY 1",
        min(row[1] for row in rows),
        max(row[1] for row in rows),
    )
    conflicting = tuple(row["position"] for row in differing)
    return Stored(fresh, len(rows) - fresh - len(conflicting), conflicting)
