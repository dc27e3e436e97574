"""``lifeline plans``: what incidents call for, as data with revisions."""

from collections.abc import Iterator
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import msgspec
import typer
import yaml
from rich.console import Console
from rich.table import Table

from alerts.grades import GRADES
from dispatch import planbook
from dispatch.exercises import report_of
from dispatch.plans import Plan, read_plans
from lifeline.errors import HubError
from lifeline.reach import audited, on_pool
from lifeline.rehearsal.findings import Finding
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)

_Folder = Annotated[Path, typer.Argument(help="Folder with plans, *.yaml")]
_By = Annotated[str, typer.Option(help="Who does it; revisions show it")]


@app.command()
def check(folder: _Folder) -> None:
    """Check plans and show how many squads each calls for; the first thing that is wrong gives status 1."""
    for plan in read_plans(folder):
        squads = ", ".join(f"{grade.colour} {len(plan.at(grade.number).roles)}" for grade in GRADES)
        typer.echo(f"{plan.hazard_type}: squads {squads}")


@app.command()
def diff(folder: _Folder) -> None:
    """Show what the files change against the plans in force."""
    plans = read_plans(folder)

    async def known(pool: asyncpg.Pool) -> dict[str, tuple[int, Plan]]:
        async with pool.acquire() as connection:
            return await planbook.in_force(connection)

    current = on_pool(load_settings(), "plans", known)
    for plan in plans:
        before = current.get(plan.hazard_type)
        typer.echo("".join(_changes(plan.hazard_type, before[1] if before else None, plan)), nl=False)


def _changes(name: str, before: Plan | None, after: Plan) -> Iterator[str]:
    return unified_diff(_lines(before), _lines(after), f"{name} in force", f"{name} proposed", n=1)


def _lines(plan: Plan | None) -> list[str]:
    if plan is None:
        return []
    # Sorted, since jsonb keeps no order of keys.
    return yaml.safe_dump(planbook.body_of(plan), allow_unicode=True, sort_keys=True).splitlines(keepends=True)


@app.command()
def load(
    folder: _Folder,
    by: _By,
    note: Annotated[str, typer.Option(help="Why")] = "",
    exercise: Annotated[int | None, typer.Option(min=1, help="Why: a finding of this exercise")] = None,
    report: Annotated[Path | None, typer.Option(help="Why: a finding in this report of a rehearsal, JSON")] = None,
    finding: Annotated[int | None, typer.Option(min=1, help="Its number, see `lifeline plans findings`")] = None,
) -> None:
    """Propose the plans that differ from their newest revision; each is in force once another person approves it.

    What a drill has found is the reason of the revision when --finding names it.
    """
    plans = read_plans(folder)
    if finding is not None:
        note = " ".join(filter(None, (_finding(_findings(exercise, report), finding), note)))

    async def propose(pool: asyncpg.Pool) -> list[str]:
        async with audited(pool, "plans load") as connection:
            return await planbook.propose(connection, plans, by, datetime.now(UTC), note)

    added = on_pool(load_settings(), "plans", propose)
    for name in added:
        typer.echo(f"proposed: {name}")
    if not added:
        typer.echo("nothing differs")


@app.command()
def findings(
    exercise: Annotated[int | None, typer.Option(min=1, help="Of this exercise")] = None,
    report: Annotated[Path | None, typer.Option(help="In this report of a rehearsal, JSON")] = None,
) -> None:
    """Show what a drill has found, with its proposals for the plan; `lifeline plans load --finding N` takes one up."""
    for number, found in enumerate(_findings(exercise, report).found, 1):
        typer.echo(f"{number}. {found.zh}：{found.proposal_zh}\n   {found.en}: {found.proposal_en}")


class _Findings(msgspec.Struct, frozen=True):
    of: str
    found: tuple[Finding, ...]


def _findings(exercise: int | None, report: Path | None) -> _Findings:
    if (exercise is None) == (report is None):
        raise HubError("say which drill: --exercise NUMBER, or --report FILE of a rehearsal")
    try:
        if report is not None:
            body = msgspec.json.decode(report.read_bytes(), type=dict[str, Any])
            return _Findings(str(body["drill"]), msgspec.convert(body["findings"], tuple[Finding, ...]))
    except OSError as error:
        raise HubError(f"{report}: {error.strerror}") from error
    except (KeyError, msgspec.MsgspecError) as error:
        raise HubError(f"{report}: no report of a drill: {error}") from error
    number = exercise or 0

    async def read(pool: asyncpg.Pool) -> dict[str, Any]:
        async with pool.acquire() as connection:
            return await report_of(connection, number)

    body = on_pool(load_settings(), "plans", read)
    return _Findings(f"{body['drill']} ({number})", msgspec.convert(body["findings"], tuple[Finding, ...]))


def _finding(findings: _Findings, number: int) -> str:
    if number > len(findings.found):
        raise HubError(f"drill {findings.of} has {len(findings.found)} findings: see `lifeline plans findings`")
    found = findings.found[number - 1]
    return f"演练 drill {findings.of} #{number}：{found.zh} → {found.proposal_zh} / {found.en} → {found.proposal_en}"


@app.command()
def approve(
    hazard_type: Annotated[str, typer.Argument(help="As gas_combustible")],
    revision: Annotated[int, typer.Argument(help="As `lifeline plans history` shows it")],
    by: _By,
) -> None:
    """Put a proposed revision in force."""

    async def approve(pool: asyncpg.Pool) -> None:
        async with audited(pool, "plans approve") as connection:
            await planbook.approve(connection, hazard_type, revision, by, datetime.now(UTC))

    on_pool(load_settings(), "plans", approve)
    typer.echo(f"{hazard_type} {revision}: in force")


@app.command()
def history(hazard_type: Annotated[str | None, typer.Argument(help="Only of this hazard type")] = None) -> None:
    """Show every revision: who proposed it, who approved it, and why."""

    async def revisions(pool: asyncpg.Pool) -> list[asyncpg.Record]:
        async with pool.acquire() as connection:
            return await planbook.history(connection, hazard_type)

    table = Table("plan", "revision", "proposed", "approved", "why", box=None)
    for row in on_pool(load_settings(), "plans", revisions):
        proposed = f"{row['proposed_at']:%Y-%m-%d %H:%M} {row['proposed_by']}"
        approved = f"{row['approved_at']:%Y-%m-%d %H:%M} {row['approved_by']}" if row["approved_at"] else "-"
        table.add_row(row["hazard_type"], str(row["revision"]), proposed, approved, row["note"])
    Console(soft_wrap=True).print(table)
