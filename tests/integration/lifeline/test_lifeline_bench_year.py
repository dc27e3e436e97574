"""The year of readings: what is copied in arrives as it was, and a mere week of it can be weighed and looked at."""

from datetime import UTC, datetime, timedelta

import asyncpg
import numpy as np

from database.engine import detect_engine, ensure_days
from ingest.kinds import KINDS
from ingest.storage import copy_columns
from lifeline.bench.yeardata import Readings, as_copy, shares_of

DAY = datetime(2026, 5, 1, tzinfo=UTC)
GAS = KINDS["gas"]


def readings() -> Readings:
    """Two readings a day of each of eight sensors for 15 days, all different."""
    days = {}
    for model in range(8):
        for day in range(15):
            values = np.full((2, len(GAS.columns)), model + day / 100, dtype=np.float32)
            days[model, day] = (np.array([10, 40_000]), values)
    return Readings(GAS, days)


def test_the_kinds_share_the_sensors() -> None:
    assert shares_of(1000) == {"manhole": 150, "gas": 200, "waterlogging": 350, "noise": 300}


def test_a_sensor_is_another_some_days_away() -> None:
    ids, micros, values = readings().of_day(list(range(1, 17)), DAY, 3)
    assert len(ids) == 32
    assert list(micros) == sorted(micros)
    first, later = values[ids == 2][:, 0], values[ids == 10][:, 0]
    assert np.allclose(first, 1.03)
    assert np.allclose(later, 1.04)
    assert not set(micros[ids == 2]) & set(micros[ids == 10])


async def test_what_is_copied_is_what_is_stored(pool: asyncpg.Pool) -> None:
    ids, micros, values = readings().of_day([1, 2, 3], DAY, 0)
    async with pool.acquire() as connection:
        if await detect_engine(connection) == "plain":
            await ensure_days(connection, GAS.table, [DAY.date()])
        source = as_copy(ids, micros, values)
        await connection.copy_to_table(GAS.table, source=source, columns=copy_columns(GAS), format="binary")
    rows = await pool.fetch(
        f"SELECT sensor_id, time, ch4_lel_pct, battery_pct FROM {GAS.table} ORDER BY time, sensor_id"
    )
    stored = [(row["sensor_id"], row["time"], row["ch4_lel_pct"]) for row in rows]
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    assert stored == [
        (int(one), epoch + timedelta(microseconds=int(at)), float(row[0]))
        for one, at, row in zip(ids, micros, values, strict=True)
    ]
    assert [row["battery_pct"] for row in rows] == [float(row[-1]) for row in values]
