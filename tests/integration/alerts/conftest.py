"""What the tests of the register share."""

import asyncpg
import pytest
from register_support import Street, open_street


@pytest.fixture
async def street(pool: asyncpg.Pool) -> Street:
    return await open_street(pool)
