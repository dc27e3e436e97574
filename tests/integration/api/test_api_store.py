"""What a request sets on its connection is gone when the next borrower gets it."""

import asyncpg
import pytest

from api.errors import Overdue
from api.store import Store
from database.pool import open_pool

_SEEN = "SELECT current_setting('default_transaction_read_only') || ' ' || current_setting('search_path')"


async def test_a_connection_goes_back_as_it_came(database_url: str) -> None:
    pool: asyncpg.Pool = await open_pool(database_url, application="tests", size=1)
    try:
        before = await pool.fetchval(_SEEN)
        store = Store(pool, 0.2, 2.0)
        async with store.reading() as connection:
            assert await connection.fetchval(_SEEN) == "on everyday, public"
        assert await pool.fetchval(_SEEN) == before
        with pytest.raises(Overdue):
            async with store.writing() as connection:
                await connection.execute("SELECT pg_sleep(5)")
        assert await pool.fetchval(_SEEN) == before
    finally:
        pool.terminate()
