"""``lifeline rules``: look at the rules, try a proposal on stored readings, propose it, decide on it."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from alerts import rulebook
from alerts.backtest import Comparison, backtest
from alerts.rulefile import default_rules, read_rules, rule_diff
from alerts.rules import RuleFile
from database.pool import Connection
from lifeline.backtesting import Spent, as_json, progress, report
from lifeline.errors import HubError
from lifeline.reach import Result, on_pool
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)
_Files = Annotated[list[Path], typer.Argument(help="Rule files, *.yaml")]
_File = Annotated[Path, typer.Argument(help="A rule file, *.yaml")]
_By = Annotated[str, typer.Option("--by", help="The person who answers for it")]
_Name = Annotated[str, typer.Argument(help="KIND/HAZARD_TYPE")]
_Revision = Annotated[int, typer.Argument(help="Number of the revision, as `history` shows it")]
_Time = Annotated[str | None, typer.Option("--from", help="In force from then on, with offset; at once without it")]


@app.callback()
def about() -> None:
    """Rules that grade readings: proposed by one person, approved by another, in force from a time on."""


@app.command()
def check(files: _Files) -> None:
    """Check rule files; the first thing that is wrong is told and gives status 1."""
    for path in files:
        file = read_rules(path)
        typer.echo(f"{path.name}: {file.kind}, {', '.join(file.hazards)}")


@app.command()
def diff(file: _File) -> None:
    """Show how the rules of a file differ from those in force."""
    proposed = read_rules(file)
    current = _on_pool(lambda pool: rulebook.in_force(pool, datetime.now(UTC))).of(proposed.kind)
    for name, rule in proposed.hazards.items():
        typer.echo(rule_diff(f"{proposed.kind}/{name}", current[name][1] if name in current else None, rule), nl=False)


@app.command()
def propose(file: _File, by: _By, note: Annotated[str, typer.Option(help="What it is for")] = "") -> None:
    """Propose the rules of a file that differ from those in force."""
    files = [read_rules(file)]
    added = _in_database(lambda connection: rulebook.propose(connection, files, by, note, datetime.now(UTC)))
    lines = [f"{one.kind}/{one.hazard_type} {one.revision}" for one in added]
    typer.echo("\n".join(lines) or "No rule differs from those in force.")


@app.command()
def approve(name: _Name, revision: _Revision, by: _By, effective_from: _Time = None) -> None:
    """Approve a proposal of another person."""
    key, starts = _key(name), _time(effective_from) if effective_from else None
    _in_database(lambda connection: rulebook.approve(connection, key, revision, by, datetime.now(UTC), starts))


@app.command()
def reject(name: _Name, revision: _Revision, by: _By) -> None:
    """Decide that a proposal won't be in force. It stays on record."""
    _in_database(lambda connection: rulebook.reject(connection, _key(name), revision, by, datetime.now(UTC)))


@app.command()
def load() -> None:
    """Bring in the rules that come with this version, as `lifeline migrate` does; county rules stay in force."""
    added = _in_database(lambda connection: rulebook.load_shipped(connection, default_rules(), datetime.now(UTC)))
    typer.echo("\n".join(added) or "Nothing is new.")


@app.command()
def history(name: Annotated[str | None, typer.Argument(help="KIND or KIND/HAZARD_TYPE")] = None) -> None:
    """Every revision, the newest first: who proposed and approved it, since when it holds."""
    kind, _, hazard_type = (name or "").partition("/")
    rows = _on_pool(lambda pool: rulebook.history(pool, kind or None, hazard_type or None))
    table = Table("rule", "revision", "proposed", "approved", "in force from", "note")
    for row in rows:
        decided = f"{row['approved_by']} {_shown(row['approved_at'])}" if row["approved_by"] else "proposal"
        if row["rejected_by"]:
            decided = f"rejected by {row['rejected_by']} {_shown(row['rejected_at'])}"
        proposed = f"{row['proposed_by']} {_shown(row['proposed_at'])}"
        rule = f"{row['kind']}/{row['hazard_type']}"
        table.add_row(rule, str(row["revision"]), proposed, decided, _shown(row["effective_from"]), row["note"])
    Console(markup=False).print(table if rows else "There are no rules: run `lifeline migrate`.")


@app.command("backtest")
def backtest_(
    file: _File,
    begin: Annotated[str, typer.Option("--from", help="First time, with offset: 2026-06-01T00:00+08:00")],
    end: Annotated[str, typer.Option("--to", help="End, not included")],
    kind: Annotated[str | None, typer.Option(help="Only if the file is of this kind")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the comparison to this file")] = None,
) -> None:
    """Replay stored readings under a proposal and under the rules in force, and compare."""
    proposed, first, last = read_rules(file), _time(begin), _time(end)
    if kind is not None and kind != proposed.kind:
        raise HubError(f"{file.name} is about {proposed.kind}, not {kind}")
    if not first < last:
        raise HubError("--from must lie before --to")
    began, began_cpu = perf_counter(), process_time()
    found = _on_pool(lambda pool: _backtest(pool, proposed, first, last))
    spent = Spent(perf_counter() - began, process_time() - began_cpu)
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(found), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    report(found, spent, Console(highlight=False))


async def _backtest(pool: asyncpg.Pool, proposed: RuleFile, begin: datetime, end: datetime) -> Comparison:
    rules = await rulebook.in_force(pool, datetime.now(UTC))
    with progress() as tell:
        return await backtest(pool, rules, proposed, begin, end, tell)


def _key(name: str) -> rulebook.Key:
    kind, _, hazard_type = name.partition("/")
    if not kind or not hazard_type:
        raise HubError(f"{name!r} is not KIND/HAZARD_TYPE, like gas/gas_h2s")
    return kind, hazard_type


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise HubError(f"{text!r} is no time: write 2026-06-01T00:00+08:00") from error
    if time.tzinfo is None:
        raise HubError(f"{text!r} has no offset: write {time.isoformat(timespec='minutes')}+08:00")
    return time


def _shown(time: datetime | None) -> str:
    return time.astimezone().isoformat(timespec="minutes") if time else ""


def _on_pool(work: Callable[[asyncpg.Pool], Awaitable[Result]]) -> Result:
    return on_pool(load_settings(), "rules", work)


def _in_database(work: Callable[[Connection], Awaitable[Result]]) -> Result:
    async def on_connection(pool: asyncpg.Pool) -> Result:
        async with pool.acquire() as connection:
            return await work(connection)

    return _on_pool(on_connection)
