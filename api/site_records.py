"""What squads recorded on site, for officers to read: ticked checklist, notes, photos."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Reach
from api.errors import NotFound
from api.fields import Bilingual, Position, RowId, YesNo, position
from api.tasks import check_task
from dispatch.site import Taken, photo_image, site_record

router = APIRouter(prefix=f"{PREFIX}/tasks/{{task_id}}/site", tags=["tasks"], route_class=GuardedRoute)


class ChecklistItem(BaseModel):
    """An item of the order's checklist."""

    text: Bilingual
    ticked_at: datetime | None = Field(description="Null while it isn't ticked")
    ticked_by: str | None


class SiteNote(BaseModel):
    """A remark from the site."""

    at: datetime
    actor: str = Field(description="user:NAME, or squad:NAME for who opened the order's link")
    text: str


class SitePhoto(BaseModel):
    """A photo; its image is at /tasks/{task_id}/site/photos/{photo_id}."""

    photo_id: int
    at: datetime = Field(description="When it came in")
    actor: str
    width: int = Field(json_schema_extra={"x-unit": "px"})
    height: int = Field(json_schema_extra={"x-unit": "px"})
    taken_at: datetime | None = Field(description="By the camera's clock; null when it doesn't say")
    position: Position | None = Field(description="As the camera noted it; null when it didn't")
    distance_m: int | None = Field(
        description="From the incident to where it was taken, as far as both are known",
        json_schema_extra={"x-unit": "m"},
    )


class SiteRecord(BaseModel):
    """All that a squad recorded for a task."""

    checklist: list[ChecklistItem]
    notes: list[SiteNote]
    photos: list[SitePhoto]


_EXAMPLE: dict[str, Any] = {
    "checklist": [
        {
            "text": {"zh": "警戒半径50米，撤离人员", "en": "cordon off 50 m and move people out"},
            "ticked_at": "2026-05-01T08:20:00Z",
            "ticked_by": "user:chen",
        }
    ],
    "notes": [{"at": "2026-05-01T08:21:00Z", "actor": "user:chen", "text": "阀门已关"}],
    "photos": [
        {
            "photo_id": 3,
            "at": "2026-05-01T08:22:00Z",
            "actor": "user:chen",
            "width": 1600,
            "height": 1200,
            "taken_at": "2026-05-01T08:21:40Z",
            "position": {"longitude": 112.4406, "latitude": 23.6346},
            "distance_m": 12,
        }
    ],
}
_IMAGE = {
    **answers(None, 404),
    200: {"description": "The photo", "content": {"image/jpeg": {"schema": {"type": "string"}}}},
}


@router.get(
    "",
    summary="What the squad recorded on site",
    description="The order's checklist as far as it is ticked, notes, and the photos that there are. A squad's member"
    " sees those of their squad's tasks only.",
    responses=answers(_EXAMPLE, 404),
)
async def show_site_record(store: Reach, caller: CallerOf, task_id: RowId) -> SiteRecord:
    async with store.reading() as connection:
        await check_task(connection, task_id, caller)
        record = await site_record(connection, task_id)
    return SiteRecord(
        checklist=[
            ChecklistItem(text=Bilingual(zh=item.text.zh, en=item.text.en), ticked_at=item.at, ticked_by=item.actor)
            for item in record.checklist
        ],
        notes=[SiteNote(at=note.at, actor=note.actor, text=note.text) for note in record.notes],
        photos=[_photo(taken) for taken in record.photos],
    )


def _photo(taken: Taken) -> SitePhoto:
    return SitePhoto(
        photo_id=taken.photo_id,
        at=taken.at,
        actor=taken.actor,
        width=taken.width,
        height=taken.height,
        taken_at=taken.taken_at,
        position=position(taken.longitude, taken.latitude),
        distance_m=taken.distance_m,
    )


@router.get(
    "/photos/{photo_id}",
    summary="A photo",
    description="JPEG, at most 1600 pixels wide and high, or 240 when it is asked for small.",
    response_class=Response,
    responses=_IMAGE,
)
async def show_site_photo(
    store: Reach,
    caller: CallerOf,
    task_id: RowId,
    photo_id: RowId,
    small: Annotated[YesNo, Query(description="At most 240 pixels wide and high")] = False,
) -> Response:
    async with store.reading() as connection:
        await check_task(connection, task_id, caller)
        image = await photo_image(connection, task_id, photo_id, small=small)
    if image is None:
        raise NotFound(
            zh=f"任务 {task_id} 没有编号为 {photo_id} 的照片；全部见 /api/v1/tasks/{task_id}/site。",
            en=f"Task {task_id} has no photo {photo_id}; /api/v1/tasks/{task_id}/site lists them.",
        )
    return Response(image, media_type="image/jpeg")
