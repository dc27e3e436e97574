"""What officers say of an incident: acknowledged, commented."""

from fastapi import APIRouter

from alerts import remarks
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.fields import Because, Remark, RowId
from api.incidents import WHOLE, WholeIncident, check_incident, whole

router = APIRouter(prefix=f"{PREFIX}/incidents/{{incident_id}}", tags=["incidents"], route_class=GuardedRoute)


@router.post(
    "/acknowledge",
    summary="Acknowledge an incident",
    description="An officer has taken note of all of its open hazards, which silences its alarm. Who acknowledged one"
    " before stays; repeating it changes nothing.",
    responses=answers(WHOLE, 404, acts=True),
)
async def acknowledge_incident(
    store: Reach, now: Now, caller: CallerOf, incident_id: RowId, remark: Remark | None = None
) -> WholeIncident:
    async with store.writing() as connection:
        await check_incident(connection, incident_id)
        await remarks.acknowledge(connection, incident_id, caller.actor, now, remark.note if remark else "")
        return await whole(connection, incident_id)


@router.post(
    "/comment",
    summary="Comment on an incident",
    description="Keeps a remark with it, whether it is open or closed.",
    responses=answers(WHOLE, 404, acts=True),
)
async def comment_incident(
    store: Reach, now: Now, caller: CallerOf, incident_id: RowId, because: Because
) -> WholeIncident:
    async with store.writing() as connection:
        await check_incident(connection, incident_id)
        await remarks.comment(connection, incident_id, caller.actor, now, because.reason)
        return await whole(connection, incident_id)
