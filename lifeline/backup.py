"""Backups of the database: one file of pg_dump each, checked when it is made, restored into an empty database only.

Passwords go to PostgreSQL's programs in the environment: a command line is for every account of the machine to read.
"""

import asyncio
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from database.engine import detect_engine
from database.pool import Connection, connect
from database.queries import load_queries
from lifeline.embedded.database import embedded_programs
from lifeline.errors import HubError

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_NAME = "lifeline-{:%Y%m%dT%H%M%SZ}.dump"


async def back_up(database_url: str, folder: Path, now: datetime) -> Path:
    """Dump the database into ``folder`` while the hub goes on working; the new file, whole and readable.

    HubError when pg_dump is missing or fails. What fails leaves no file that looks like a backup.
    """
    connection = await connect(database_url, application="backup")
    server = await connection.fetchval(_SQL.version)
    await connection.close()
    return await asyncio.to_thread(_dump, _find_programs(server), database_url, folder, now)


def _dump(programs: Path, database_url: str, folder: Path, now: datetime) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / _NAME.format(now.astimezone(UTC))
    unfinished = target.with_suffix(".unfinished")
    try:
        unfinished.touch(mode=0o600)
        _run(programs / "pg_dump", database_url, "--format=custom", f"--file={unfinished}")
        _check(programs / "pg_restore", unfinished)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _check(program: Path, path: Path) -> None:
    if not path.is_file():
        raise HubError(f"{path}: there is no such backup")
    _run(program, None, "--list", str(path))


def keep_latest(folder: Path, count: int) -> list[Path]:
    """Delete all backups of ``folder`` but the latest ``count``; those deleted."""
    backups = sorted(folder.glob("lifeline-*.dump"), reverse=True)
    for path in backups[count:]:
        path.unlink()
    return backups[count:]


async def restore(database_url: str, path: Path) -> None:
    """Bring an empty database to what is in ``path``.

    HubError when the database has tables already, when the file is no backup, or when pg_restore is missing or fails.
    """
    connection = await connect(database_url, application="restore")
    try:
        program = _find_programs(await connection.fetchval(_SQL.version)) / "pg_restore"
        await asyncio.to_thread(_check, program, path)
        if await connection.fetchval(_SQL.tables):
            raise HubError("the database has tables already: restore into a new one, then point the hub at it")
        # TimescaleDB holds its own checks and workers back between these two.
        with_timescale = await detect_engine(connection) == "timescaledb"
        await _tell(connection, with_timescale, "pre")
        try:
            arguments = ("--no-owner", "--no-privileges", "--exit-on-error", str(path))
            await asyncio.to_thread(_run, program, database_url, *arguments)
        finally:
            await _tell(connection, with_timescale, "post")
        await connection.execute(_SQL.begin_feed_era)
    finally:
        await connection.close()


async def _tell(connection: Connection, with_timescale: bool, step: str) -> None:
    if with_timescale:
        await connection.execute(f"SELECT timescaledb_{step}_restore()")


def _find_programs(server: int) -> Path:
    """The folder with pg_dump and pg_restore of the server's major version, or else of a later one.

    What is installed comes before what the embedded database brings along.
    """
    folders = [Path(found).parent for found in [shutil.which("pg_dump")] if found]
    folders += [embedded_programs() / "bin"]
    versions = {folder: _major(folder / "pg_dump") for folder in folders}
    fitting = [folder for folder in folders if versions[folder] == server]
    fitting += [folder for folder in folders if versions[folder] > server]
    if not fitting:
        raise HubError(f"pg_dump of version {server} is missing: apt-get install postgresql-client-{server}")
    return fitting[0]


def _major(program: Path) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True)
    found = re.search(r"\d+", told.stdout)
    return int(found[0]) if found else 0


def _run(program: Path, database_url: str | None, *arguments: str) -> None:
    environment = dict(os.environ)
    command = [str(program), *arguments]
    if database_url is not None:
        parts = urlsplit(database_url)
        if parts.password:
            environment["PGPASSWORD"] = unquote(parts.password)
        netloc = parts.netloc.replace(f":{parts.password}@", "@") if parts.password else parts.netloc
        command.append(f"--dbname={urlunsplit(parts._replace(netloc=netloc))}")
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise HubError(f"{program.name} failed: {done.stderr.strip()[-1000:]}")
