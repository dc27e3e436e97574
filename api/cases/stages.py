"""Incidents through their stages, and appeals against overtime."""

from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import Field

from alerts import cases
from alerts.stages import Step
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.fields import Because, Reason, Remark, RowId, Strict
from api.incidents import WHOLE, WholeIncident, whole

router = APIRouter(prefix=f"{PREFIX}/incidents/{{incident_id}}", tags=["incidents"], route_class=GuardedRoute)
Action = Annotated[
    Literal["file", "feed_back", "verify", "close"], InPath(description="What the centre does to the case")
]
Decision = Annotated[
    Literal["return", "override", "dismiss"], InPath(description="What the centre decides against the usual way")
]


class AppealDecision(Strict):
    """What becomes of an appeal."""

    granted: bool = Field(description="Granted exempts the overtime; it stays on record either way")
    reason: Reason


@router.post(
    "/actions/{action}",
    summary="Move an incident on",
    description="File a report; note what a squad handed back; verify, which its sensors must agree to; close. What"
    " was done before or is overtaken changes nothing. What its stage doesn't allow is answered with 409.",
    responses=answers(WHOLE, 404, acts=True),
)
async def act_on_incident(
    store: Reach, now: Now, caller: CallerOf, incident_id: RowId, action: Action, remark: Remark | None = None
) -> WholeIncident:
    detail = {"note": remark.note} if remark and remark.note else {}
    async with store.writing() as connection:
        await cases.take_steps(connection, [Step(incident_id, action, caller.actor, now, detail=detail)])
        return await whole(connection, incident_id)


@router.post(
    "/decisions/{decision}",
    summary="Decide on an incident, with a reason",
    description="Return it, so that the centre sends it anew; override: verify it though its sensors still report"
    " danger; dismiss what needs no handling. What its stage doesn't allow is answered with 409.",
    responses=answers(WHOLE, 404, acts=True),
)
async def decide_on_incident(
    store: Reach, now: Now, caller: CallerOf, incident_id: RowId, decision: Decision, because: Because
) -> WholeIncident:
    async with store.writing() as connection:
        await cases.take_steps(connection, [Step(incident_id, decision, caller.actor, now, because.reason)])
        return await whole(connection, incident_id)


@router.post(
    "/appeal",
    summary="Appeal against overtime",
    description="Say for the unit why it was late. Once for each incident; 409 when it was not late.",
    responses=answers({**WHOLE, "overtime": True, "appeal": "pending"}, 404, acts=True),
)
async def appeal_overtime(
    store: Reach, now: Now, caller: CallerOf, incident_id: RowId, because: Because
) -> WholeIncident:
    async with store.writing() as connection:
        await cases.appeal(connection, incident_id, caller.actor, because.reason, now)
        return await whole(connection, incident_id)


@router.post(
    "/appeal/decision",
    summary="Decide on an appeal",
    description="By another person than who appealed. The overtime is exempted or not; it is never deleted.",
    responses=answers({**WHOLE, "overtime": True, "appeal": "granted"}, 404, acts=True),
)
async def decide_appeal(
    store: Reach, now: Now, caller: CallerOf, incident_id: RowId, given: AppealDecision
) -> WholeIncident:
    async with store.writing() as connection:
        await cases.decide_appeal(connection, incident_id, given.granted, caller.actor, given.reason, now)
        return await whole(connection, incident_id)
