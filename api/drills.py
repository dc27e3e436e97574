"""Drills that can be held, and starting one on this hub with real squads and real clocks."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import DrillStage
from api.errors import NotFound
from api.stage import Drill, DrillStart

router = APIRouter(prefix=f"{PREFIX}/drills", tags=["exercises"], route_class=GuardedRoute)
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="The drill's name")]


class Drills(BaseModel):
    """All that there are."""

    items: list[Drill]


class Started(BaseModel):
    """It is being prepared; its exercise is in the list within seconds."""

    drill: str


_DRILL = {
    "name": "gas-leak-well-chain",
    "title": {"zh": "窨井链燃气泄漏", "en": "Gas leak in a chain of wells"},
    "duration_s": 3600,
    "wanted": 9,
}


@router.get(
    "",
    summary="Drills",
    description="The scripts that can be played, by name. Empty where this process can't hold any.",
    responses=answers({"items": [_DRILL]}),
)
async def list_drills(stage: DrillStage, _caller: CallerOf) -> Drills:
    return Drills(items=[] if stage is None else list(stage.drills()))


@router.post(
    "/{name}/start",
    status_code=202,
    summary="Hold a drill live",
    description="On twins of real sensors, with real squads by the real clock. Its exercise is in `/exercises` within"
    " seconds, and there it is paused, resumed and ended; its report is there once it is over.",
    responses=answers({"drill": "gas-leak-well-chain"}, 404, acts=True, status=202),
)
async def start_drill(stage: DrillStage, _caller: CallerOf, name: Name, start: DrillStart) -> Started:
    if stage is None or name not in {drill.name for drill in stage.drills()}:
        raise NotFound(
            zh=f"没有名为 {name} 的演练；全部见 /api/v1/drills。",
            en=f"There is no drill {name}; /api/v1/drills lists them.",
        )
    await stage.start(name, start)
    return Started(drill=name)
