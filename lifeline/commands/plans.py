"""``lifeline plans``: what incidents call for, as data with revisions."""

from collections.abc import Iterator
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
import yaml
from rich.console import Console
from rich.table import Table

from alerts.grades import GRADES
from dispatch import lessons, planbook
from dispatch.plans import Plan, read_plans
from lifeline.reach import on_pool
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
    note: Annotated[str, typer.Option(help="Why it is changed")] = "",
    answers: Annotated[
        list[int] | None, typer.Option(help="A drill's finding that this answers, by its number")
    ] = None,
) -> None:
    """Propose the plans that differ from their newest revision; each is in force once another person approves it."""
    plans = read_plans(folder)

    async def propose(pool: asyncpg.Pool) -> list[str]:
        async with pool.acquire() as connection, connection.transaction():
            added = await planbook.propose(connection, plans, by, datetime.now(UTC), note)
            await lessons.answer(connection, answers or (), added)
            return added

    added = on_pool(load_settings(), "plans", propose)
    for name in added:
        typer.echo(f"proposed: {name}")
    if not added:
        typer.echo("nothing differs")


@app.command()
def approve(
    hazard_type: Annotated[str, typer.Argument(help="As gas_combustible")],
    revision: Annotated[int, typer.Argument(help="As `lifeline plans history` shows it")],
    by: _By,
) -> None:
    """Put a proposed revision in force."""

    async def approve(pool: asyncpg.Pool) -> None:
        async with pool.acquire() as connection:
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


@app.command()
def learn(
    report: Annotated[Path, typer.Argument(help="What `lifeline drill run … --json FILE` wrote")], by: _By
) -> None:
    """Open a revision of the plans concerned for each finding of a drill."""
    found = lessons.read_lessons(report)

    async def open_all(pool: asyncpg.Pool) -> list[int]:
        async with pool.acquire() as connection:
            return await lessons.open_lessons(connection, found, by, datetime.now(UTC))

    opened = on_pool(load_settings(), "plans", open_all)
    typer.echo(f"findings: {len(found.findings)}, opened: {len(opened)}")


@app.command()
def findings(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too")] = False,
) -> None:
    """List what drills found wanting in plans and no revision has answered yet."""

    async def read(pool: asyncpg.Pool) -> list[asyncpg.Record]:
        async with pool.acquire() as connection:
            return await lessons.listed(connection, closed=everything)

    table = Table("number", "plan", "drill", "finding", "proposal", "answer", box=None)
    for row in on_pool(load_settings(), "plans", read):
        answer = f"revision {row['revision']}" if row["revision"] is not None else "-"
        if row["closed_at"] is not None:
            answer = f"{answer}, closed {row['closed_at']:%Y-%m-%d} {row['closed_by']}: {row['closed_note']}"
        drill = f"{row['drill']} {row['held_at']:%Y-%m-%d}"
        finding, proposal = (f"{row[f'{name}_zh']} {row[f'{name}_en']}" for name in ("text", "proposal"))
        table.add_row(str(row["plan_finding_id"]), row["hazard_type"], drill, finding, proposal, answer)
    Console(soft_wrap=True, highlight=False, markup=False).print(table)


@app.command()
def dismiss(
    number: Annotated[int, typer.Argument(help="Of the finding, as `lifeline plans findings` shows it")],
    by: _By,
    because: Annotated[str, typer.Option(help="Why nothing is to be changed")],
) -> None:
    """Close a drill's finding without changing the plan."""

    async def close(pool: asyncpg.Pool) -> None:
        async with pool.acquire() as connection:
            await lessons.dismiss(connection, number, by, because, datetime.now(UTC))

    on_pool(load_settings(), "plans", close)
    typer.echo(f"finding {number}: closed")
