"""Situation reports to the level above: 初报、续报、终报, each by the plan's clock."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from database.pool import Connection
from database.queries import load_queries
from dispatch.responses import responses_of
from dispatch.steps import TransitionError

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

Kind = Literal["first", "follow_up", "final"]


async def file_report(connection: Connection, incident_id: int, text: str, actor: str, now: datetime) -> Kind:
    """File the report that is due next for an incident, and start the clock of the one after; which one it was.

    After the final one none follows. TransitionError when the incident's plan asks for no report, or for no more.
    """
    async with connection.transaction():
        row = await connection.fetchrow(_SQL.due, incident_id)
        if row is None:
            raise TransitionError(
                zh=f"事件 {incident_id} 没有应报的报告", en=f"no report is due for incident {incident_id}"
            )
        kind: Kind = row["report_kind"]
        reports = (await responses_of(connection, [row]))[incident_id].reports
        following = None
        if kind != "final" and reports is not None:
            following = now + timedelta(seconds=reports.follow_up_s)
        await connection.execute(_SQL.file, incident_id, kind, text, row["report_due_at"], now, actor, following)
    return kind


async def ask_for_final(connection: Connection, now: datetime) -> None:
    """Start the clock of the final report of incidents that have closed, whoever closed them; in a transaction."""
    rows = await connection.fetch(_SQL.closed)
    if not rows:
        return
    responses = await responses_of(connection, rows)
    due = [
        {"incident_id": number, "due_at": now + timedelta(seconds=response.reports.final_s)}
        for number, response in responses.items()
        if response.reports is not None
    ]
    await connection.execute(_SQL.ask_for_final, due)
