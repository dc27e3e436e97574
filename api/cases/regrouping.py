"""Merging and splitting incidents, and the level of the event."""

from fastapi import APIRouter
from pydantic import Field

from alerts import regrouping
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.fields import Note, Reason, RowId, RowRef, Strict
from api.incidents import WHOLE, WholeIncident, whole

router = APIRouter(prefix=f"{PREFIX}/incidents/{{incident_id}}", tags=["incidents"], route_class=GuardedRoute)


class Merging(Strict):
    """Into which incident."""

    into: RowRef = Field(description="Number of the incident that takes over its hazards and reports", examples=[5])
    reason: Note = ""


class Splitting(Strict):
    """Which hazards become an incident of their own."""

    hazard_ids: list[RowRef] = Field(
        min_length=1, max_length=5000, description="Some of its hazards, not all", examples=[[17]]
    )
    reason: Note = ""


class EventLevel(Strict):
    """The level of the event, which is apart from the grade of its hazards."""

    level: int = Field(ge=1, le=4, description="1 特别重大 (I) to 4 一般 (IV)")
    reason: Reason


@router.post(
    "/merge",
    summary="Merge an incident into another",
    description="Its hazards and reports go over and it is closed as merged; the answer is the other incident. 409 when"
    " one of them is closed or a squad was sent to the one that would go.",
    responses=answers(WHOLE, 404, acts=True),
)
async def merge_incident(store: Reach, now: Now, caller: CallerOf, incident_id: RowId, given: Merging) -> WholeIncident:
    async with store.writing() as connection:
        await regrouping.merge(connection, incident_id, given.into, caller.actor, now, given.reason)
        return await whole(connection, given.into)


@router.post(
    "/split",
    status_code=201,
    summary="Split an incident",
    description="Some of its hazards get an incident of their own, begun as reported, which is the answer.",
    responses=answers(WHOLE, 404, acts=True, status=201),
)
async def split_incident(
    store: Reach, now: Now, caller: CallerOf, incident_id: RowId, given: Splitting
) -> WholeIncident:
    async with store.writing() as connection:
        number = await regrouping.split(connection, incident_id, given.hazard_ids, caller.actor, now, given.reason)
        return await whole(connection, number)


@router.post(
    "/event-level",
    summary="Set the level of the event",
    description="By the event law, with a reason; the grade goes on following the sensors.",
    responses=answers({**WHOLE, "event_level": 3}, 404, acts=True),
)
async def set_event_level(
    store: Reach, now: Now, caller: CallerOf, incident_id: RowId, given: EventLevel
) -> WholeIncident:
    async with store.writing() as connection:
        await regrouping.set_event_level(connection, incident_id, given.level, caller.actor, now, given.reason)
        return await whole(connection, incident_id)
