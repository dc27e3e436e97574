"""What an incident calls for by its plan: roles, checklist, materials, limits, and the clock of the next report."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Reach
from api.errors import NotFound
from api.fields import Bilingual, Grade, RowId, shown
from api.incidents import check_incident
from database.queries import load_queries
from dispatch.reports import Kind
from dispatch.responses import responses_of

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
router = APIRouter(prefix=f"{PREFIX}/incidents", tags=["incidents"], route_class=GuardedRoute)


class ResponseRole(BaseModel):
    """One squad's part in the response."""

    role: str
    skill: str
    title: Bilingual
    lead: bool = Field(description="The report of its squad that all is done ends the response")
    confined_space: bool
    task_id: int | None = Field(description="The newest task for it; null while there is none")
    squad_id: str | None
    status: str | None


class HeldMaterial(BaseModel):
    """What the incident has of a material that its plan calls for, or that was reserved for it."""

    item: str
    wanted: int = Field(description="By the plan")
    reserved: int = Field(description="Promised and not issued yet")
    issued: int = Field(description="Issued and not come back")


class IncidentResponse(BaseModel):
    """What an incident calls for."""

    incident_id: int
    plan_id: int | None = Field(description="Null: no plan is in force for its type, the usual response is applied")
    plan_revision: int | None
    grade: Grade = Field(description="The plan was applied at this grade")
    roles: list[ResponseRole]
    checklist: list[Bilingual]
    materials: list[HeldMaterial]
    tell: list[str] = Field(description="Who is told, by function")
    limits: dict[str, float] = Field(
        description="remind_s, confirm_s, depart_s, arrive_s, finish_s, check_in_s", json_schema_extra={"x-unit": "s"}
    )
    preempt: str = Field(description="Whether squads are taken off lesser incidents: never, propose or automatic")
    report_kind: Kind | None = Field(description="The situation report that is due next")
    report_due_at: datetime | None


_EXAMPLE: dict[str, Any] = {
    "incident_id": 5,
    "plan_id": 11,
    "plan_revision": 1,
    "grade": 2,
    "roles": [
        {
            "role": "handle",
            "skill": "gas",
            "title": {"zh": "到场查漏", "en": "find the leak"},
            "lead": True,
            "confined_space": False,
            "task_id": 7,
            "squad_id": "gas-1",
            "status": "ordered",
        }
    ],
    "checklist": [{"zh": "设置警戒区", "en": "cordon off"}],
    "materials": [{"item": "blower", "wanted": 1, "reserved": 1, "issued": 0}],
    "tell": ["grid_person", "leader"],
    "limits": {
        "remind_s": 60.0,
        "confirm_s": 120.0,
        "depart_s": 300.0,
        "arrive_s": 1200.0,
        "finish_s": 14400.0,
        "check_in_s": 900.0,
    },
    "preempt": "propose",
    "report_kind": "first",
    "report_due_at": "2026-05-01T08:20:00Z",
}


@router.get(
    "/{incident_id}/response",
    summary="What an incident calls for",
    description="The plan that was applied: roles with their squads, checklist, materials, limits and the next"
    " situation report. 404 until the dispatcher has applied one, within seconds.",
    responses=answers(_EXAMPLE, 404),
)
async def show_response(store: Reach, _caller: CallerOf, incident_id: RowId) -> IncidentResponse:
    async with store.reading() as connection, connection.transaction(isolation="repeatable_read"):
        await check_incident(connection, incident_id)
        row = await connection.fetchrow(_SQL.response, incident_id)
        if row is None:
            raise NotFound(
                zh=f"事件 {incident_id} 尚未启动预案，请几秒后重试。",
                en=f"No plan has been applied to incident {incident_id} yet: try again in a few seconds.",
            )
        called = (await responses_of(connection, [row]))[incident_id]
        roles = await connection.fetch(_SQL.roles, incident_id)
        held = {entry["item"]: entry for entry in await connection.fetch(_SQL.materials, incident_id)}
    items = sorted(called.materials.keys() | held.keys())
    plain = msgspec.to_builtins(called)
    return IncidentResponse(
        incident_id=incident_id,
        plan_id=row["plan_id"],
        plan_revision=row["plan_revision"],
        grade=row["planned_grade"],
        roles=[
            ResponseRole(
                **shown(ResponseRole, role),
                title=Bilingual(zh=role["title_zh"], en=role["title_en"]),
            )
            for role in roles
        ],
        checklist=[Bilingual(**words) for words in plain["checklist"]],
        materials=[
            HeldMaterial(
                item=item,
                wanted=called.materials.get(item, 0),
                reserved=held[item]["reserved"] if item in held else 0,
                issued=held[item]["issued"] if item in held else 0,
            )
            for item in items
        ],
        tell=list(called.tell),
        limits=plain["limits"],
        preempt=called.preempt,
        report_kind=row["report_kind"],
        report_due_at=row["report_due_at"],
    )
