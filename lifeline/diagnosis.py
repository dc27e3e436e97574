"""What may be wrong with a hub, and what to do about it: measured by ``look``, judged without I/O."""

import asyncio
import platform
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import aiomqtt
import asyncpg

from database.engine import detect_engine
from database.errors import DatabaseError
from database.pool import connect
from database.queries import load_queries
from ingest.errors import IngestError
from lifeline.certificates import broker_end
from lifeline.errors import HubError
from lifeline.preparation import latest_migration
from lifeline.settings import ROLES, Settings

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_WITHIN_S = 10.0
_OLDEST_SERVER = 15


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``remedy`` is empty when it is well."""

    state: Literal["ok", "warning", "bad"]
    what: str
    remedy: str = ""


def judge_clock(skew_s: float) -> Finding:
    """The database's clock against this machine's, in seconds; readings 5 minutes ahead go to quarantine."""
    what = f"clock: the database's is {abs(skew_s):.1f} s {'ahead' if skew_s > 0 else 'behind'}"
    if abs(skew_s) < 2:
        return Finding("ok", what)
    return Finding("bad" if abs(skew_s) > 30 else "warning", what, "let chrony or systemd-timesyncd set both clocks")


def judge_disk(folder: Path, free: int, total: int) -> Finding:
    """Room where ``folder`` is, in bytes."""
    share = free / total
    what = f"disk: {free / 1e9:.1f} GB free at {folder}, {share:.0%}"
    if share >= 0.2:
        return Finding("ok", what)
    return Finding("bad" if share < 0.05 else "warning", what, "make room, or keep readings for fewer days")


def judge_certificate(ends: datetime, now: datetime) -> Finding:
    """The broker's certificate."""
    days = (ends - now) // timedelta(days=1)
    what = f"certificate of the broker: good until {ends:%Y-%m-%d}"
    if days >= 30:
        return Finding("ok", what)
    return Finding("bad" if days < 7 else "warning", what, "make it anew: deploy/make-certificates FOLDER HOST")


def judge_file(path: Path, mode: int) -> Finding:
    """A file with secrets in it, by its permissions."""
    what = f"permissions: {path} is {mode & 0o777:04o}"
    if mode & 0o077 == 0:
        return Finding("ok", what)
    return Finding("warning", what, f"others can read what is secret there: chmod 600 {path}")


def judge_rights(may_create: bool) -> Finding:
    """Whether the database account may make what a migration makes."""
    if may_create:
        return Finding("ok", "permissions: the database account may make tables and schemas")
    remedy = "GRANT CREATE ON DATABASE and ON SCHEMA public, or migrate with the URL of an account that has it"
    return Finding("warning", "permissions: the database account may make no tables", remedy)


def judge_topics(refused: Sequence[str]) -> Finding:
    """Topics that the broker lets the hub's account not subscribe to."""
    if not refused:
        return Finding("ok", "permissions: the broker lets the hub hear sensors and squads")
    remedy = "write the ACL anew: `lifeline broker credentials FOLDER`, then SIGHUP"
    return Finding("bad", f"permissions: the broker refuses {', '.join(refused)}", remedy)


def judge_server(version: int, engine: str, timescale: str | None = None) -> Finding:
    """The database server's major version and whether TimescaleDB, of the version ``timescale``, is in use."""
    with_timescale = f"TimescaleDB {timescale or ''}".rstrip()
    what = f"database: PostgreSQL {version}, {with_timescale if engine == 'timescaledb' else 'without TimescaleDB'}"
    if version < _OLDEST_SERVER:
        return Finding("bad", what, f"use PostgreSQL {_OLDEST_SERVER} or later")
    if engine == "plain":
        return Finding("warning", what, "fine up to about a hundred sensors; beyond that install TimescaleDB")
    return Finding("ok", what)


def judge_migrations(ran: int, wanted: int) -> Finding:
    """How far the schema is."""
    what = f"schema: migration {ran} of {wanted}"
    if ran == wanted:
        return Finding("ok", what)
    return Finding("bad", what, "run `lifeline migrate`" if ran < wanted else "upgrade Lifeline")


def judge_processes(seen_s: dict[str, float], ready: set[str]) -> list[Finding]:
    """Each process: seconds since it was heard of, and whether it says that it is ready."""
    findings = []
    for role in ROLES:
        if role not in seen_s:
            findings.append(Finding("warning", f"process {role}: never ran here", f"start `lifeline {role}`"))
        elif seen_s[role] > 30:
            remedy = f"look into its log, start `lifeline {role}`"
            findings.append(Finding("bad", f"process {role}: last heard of {seen_s[role]:.0f} s ago", remedy))
        elif role not in ready:
            findings.append(Finding("warning", f"process {role}: not ready", "look into its log"))
        else:
            findings.append(Finding("ok", f"process {role}: ready"))
    return findings


def judge_waiting(held: int, oldest_order_s: float) -> list[Finding]:
    """Messages in quarantine, and how long the oldest order has waited for its receipt, in seconds."""
    quarantine = Finding("ok" if held < 100 else "warning", f"quarantine: {held} messages held")
    if held >= 100:
        quarantine = Finding("warning", quarantine.what, "run `lifeline quarantine list`")
    what = f"orders: the oldest has waited {oldest_order_s:.0f} s for its receipt"
    if oldest_order_s < 300:
        return [quarantine, Finding("ok", what)]
    return [quarantine, Finding("bad", what, "call the squad; see whether it is connected to the broker")]


async def look(settings: Settings, now: datetime) -> list[Finding]:
    """Look at everything; what can't be looked at is a finding too."""
    program = f"program: Lifeline {version('lifeline-hub')}, Python {platform.python_version()}"
    findings = [Finding("ok", program), _disk(settings.data_dir)]
    if settings.channels_file is not None:
        findings.append(_file(settings.channels_file))
    findings += await _try("database", lambda: _database(settings, now))
    findings += await _try("broker", lambda: _broker(settings, now))
    return findings


def _disk(folder: Path) -> Finding:
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    usage = shutil.disk_usage(there)
    return judge_disk(there, usage.free, usage.total)


def _file(path: Path) -> Finding:
    try:
        return judge_file(path, path.stat().st_mode)
    except OSError as error:
        return Finding("bad", f"permissions: {path}: {error.strerror}", "see LIFELINE_CHANNELS_FILE")


async def _try(what: str, looked: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await looked()
    except HubError as error:
        return [Finding("warning", f"{what}: {error}", "set it, unless `lifeline up` is meant to bring one")]
    except (DatabaseError, IngestError) as error:
        return [Finding("bad", f"{what}: {error}", "see the message")]
    except asyncpg.PostgresError as error:
        return [Finding("bad", f"{what}: {error}", "run `lifeline migrate`")]
    except (OSError, TimeoutError, aiomqtt.MqttError) as error:
        reason = str(error) or type(error).__name__
        return [Finding("bad", f"{what}: {reason}", "check its URL, its certificate, and that the server is running")]


async def _database(settings: Settings, now: datetime) -> list[Finding]:
    connection = await connect(settings.database, application="doctor")
    try:
        (row,) = await connection.fetch(_SQL.server)
        findings = [
            judge_server(row["version"], await detect_engine(connection), row["timescale"]),
            judge_rights(row["may_create"]),
            judge_clock((row["clock"] - datetime.now(UTC)).total_seconds()),
        ]
        ran, wanted = await latest_migration(connection)
        findings.append(judge_migrations(ran, wanted))
        if ran:
            seen = {row["name"]: row for row in await connection.fetch(_SQL.processes)}
            ages = {name: (now - row["seen_at"]).total_seconds() for name, row in seen.items()}
            findings += judge_processes(ages, {name for name, row in seen.items() if row["ready"]})
            (waiting,) = await connection.fetch(_SQL.waiting, now)
            findings += judge_waiting(waiting["held"], waiting["oldest_s"])
        return findings
    finally:
        await connection.close()


async def _broker(settings: Settings, now: datetime) -> list[Finding]:
    broker = settings.broker
    findings = []
    context = broker.ssl_context()
    if context is not None:
        findings.append(judge_certificate(await broker_end(broker), now))
    async with aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=f"{settings.client_id}-doctor",
        protocol=aiomqtt.ProtocolVersion.V5,
        tls_context=context,
        timeout=_WITHIN_S,
    ) as client:
        findings.append(Finding("ok", f"broker: {broker.host}:{broker.port} lets us in over MQTT 5"))
        wanted = [f"{settings.topic_prefix}/#", f"{settings.squads_prefix}/+/receipts"]
        codes = [code for topic in wanted for code in await client.subscribe(topic, qos=1)]
        pairs = zip(wanted, codes, strict=True)
        findings.append(judge_topics([topic for topic, code in pairs if getattr(code, "is_failure", False)]))
    return findings
