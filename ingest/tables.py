"""The tables of the sensor kinds, made from their descriptions."""

from database.engine import Aggregate, Care, Engine, Series, create_series, detect_engine, keep_series
from database.pool import Connection
from ingest.errors import IngestError
from ingest.kinds import KINDS, Kind, Quantity, State

_LOCK = 0x4B_49_4E_44  # "KIND"
USUAL_CARE = Care()


def reading_series(kind: Kind) -> Series:
    """The time series that holds the readings of ``kind``: one wide row per message."""
    return Series(
        table=kind.table,
        key="sensor_id",
        columns=[_ddl(column) for column in kind.columns],
        aggregates=[aggregate for column in kind.columns for aggregate in _aggregates(column)],
    )


def _ddl(column: Quantity | State) -> str:
    if isinstance(column, Quantity):
        # real carries seven digits, more than any of these sensors resolves, in half the bytes.
        return f"{column.name} real"
    words = ", ".join(f"'{word}'" for word in column.words)
    return f"{column.name} text CHECK ({column.name} IN ({words}))"


def _aggregates(column: Quantity | State) -> list[Aggregate]:
    name = column.name
    if isinstance(column, State):
        # Words of a state are listed with the harmless one first, so the last one seen is what matters on a plot.
        return [Aggregate(f"{name}_last", f"(array_agg({name} ORDER BY time DESC))[1]")]
    mean = f"avg({name})" if column.mean == "arithmetic" else f"10 * log(avg(power(10::float8, {name} / 10)))"
    return [
        Aggregate(f"{name}_min", f"min({name})"),
        Aggregate(f"{name}_avg", mean),
        Aggregate(f"{name}_max", f"max({name})"),
    ]


async def ensure_reading_tables(connection: Connection, care: Care = USUAL_CARE) -> Engine:
    """Create the tables of kinds that have none, hold the others against their description, let them follow ``care``.

    Raises IngestError when a table's columns differ from the description: that needs a migration.
    """
    engine = await detect_engine(connection)
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        for kind in KINDS.values():
            await _ensure(connection, engine, kind)
            await keep_series(connection, engine, reading_series(kind), care)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return engine


async def _ensure(connection: Connection, engine: Engine, kind: Kind) -> None:
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        kind.table,
    )
    wanted = ("sensor_id", "time", *kind.column_names)
    present = tuple(row["attname"] for row in rows)
    if not present:
        async with connection.transaction():
            await create_series(connection, engine, reading_series(kind))
    elif present != wanted:
        raise IngestError(
            f"{kind.table} has the columns {', '.join(present)}, but the kind is described with"
            f" {', '.join(wanted)}: write a migration that brings the table there"
        )
