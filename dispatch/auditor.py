"""The auditor: nothing open is without a running clock, and it says so if it is.

The rounds before it leave nothing to find. That is why it looks at the rows alone, and asks none of them: a task that a
hand put in, a round that died for good or a defect of ours shows here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import asyncpg
import structlog

from database.queries import load_queries
from dispatch.notices import Notice, tell_people
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

OVERDUE = timedelta(minutes=3)
"""A clock that ran out this long ago and was not looked at means that the watch doesn't run."""

AHEAD = timedelta(minutes=1)
"""What bears a time so much later than now was written before the clock was set back."""

_LONGEST_WAIT = timedelta(minutes=10)  # of an order for its next sending, with room above back-off and lease
_DEAD_FOR = timedelta(hours=1)  # for so long a dead letter is told of

_FINDINGS: Mapping[str, Words] = MappingProxyType(
    {
        "task_without_clock": Words("任务没有计时", "the task has no running clock"),
        "task_not_watched": Words("任务计时已到但无人处理", "the task's clock ran out and nobody looked"),
        "task_ahead_of_time": Words("时钟曾超前，任务重新计时", "the clock had run ahead, limits begin anew"),
        "incident_without_response": Words("事件没有启动预案", "no plan was applied to the incident"),
        "incident_without_task": Words("事件没有进行中的任务", "the incident has no open task"),
        "message_not_delivered": Words("通知未能送达", "a message could not be delivered"),
        "order_not_sent": Words("命令未能送达中间件", "the order hasn't reached the broker"),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something open that no clock runs for: what is wrong, in a word, and with what."""

    what: str
    incident_id: int
    task_id: int | None


async def run_once(pool: asyncpg.Pool, now: datetime) -> tuple[Finding, ...]:
    """Look at all that is open; tell the duty officer of each finding once an hour, and start the missing clocks."""
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(_SQL.findings, now - OVERDUE, now - _DEAD_FOR, now + AHEAD)
        found = tuple(Finding(row["what"], row["incident_id"], row["task_id"]) for row in rows)
        await tell_people(connection, [_notice(finding, now) for finding in found], now)
        await connection.execute(_SQL.start_clocks)
        await connection.execute(_SQL.begin_anew, now, now + AHEAD, now + _LONGEST_WAIT)
    for finding in found:
        structlog.get_logger().error("audit", what=finding.what, incident=finding.incident_id, task=finding.task_id)
    return found


def _notice(finding: Finding, now: datetime) -> Notice:
    text = _FINDINGS[finding.what]
    task_zh = f"任务{finding.task_id}" if finding.task_id is not None else ""
    task_en = f", task {finding.task_id}" if finding.task_id is not None else ""
    return Notice(
        key=f"audit-{finding.what}-{finding.incident_id}-{finding.task_id or 0}-{now:%Y%m%d%H}",
        kind="audit",
        recipient="duty_officer",
        incident_id=finding.incident_id,
        task_id=finding.task_id,
        text=Words(
            f"巡检：事件{finding.incident_id}{task_zh}：{text.zh}",
            f"Audit: incident {finding.incident_id}{task_en}: {text.en}",
        ),
    )
