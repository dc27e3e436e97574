"""Is the hub working: open to anyone, so it names processes and times and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import asyncpg
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.address import PREFIX
from api.answers import answers, problem
from api.context import Context, Now, context_of
from api.errors import ApiError, Unhealthy
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
router = APIRouter(prefix=PREFIX, tags=["health"])

State = Literal["working", "starting", "silent", "missing"]


class ProcessState(BaseModel):
    """One process of the hub, by the heartbeat that it writes to the database."""

    name: str = Field(description="ingest, dispatch or api", examples=["ingest"])
    state: State = Field(description="silent: not heard of for too long; missing: never started")
    started_at: datetime | None = Field(description="When it started; null while missing")
    seen_at: datetime | None = Field(description="Its last heartbeat; null while missing")


class Health(BaseModel):
    """The database answers, and every process is there."""

    healthy: bool
    database: Literal["working", "unreachable"]
    processes: list[ProcessState]


_PROCESS = {"name": "ingest", "started_at": "2026-05-01T00:00:00Z", "seen_at": "2026-05-01T08:00:00Z"}
_EXAMPLE = {"healthy": True, "database": "working", "processes": [{**_PROCESS, "state": "working"}]}
_STATES_ZH: dict[State, str] = {
    "working": "工作中",
    "starting": "启动中",
    "silent": "无心跳",
    "missing": "未启动",
}
_SICK = {"healthy": False, "database": "working", "processes": [{**_PROCESS, "state": "silent"}]}


def judge(
    rows: list[asyncpg.Record], expected: tuple[str, ...], now: datetime, stale_after: timedelta
) -> list[ProcessState]:
    """The state of every expected process and of every other one that has a heartbeat row."""
    known = {row["name"]: row for row in rows}
    return [_judge_one(name, known.get(name), now, stale_after) for name in sorted({*expected, *known})]


def _judge_one(name: str, row: asyncpg.Record | None, now: datetime, stale_after: timedelta) -> ProcessState:
    if row is None:
        return ProcessState(name=name, state="missing", started_at=None, seen_at=None)
    state: State = "working" if row["ready"] else "starting"
    if now - row["seen_at"] > stale_after:
        state = "silent"
    return ProcessState(name=name, state=state, started_at=row["started_at"], seen_at=row["seen_at"])


@router.get(
    "/health",
    summary="Is the hub working",
    description="200 when the database answers and every process of the hub has sent a heartbeat lately and is ready;"
    " 503 otherwise, with the same members in the problem. Needs no key.",
    responses={**answers(_EXAMPLE, keyed=False), 503: problem(503, **_SICK)},
)
async def health(request: Request, now: Now) -> Health:
    context = context_of(request)
    processes = await _processes(context, now)
    ill = [process for process in processes if process.state != "working"]
    if ill:
        state = Health(healthy=False, database="working", processes=processes).model_dump(mode="json")
        names = ", ".join(f"{process.name} ({process.state})" for process in ill)
        names_zh = "、".join(f"{process.name}（{_STATES_ZH[process.state]}）" for process in ill)
        raise Unhealthy(
            state,
            zh=f"以下进程不工作：{names_zh}。请查看其日志并重新启动。",
            en=f"Not working: {names}. See its log and start it again.",
        )
    return Health(healthy=True, database="working", processes=processes)


async def _processes(context: Context, now: datetime) -> list[ProcessState]:
    try:
        async with context.store.reading() as connection:
            rows = await connection.fetch(_SQL.processes)
    except ApiError as error:
        state: dict[str, Any] = {"healthy": False, "database": "unreachable", "processes": []}
        raise Unhealthy(state, zh=error.zh, en=error.en) from error
    return judge(rows, context.processes, now.astimezone(UTC), timedelta(seconds=context.stale_after_s))
