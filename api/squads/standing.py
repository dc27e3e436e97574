"""What changes about a squad while it is on duty: whether it can go, and where it is."""

from dataclasses import replace

from fastapi import APIRouter, Response

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.fields import Because, Position, SquadId
from api.squads.register import EXAMPLE, Squad, check_squad, show
from dispatch.sightings import Sighting, see
from dispatch.squads import set_service

router = APIRouter(prefix=f"{PREFIX}/squads", tags=["squads"], route_class=GuardedRoute)
_OUT = {**EXAMPLE, "standing": "out_of_service", "out_since": "2026-05-01T08:00:00Z", "out_reason": "车辆故障"}


@router.post(
    "/{squad_id}/out-of-service",
    summary="Take a squad out of service",
    description="With the reason: no vehicle, say. What it hadn't begun goes to others. By its own member, or an"
    " officer for them.",
    responses=answers(_OUT, 404, acts=True),
)
async def take_squad_out(
    store: Reach, now: Now, caller: CallerOf, squad_id: SquadId, because: Because, response: Response
) -> Squad:
    async with store.writing() as connection:
        await check_squad(connection, squad_id, caller)
        await set_service(connection, squad_id, because.reason, now)
        return await show(connection, squad_id, caller, now, response)


@router.post(
    "/{squad_id}/in-service",
    summary="Put a squad back into service",
    description="It can be sent again. By its own member, or an officer for them.",
    responses=answers({**EXAMPLE, "standing": "available", "open_tasks": []}, 404),
)
async def put_squad_back(store: Reach, now: Now, caller: CallerOf, squad_id: SquadId, response: Response) -> Squad:
    async with store.writing() as connection:
        await check_squad(connection, squad_id, caller)
        await set_service(connection, squad_id, None, now)
        return await show(connection, squad_id, caller, now, response)


@router.post(
    "/{squad_id}/position",
    summary="Say where a squad is",
    description="Counts for 10 min when squads are chosen by their expected arrival; WGS 84.",
    responses=answers(EXAMPLE, 404, body=True),
)
async def place_squad(
    store: Reach, now: Now, caller: CallerOf, squad_id: SquadId, where: Position, response: Response
) -> Squad:
    if caller.role == "squad":  # what a device tells every minute isn't a change to keep for years
        store = replace(store, trace=None)
    async with store.writing() as connection:
        await check_squad(connection, squad_id, caller)
        await see(connection, [Sighting(squad_id, where.longitude, where.latitude, now)], now)
        return await show(connection, squad_id, caller, now, response)
