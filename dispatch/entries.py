"""What the dispatcher decided, as it is written: tasks, orders, steps of cases, notices. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from alerts.stages import Step
from dispatch.assignment import Choice
from dispatch.escalation import Clock, next_at
from dispatch.notices import Notice
from dispatch.orders import Order, Place, order_key
from dispatch.plans import Response
from dispatch.situation import Need
from dispatch.words import Words

ACTOR = "dispatcher"


def steps_of(
    written: Sequence[asyncpg.Record], choices: Sequence[Choice], now: datetime, actor: str = ACTOR
) -> list[Step]:
    """What the tasks that were written mean for their cases, which are filed and dispatched once each."""
    tasks = {(row["incident_id"], row["role"]): row for row in written}
    steps = []
    for choice in choices:
        task = tasks.get((choice.incident_id, choice.role))
        if task is not None:
            about = {"task_id": task["task_id"]}
            steps.append(Step(choice.incident_id, "file", actor, now, detail=about))
            if choice.squad_id is not None:
                sent = {**about, "squad_id": choice.squad_id, "reason": msgspec.to_builtins(choice.reason)}
                steps.append(Step(choice.incident_id, "dispatch", actor, now, detail=sent))
    return steps


def need_of(row: asyncpg.Record, response: Response) -> Need:
    """What an open role, as the query ``due`` finds it, calls for."""
    return Need(
        incident_id=row["incident_id"],
        grade=row["grade"],
        skill=row["skill"],
        longitude=row["longitude"],
        latitude=row["latitude"],
        since=row["opened_at"],
        declined=dict(zip(row["declined_by"] or (), row["declined_at"] or (), strict=True)),
        role=row["role"],
        lead=row["lead"],
        preempt=response.preempt,
        exercise_id=row["exercise_id"],
    )


def entry_of(row: asyncpg.Record, response: Response, choice: Choice, now: datetime) -> dict[str, Any]:
    """What was decided for an open role, as the query ``write`` takes it: with the order where a squad is sent."""
    status = "unassigned" if choice.squad_id is None else "ordered"
    since = row["unconfirmed_since"] or now
    clock = Clock(row["task_id"], status, now, since, now, response.limits, response.escalation)
    entry = {
        "incident_id": choice.incident_id,
        "task_id": row["task_id"],
        "known": row["known"],
        "grade": row["grade"],
        "role": row["role"],
        "lead": row["lead"],
        "confined_space": row["confined_space"],
        "limits": msgspec.to_builtins(response.limits),
        "unconfirmed_since": since,
        "clock_at": next_at(clock, now),
        "squad_id": choice.squad_id,
        "head": msgspec.to_builtins(msgspec.structs.replace(choice, passed_over=())),
    }
    if choice.squad_id is not None:
        order = _order(row, response, choice, now)
        entry |= {"key": order.key, "body": order.body}
        if choice.arrival_s is not None:
            entry["arrival_expected_at"] = now + timedelta(seconds=choice.arrival_s)
    return entry


def _order(row: asyncpg.Record, response: Response, choice: Choice, now: datetime) -> Order:
    return Order(
        key=order_key(row["task_id"]),
        task_id=row["task_id"],
        incident_id=choice.incident_id,
        grade=row["grade"],
        hazard_type=row["hazard_type"],
        title=Words(row["title_zh"], row["title_en"]),
        role=Words(row["role_zh"], row["role_en"]),
        reason=choice.reason,
        place=Place(row["longitude"], row["latitude"], row["grid_id"]),
        ordered_at=now,
        confirm_before=now + timedelta(seconds=response.limits.confirm_s),
        needs_permit=row["confined_space"],
        checklist=response.checklist,
        materials=dict(response.materials) if row["lead"] else {},
        exercise_id=row["exercise_id"],
    )


def news_of(due: Mapping[tuple[int, str], asyncpg.Record], choices: Sequence[Choice], new: set[int]) -> list[Notice]:
    """What the duty officer is told: roles that nobody can fill, and squads that could be taken off for red."""
    notices = []
    for choice in choices:
        task_id = due[choice.incident_id, choice.role]["task_id"]
        if choice.shortfall is not None and task_id in new:
            notices.append(_notice(f"shortfall-{task_id}", "shortfall", choice, task_id, choice.shortfall))
        if choice.preemption is not None:
            key = f"preemption-{task_id}-{choice.preemption.task_id}"
            notices.append(_notice(key, "preemption", choice, task_id, choice.preemption.reason))
    return notices


def _notice(key: str, kind: Any, choice: Choice, task_id: int, text: Words) -> Notice:
    return Notice(
        key=key,
        kind=kind,
        recipient="duty_officer",
        incident_id=choice.incident_id,
        task_id=task_id,
        text=Words(f"事件{choice.incident_id}：{text.zh}", f"Incident {choice.incident_id}: {text.en}"),
    )
