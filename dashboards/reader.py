"""The account that Grafana reads with: only what the dashboards show, only reading, never for long."""

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

import asyncpg

from dashboards.errors import DashboardError
from database.pool import Connection
from database.queries import load_queries
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
READER = "lifeline_reader"
# Named one by one: what is added later, keys and accounts among it, stays unread until somebody adds it here.
_TABLES = (
    *("grid", "sensor", "squad", "rule", "hazard", "hazard_event", "incident", "incident_event"),
    *("task", "task_event", "notification", "quarantine", "process", "process_sample"),
    *("exercise", "exercise_squad"),
)
# Their views without exercises are in a schema of their own, made anew by every migration.
_APART = ("sensor", "hazard", "hazard_event", "incident", "incident_event", "task", "task_event")
_ROLLUPS = ("", "_10min", "_1h", "_1d")
_ROUNDS = 4096


async def grant_reader(connection: Connection, password: str, *, role: str = READER) -> None:
    """Make ``role``, or set its password anew, and let it read what the dashboards ask for.

    DashboardError when the password is not printable ASCII of 12 characters or more, or when the account of
    ``connection`` may not make roles.
    """
    if len(password) < 12 or not password.isascii() or not password.isprintable():
        raise DashboardError("the reader's password needs 12 or more printable ASCII characters")
    readable = [("public", name) for name in _TABLES]
    readable += [("public", f"{kind.table}{suffix}") for kind in KINDS.values() for suffix in _ROLLUPS]
    readable += [("everyday", name) for name in _APART]
    schemas, names = ([*column] for column in zip(*readable, strict=True))
    try:
        async with connection.transaction():
            if not await connection.fetchval(_SQL.is_there, role):
                await connection.execute(await connection.fetchval(_SQL.make, role))
            for statement in await connection.fetchval(_SQL.statements, role, scram_verifier(password), schemas, names):
                await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError as error:
        raise DashboardError(
            f"this database account may not make the role {role} ({error}): run the command once with the URL of an"
            " account that has CREATEROLE"
        ) from error


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL keeps of ``password`` (RFC 5803), made here so that no server ever logs the password."""
    salt = secrets.token_bytes(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    told = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(_ROUNDS, *told)
