"""Entry permits: may somebody go into this well or chamber now?"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.fields import Bilingual, Maybe, Page, Paging, RowId, YesNo, shown
from api.tasks import check_task
from database.queries import load_queries
from dispatch.permits import Verdict, ask

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("permits", RowNumber)
router = APIRouter(prefix=PREFIX, tags=["permits"], route_class=GuardedRoute)


class PermitSample(BaseModel):
    """A reading that a permit was judged from."""

    sensor: str
    quantity: str = Field(description="o2_pct_vol in %vol, ch4_lel_pct in %LEL, h2s_mg_m3 and co_mg_m3 in mg/m³")
    value: float
    at: datetime
    distance_m: int = Field(description="From the incident's place", json_schema_extra={"x-unit": "m"})


class Permit(BaseModel):
    """What was answered to a crew that asked to enter."""

    permit_id: int
    task_id: int
    squad_id: str | None
    verdict: Verdict = Field(description="unknown: no fresh reading nearby, measure by hand")
    reason: Bilingual
    readings: list[PermitSample]
    judged_at: datetime
    valid_until: datetime | None = Field(description="Of a granted one: when its readings are stale")
    actor: str
    ended_at: datetime | None = Field(description="Revoked, lapsed, or the task is over")
    ended: Bilingual | None = Field(description="Why it ended")


class PermitFilter(Paging):
    """Which permits."""

    standing: Maybe[YesNo] = Field(None, description="Only those granted and not ended, or only the others")


_EXAMPLE: dict[str, Any] = {
    "permit_id": 3,
    "task_id": 7,
    "squad_id": "gas-1",
    "verdict": "granted",
    "reason": {
        "zh": "可以进入：氧气20.8 %vol，甲烷1 %LEL，硫化氢0 mg/m³，一氧化碳1 mg/m³",
        "en": "may enter: O2 20.8 %vol, CH4 1 %LEL, H2S 0 mg/m³, CO 1 mg/m³",
    },
    "readings": [
        {
            "sensor": "GAS-0001",
            "quantity": "o2_pct_vol",
            "value": 20.8,
            "at": "2026-05-01T08:19:00Z",
            "distance_m": 4,
        }
    ],
    "judged_at": "2026-05-01T08:20:00Z",
    "valid_until": "2026-05-01T08:34:00Z",
    "actor": "squad:gas-1",
    "ended_at": None,
    "ended": None,
}


def _permit(row: asyncpg.Record) -> Permit:
    ended = None if row["ended_zh"] is None else Bilingual(zh=row["ended_zh"], en=row["ended_en"])
    return Permit(
        **shown(Permit, row),
        reason=Bilingual(zh=row["reason_zh"], en=row["reason_en"]),
        ended=ended,
    )


@router.get(
    "/permits",
    summary="Entry permits",
    description="What crews were answered, the newest first.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_permits(store: Reach, _caller: CallerOf, which: Annotated[PermitFilter, Query()]) -> Page[Permit]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, which.standing, None, which.limit + 1)
    return _CURSOR.page([_permit(row) for row in rows], which.limit, key=lambda permit: permit.permit_id)


@router.get(
    "/tasks/{task_id}/permits",
    summary="Entry permits of a task",
    description="What its crew was answered, the newest first. A squad's member sees their own squad's.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}, 404),
)
async def list_task_permits(
    store: Reach, caller: CallerOf, task_id: RowId, which: Annotated[PermitFilter, Query()]
) -> Page[Permit]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        await check_task(connection, task_id, caller)
        rows = await connection.fetch(_SQL.page, before, which.standing, task_id, which.limit + 1)
    return _CURSOR.page([_permit(row) for row in rows], which.limit, key=lambda permit: permit.permit_id)


@router.post(
    "/tasks/{task_id}/permits",
    status_code=201,
    summary="Ask whether the crew may enter",
    description="Judged from the freshest gas readings nearby, by the limits for confined spaces: O2 19.5 to 23.5 %vol,"
    " CH4 < 10 %LEL, H2S < 10 mg/m³, CO < 20 mg/m³. A granted one is judged anew until it ends; should it be revoked,"
    " the crew is told to get out. 409 while nobody is on scene.",
    responses=answers(_EXAMPLE, 404, acts=True, status=201),
)
async def ask_permit(store: Reach, now: Now, caller: CallerOf, task_id: RowId) -> Permit:
    async with store.writing() as connection:
        await check_task(connection, task_id, caller)
        await ask(connection, task_id, caller.actor, now)
        return _permit((await connection.fetch(_SQL.page, None, None, task_id, 1))[0])
