"""The watch over open tasks and due reports: what is late is told, and an order that nobody confirms moves on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg
import msgspec

from database.queries import load_queries
from dispatch.dispatcher import TURN
from dispatch.escalation import REPEAT, Clock, Late, Step, due, next_at
from dispatch.notices import LEAST, Notice, tell_people, tell_squads
from dispatch.plans import Limits, Response
from dispatch.responses import responses_of
from dispatch.tasks import withdraw
from dispatch.throttle import RED
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

MOST_PER_RUN = 500

_LATE: Mapping[Late, Words] = MappingProxyType(
    {
        "assign": Words("仍无队伍可派", "nobody can be sent yet"),
        "confirm": Words("命令未确认", "the order is not confirmed"),
        "depart": Words("未按时出发", "the squad hasn't set out in time"),
        "arrive": Words("未按时到达", "the squad hasn't arrived in time"),
        "finish": Words("未按时完成", "the work isn't done in time"),
        "check_in": Words("作业人员未按时报告", "the crew at dangerous work hasn't reported"),
    }
)


@dataclass(frozen=True, slots=True)
class Watched:
    """What one run did, in steps; ``more`` when further clocks were due."""

    reminded: int = 0
    moved_on: int = 0
    told: int = 0
    more: bool = False


async def run_once(pool: asyncpg.Pool, now: datetime) -> Watched:
    """Take the steps of the escalation that are due at ``now``, and set each clock to its next one.

    Steps, clocks and what they tell are committed together, so no step is taken twice and none is left out.
    """
    async with pool.acquire() as connection, connection.transaction():
        # A dispatcher holds incidents and wants their tasks; this one holds tasks and wants their incidents.
        await connection.execute(_SQL.take_turn, TURN)
        rows = await connection.fetch(_SQL.due, now, MOST_PER_RUN)
        if rows:
            responses = await responses_of(connection, rows)
            taken = [(row, due(clock, now)) for row, clock in _clocks(rows, responses)]
            ahead = [{"task_id": c.task_id, "clock_at": next_at(c, now)} for _, c in _clocks(rows, responses)]
            await connection.execute(_SQL.set_clocks, ahead)
        else:
            taken = []
        reports = await connection.fetch(_SQL.due_reports, now, REPEAT, MOST_PER_RUN)
        steps = [(row, step) for row, steps in taken for step in steps]
        reminders = [_reminder(row, step) for row, step in steps if step.do == "remind"]
        told = [_told(row, step, now) for row, step in steps if step.do == "tell"]
        moving = [row["task_id"] for row, step in steps if step.do == "next_squad"]
        await tell_squads(connection, reminders, now)
        await tell_people(connection, [*told, *(_report_due(row) for row in reports)], now)
        await withdraw(connection, moving, "unconfirmed", now)
        if steps or reports:
            await connection.execute(_SQL.tell)
    return Watched(len(reminders), len(moving), len(told) + len(reports), more=len(rows) == MOST_PER_RUN)


def _clocks(rows: Sequence[asyncpg.Record], responses: Mapping[int, Response]) -> list[tuple[asyncpg.Record, Clock]]:
    return [(row, _clock(row, responses[row["incident_id"]])) for row in rows]


def _clock(row: asyncpg.Record, response: Response) -> Clock:
    return Clock(
        task_id=row["task_id"],
        status=row["status"],
        since=row["updated_at"],
        unconfirmed_since=row["unconfirmed_since"] or row["created_at"],
        clock_at=row["clock_at"] or row["updated_at"],
        limits=msgspec.convert(row["limits"], Limits) if row["limits"] else response.limits,
        escalation=response.escalation,
        check_in_at=row["check_in_at"],
    )


def _reminder(row: asyncpg.Record, step: Step) -> Notice:
    late = _LATE[step.late]
    return Notice(
        key=f"reminder-{row['task_id']}-{step.late}-{step.at.timestamp():.0f}",
        kind="reminder",
        recipient=row["squad_id"],
        incident_id=row["incident_id"],
        task_id=row["task_id"],
        text=Words(f"任务{row['task_id']}：{late.zh}，请立即回复。", f"Task {row['task_id']}: {late.en}. Answer now."),
    )


def _told(row: asyncpg.Record, step: Step, now: datetime) -> Notice:
    late = _LATE[step.late]
    minutes = max(1, round((now - row["updated_at"]) / timedelta(minutes=1)))
    squad = Words(row["squad_zh"] or "", f", {row['squad_en']}" if row["squad_en"] else "")
    return Notice(
        key=f"overdue-{row['task_id']}-{step.late}-{step.person}-{step.at.timestamp():.0f}",
        kind="overdue",
        grade=RED if step.late == "check_in" else LEAST,
        recipient=step.person,
        incident_id=row["incident_id"],
        task_id=row["task_id"],
        text=Words(
            f"事件{row['incident_id']} {row['title_zh']} 任务{row['task_id']} {squad.zh}：{late.zh}（{minutes}分钟）",
            f"Incident {row['incident_id']}, {row['title_en']}, task {row['task_id']}{squad.en}: {late.en}"
            f" ({minutes} min)",
        ),
    )


_REPORTS: Mapping[str, Words] = MappingProxyType(
    {
        "first": Words("初报", "first report"),
        "follow_up": Words("续报", "follow-up report"),
        "final": Words("终报", "final report"),
    }
)


def _report_due(row: Any) -> Notice:
    kind = _REPORTS[row["report_kind"]]
    return Notice(
        key=f"report-{row['incident_id']}-{row['report_kind']}-{row['was_due_at'].timestamp():.0f}",
        kind="report",
        recipient="duty_officer",
        incident_id=row["incident_id"],
        text=Words(
            f"事件{row['incident_id']} {row['title_zh']}：{kind.zh}到期，请上报。",
            f"Incident {row['incident_id']}, {row['title_en']}: the {kind.en} is due.",
        ),
    )
