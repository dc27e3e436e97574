"""What a squad records on site: notes, the checklist, photos, and where it is."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.address import SQUAD_PAGE
from api.context import Now
from api.errors import NotFound
from api.fields import RowId
from api.squadpage.visit import OwnForm, PageReach, PageRoute, VisitorOf, home_of
from api.squadpage.words import N_
from api.squadpage.work import MOST_CHARACTERS, order_page, own_order
from dispatch.photos import PhotoError, read_photo
from dispatch.sightings import Sighting, see
from dispatch.site import SiteError, add_note, add_photo, photo_image, tick

router = APIRouter(prefix=SQUAD_PAGE, route_class=PageRoute, include_in_schema=False)
_BESIDE = ThreadPoolExecutor(1, thread_name_prefix="photos")  # each takes memory, and a second of processor time
_NO_TEXT = N_("Write the note first: between 1 and 500 characters. Nothing was recorded.")
_NO_PHOTO = N_("Choose a photo first (JPEG, PNG or WebP, up to 12 MB). Nothing was recorded.")
_TOO_MANY = N_("This order has as many photos as it can hold. Nothing was recorded.")


@router.post("/tasks/{task_id}/notes")
async def note_on_site(
    request: Request, store: PageReach, now: Now, visitor: VisitorOf, form: OwnForm, task_id: RowId
) -> Response:
    text = form.text("note")
    if not 0 < len(text) <= MOST_CHARACTERS:
        return await order_page(request, store, visitor, task_id, now, problem=_NO_TEXT, status=422)
    async with store.writing() as connection:
        await own_order(connection, visitor, task_id, now)
        await add_note(connection, task_id, visitor.caller.actor, text, now)
    return RedirectResponse(f"{home_of(request)}#notes", 303)


@router.post("/tasks/{task_id}/checklist")
async def tick_checklist(
    request: Request, store: PageReach, now: Now, visitor: VisitorOf, form: OwnForm, task_id: RowId
) -> Response:
    async with store.writing() as connection:
        await own_order(connection, visitor, task_id, now)
        await tick(connection, task_id, visitor.caller.actor, form.numbers("item"), now)
    return RedirectResponse(f"{home_of(request)}#checklist", 303)


@router.post("/tasks/{task_id}/photos")
async def photo_on_site(
    request: Request, store: PageReach, now: Now, visitor: VisitorOf, form: OwnForm, task_id: RowId
) -> Response:
    file = form.file("photo")
    async with store.reading() as connection:
        await own_order(connection, visitor, task_id, now)
    try:
        if file is None:
            raise PhotoError("no file was chosen")
        photo = await asyncio.get_running_loop().run_in_executor(_BESIDE, read_photo, await file.read())
        async with store.writing() as connection:
            await add_photo(connection, task_id, visitor.caller.actor, photo, now)
    except PhotoError:
        return await order_page(request, store, visitor, task_id, now, problem=_NO_PHOTO, status=422)
    except SiteError:
        return await order_page(request, store, visitor, task_id, now, problem=_TOO_MANY, status=409)
    return RedirectResponse(f"{home_of(request)}#photos", 303)


@router.get("/tasks/{task_id}/photos/{photo_id}")
async def show_photo(
    store: PageReach, now: Now, visitor: VisitorOf, task_id: RowId, photo_id: RowId, small: bool = False
) -> Response:
    async with store.reading() as connection:
        await own_order(connection, visitor, task_id, now)
        image = await photo_image(connection, task_id, photo_id, small=small)
    if image is None:
        raise NotFound(zh="没有这张照片。", en="There is no such photo.")
    # A photo never changes, but what a phone keeps of it outlives the session.
    return Response(image, headers={"Cache-Control": "private, max-age=3600"}, media_type="image/jpeg")


@router.post("/position")
async def share_position(store: PageReach, now: Now, visitor: VisitorOf, form: OwnForm) -> Response:
    try:
        longitude, latitude = float(form.text("longitude")), float(form.text("latitude"))
    except ValueError:
        return Response(status_code=422)
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        return Response(status_code=422)
    # Where somebody is every minute isn't a change to keep for years.
    async with replace(store, trace=None, once=None).writing() as connection:
        await see(connection, [Sighting(visitor.squad_id, longitude, latitude, now)], now)
    return Response(status_code=204)
