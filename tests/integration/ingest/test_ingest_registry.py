"""The register in memory: what changed is read, and only that."""

from ingest.registry import Registry


async def add(connection, *codes: str) -> None:
    await connection.execute(
        "INSERT INTO sensor (code, kind) SELECT code, 'gas' FROM unnest($1::text[]) AS code", codes
    )


def codes(sensors) -> list[str]:
    return sorted(sensor.code for sensor in sensors)


async def test_only_what_changed_since_is_read(pool):
    registry = Registry("sensors")
    await add(pool, "a", "b")
    assert codes(await registry.refresh(pool)) == ["a", "b"]
    assert await registry.refresh(pool) == []
    await add(pool, "c")
    await pool.execute("UPDATE sensor SET attributes = '{\"device\": \"Dev-1\"}' WHERE code = 'a'")
    assert codes(await registry.refresh(pool)) == ["a", "c"]
    assert registry.find("DEV-1").code == "a"


async def test_a_change_that_is_committed_late_is_not_missed(pool):
    """Its rows are older than rows that were read before."""
    registry = Registry("sensors")
    async with pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await add(slow, "slow")
        await add(pool, "quick")
        assert codes(await registry.refresh(pool)) == ["quick"]
        await transaction.commit()
    assert codes(await registry.refresh(pool)) == ["slow"]


async def test_a_sensor_that_changes_its_code_leaves_its_old_topic(pool):
    registry = Registry("sensors")
    await add(pool, "old")
    await registry.refresh(pool)
    await pool.execute("UPDATE sensor SET code = 'new'")
    await registry.refresh(pool)
    assert list(registry.by_topic) == ["sensors/gas/new/reading"]
    assert registry.find("old") is None
    assert registry.find("new") is not None
