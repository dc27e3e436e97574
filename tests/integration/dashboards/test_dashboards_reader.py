"""What Grafana's account may do, and what not."""

import base64
import hmac

import asyncpg
import pytest

from dashboards.errors import DashboardError
from dashboards.reader import grant_reader, scram_verifier


async def test_the_reader_reads_and_nothing_else(reader: asyncpg.Connection) -> None:
    assert await reader.fetchval("SELECT count(*) FROM reading_gas") > 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.fetch("SELECT * FROM api_key")
    for statement in ("DELETE FROM hazard", "CREATE TABLE x ()", "UPDATE rule SET revision = 2"):
        with pytest.raises((asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientPrivilegeError)):
            await reader.execute(statement)
    await reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.execute("DELETE FROM hazard")


async def test_a_query_that_takes_long_is_ended_by_the_server(reader: asyncpg.Connection) -> None:
    assert await reader.fetchval("SHOW statement_timeout") == "10s"
    await reader.execute("SET statement_timeout = '50ms'")
    with pytest.raises(asyncpg.QueryCanceledError):
        await reader.execute("SELECT pg_sleep(5)")


async def test_granting_again_sets_the_password_anew(pool: asyncpg.Pool, reader: asyncpg.Connection) -> None:
    role = await reader.fetchval("SELECT current_user")
    stored = "SELECT rolpassword FROM pg_authid WHERE rolname = $1"
    before = await pool.fetchval(stored, role)
    async with pool.acquire() as connection:
        await grant_reader(connection, "another passphrase", role=role)
    after = await pool.fetchval(stored, role)
    assert before != after
    assert after.startswith("SCRAM-SHA-256$4096:")


async def test_a_weak_password_is_refused(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        for password in ("short", "密码密码密码密码密码密码", "new\nline in here"):
            with pytest.raises(DashboardError, match="12 or more"):
                await grant_reader(connection, password)


def test_the_verifier_is_that_of_rfc_7677() -> None:
    # User "user", password "pencil", salt and rounds of the example there; the server's proof follows from its key.

    verifier = scram_verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    server_key = base64.b64decode(verifier.rpartition(":")[2])
    exchange = (
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    proof = hmac.digest(server_key, exchange.encode(), "sha256")
    assert base64.b64encode(proof) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
