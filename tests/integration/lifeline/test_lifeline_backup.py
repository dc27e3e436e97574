"""A backup is restored into another database and compared with what it was made of."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from api.stream.feed import Place, rows_after
from database.engine import detect_engine, ensure_days
from database.errors import DatabaseError
from database.pool import connect
from ingest.kinds import KINDS
from lifeline.backup import back_up, keep_latest, restore
from lifeline.county import load_county, read_county
from lifeline.errors import HubError
from lifeline.preparation import prepare

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GUANGNING = Path(__file__).parents[3] / "counties" / "guangning"


async def contents(url: str) -> dict[str, tuple[int, str]]:
    """Rows of each table, counted and summed up by MD5 in an order of their own."""
    connection = await connect(url, application="tests")
    tables = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
        " AND NOT relispartition AND relname <> 'migration'"
        " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')"
    )
    found = {}
    for (name,) in tables:
        row = await connection.fetchrow(
            f"SELECT count(*), coalesce(md5(string_agg(line, chr(10) ORDER BY line)), '')"
            f' FROM (SELECT row::text AS line FROM "{name}" AS row) AS lines'
        )
        found[name] = (row[0], row[1])
    await connection.close()
    return found


@pytest.fixture
async def filled(pool: asyncpg.Pool, database_url: str) -> str:
    """A county with two days of readings."""
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), datetime(2026, 1, 1, tzinfo=UTC))
        await load_county(connection, read_county(GUANGNING), NOW)
        if await detect_engine(connection) == "plain":
            await ensure_days(connection, "reading_gas", [(NOW - timedelta(days=back)).date() for back in range(3)])
        await connection.execute(
            "INSERT INTO reading_gas (sensor_id, time, ch4_lel_pct) SELECT sensor_id, at, random() * 9 FROM sensor,"
            " generate_series($1::timestamptz, $2, INTERVAL '1 hour') AS at WHERE kind = 'gas'",
            NOW - timedelta(days=2),
            NOW,
        )
        await connection.execute(
            "INSERT INTO quarantine (topic, payload, reason, received_at) VALUES ('井', '\\xff00', '坏', $1)", NOW
        )
    return database_url


async def test_what_is_restored_is_what_was_backed_up(filled: str, empty_database_url: str, tmp_path: Path) -> None:
    path = await back_up(filled, tmp_path, NOW)
    assert path.name == "lifeline-20260601T120000Z.dump"
    assert path.stat().st_mode & 0o077 == 0
    await restore(empty_database_url, path)
    before, after = await contents(filled), await contents(empty_database_url)
    assert before == after
    assert before["reading_gas"][0] > 1000
    assert before["quarantine"][0] == 1
    again = await prepare(empty_database_url)
    assert (again.migrations, again.rules) == ((), ())


async def test_a_restored_database_takes_new_readings(filled: str, empty_database_url: str, tmp_path: Path) -> None:
    await restore(empty_database_url, await back_up(filled, tmp_path, NOW))
    connection = await connect(empty_database_url, application="tests")
    kind = KINDS["gas"]
    if await detect_engine(connection) == "plain":
        await ensure_days(connection, kind.table, [(NOW + timedelta(days=1)).date()])
    await connection.execute(
        "INSERT INTO reading_gas (sensor_id, time, ch4_lel_pct) SELECT min(sensor_id), $1, 99 FROM sensor",
        NOW + timedelta(days=1),
    )
    assert await connection.fetchval("SELECT max(ch4_lel_pct_max) FROM reading_gas_10min") == 99
    number = await connection.fetchval("INSERT INTO sensor (code, kind) VALUES ('new', 'gas') RETURNING sensor_id")
    assert number == await connection.fetchval("SELECT max(sensor_id) FROM sensor")
    await connection.close()


async def test_events_after_a_restore_come_behind_all_that_were_told_before(
    filled: str, empty_database_url: str, tmp_path: Path
) -> None:
    """Also behind those that the backup doesn't hold any more: listeners know their ids and resume behind them."""

    async def told(url: str) -> Place:
        connection = await connect(url, application="tests")
        await connection.execute("UPDATE squad SET updated_at = now() WHERE squad_id = 'gas-1'")
        rows = await rows_after(connection, Place(0, 0), 10**6)
        await connection.close()
        return Place(rows[-1]["era"], rows[-1]["feed_id"])

    path = await back_up(filled, tmp_path, NOW)
    lost = await told(filled)
    await restore(empty_database_url, path)
    assert await told(empty_database_url) > lost


async def test_nothing_is_restored_over_what_is_there(filled: str, tmp_path: Path) -> None:
    path = await back_up(filled, tmp_path, NOW)
    before = await contents(filled)
    with pytest.raises(HubError, match="has tables already"):
        await restore(filled, path)
    assert await contents(filled) == before


async def test_what_is_no_backup_is_refused(empty_database_url: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.dump"
    broken.write_bytes(b"not a dump")
    with pytest.raises(HubError, match="pg_restore"):
        await restore(empty_database_url, broken)
    with pytest.raises(HubError, match="no such backup"):
        await restore(empty_database_url, tmp_path / "absent.dump")


async def test_a_backup_that_fails_leaves_nothing_behind_and_tells_no_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as raised:
        await back_up("postgresql://nobody:hidden@127.0.0.1:9/none", tmp_path, NOW)
    assert "hidden" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_only_the_latest_backups_are_kept(tmp_path: Path) -> None:
    for hour in range(5):
        (tmp_path / f"lifeline-20260601T{hour:02}0000Z.dump").touch()
    (tmp_path / "notes.txt").touch()
    assert len(keep_latest(tmp_path, 2)) == 3
    assert {path.name for path in tmp_path.iterdir()} == {
        "lifeline-20260601T030000Z.dump",
        "lifeline-20260601T040000Z.dump",
        "notes.txt",
    }
