"""What officers say of a hazard: acknowledged, commented, checked on site, a false alarm, over."""

from fastapi import APIRouter

from alerts import register
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.fields import Because, Remark, RowId
from api.hazards import WHOLE, HazardWithEvents, whole

router = APIRouter(prefix=f"{PREFIX}/hazards/{{hazard_id}}", tags=["hazards"], route_class=GuardedRoute)
_ACKNOWLEDGED = {**WHOLE, "acknowledged_at": "2026-05-01T08:02:00Z", "acknowledged_by": "key:duty"}
_CHECKED = {**WHOLE, "checked_at": "2026-05-01T08:40:00Z"}


@router.post(
    "/acknowledge",
    summary="Acknowledge a hazard",
    description="An officer has taken note of it. The first acknowledgement stays: repeating it changes nothing and"
    " answers the same. A hazard that has cleared can still be acknowledged.",
    responses=answers(_ACKNOWLEDGED, 404, acts=True),
)
async def acknowledge_hazard(
    store: Reach, now: Now, caller: CallerOf, hazard_id: RowId, remark: Remark | None = None
) -> HazardWithEvents:
    note = remark.note if remark else ""
    async with store.writing() as connection:
        await register.acknowledge(connection, hazard_id, caller.actor, now, note)
        return await whole(connection, hazard_id, now)


@router.post(
    "/comment",
    summary="Comment on a hazard",
    description="Keeps a remark with it, whether it is open or cleared.",
    responses=answers(WHOLE, 404, acts=True),
)
async def comment_hazard(
    store: Reach, now: Now, caller: CallerOf, hazard_id: RowId, because: Because
) -> HazardWithEvents:
    async with store.writing() as connection:
        await register.comment(connection, hazard_id, caller.actor, now, because.reason)
        return await whole(connection, hazard_id, now)


@router.post(
    "/check",
    summary="Found harmless on site",
    description="Frees the latch of an open hazard; the engine clears it when its sensor agrees. Repeating it, or"
    " checking a cleared one, changes nothing.",
    responses=answers(_CHECKED, 404, acts=True),
)
async def check_hazard(
    store: Reach, now: Now, caller: CallerOf, hazard_id: RowId, remark: Remark | None = None
) -> HazardWithEvents:
    async with store.writing() as connection:
        await register.check(connection, hazard_id, caller.actor, now, remark.note if remark else "")
        return await whole(connection, hazard_id, now)


@router.post(
    "/false-alarm",
    summary="Call a hazard a false alarm",
    description="There was no danger. It counts apart and frees the latch, and clears nothing by itself.",
    responses=answers(_CHECKED, 404, acts=True),
)
async def call_false_alarm(
    store: Reach, now: Now, caller: CallerOf, hazard_id: RowId, because: Because
) -> HazardWithEvents:
    async with store.writing() as connection:
        await register.call_false_alarm(connection, hazard_id, caller.actor, now, because.reason)
        return await whole(connection, hazard_id, now)


@router.post(
    "/clear",
    summary="Clear a hazard by hand",
    description="The engine clears it within seconds; while its sensor goes on saying that it is bad, it is raised"
    " again after the re-alarm time of its rule. Repeating it, or clearing a cleared one, changes nothing.",
    responses=answers(WHOLE, 404, acts=True),
)
async def clear_hazard(
    store: Reach, now: Now, caller: CallerOf, hazard_id: RowId, because: Because
) -> HazardWithEvents:
    async with store.writing() as connection:
        await register.dismiss(connection, hazard_id, caller.actor, now, because.reason)
        return await whole(connection, hazard_id, now)
