"""The orders of a squad, and what it does about them. What is possible is decided in ``dispatch``, not here."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from api.address import SQUAD_PAGE
from api.context import Now
from api.fields import RowId, RowRef
from api.squadpage.orders import Order, frame_of, order_of, orders_of, state_of, unknown_order
from api.squadpage.pages import show
from api.squadpage.visit import OwnForm, PageReach, PageRoute, Visitor, VisitorOf, fresh_once, home_of
from api.squadpage.words import N_
from api.store import Store
from database.pool import Connection
from dispatch import permits
from dispatch.steps import Action, TransitionError
from dispatch.tasks import advance

router = APIRouter(prefix=SQUAD_PAGE, route_class=PageRoute, include_in_schema=False)
MOST_CHARACTERS = 500
_NEED_REASON: tuple[Action, ...] = ("refuse", "fail")
_OVERTAKEN = N_("That isn't possible any more. The order now stands like this: {status}.")
_REASON_WANTED = N_("Say why: the duty office has to know it. Nothing was recorded.")
_TOO_LONG = N_("At most 500 characters, please. Nothing was recorded.")


async def own_order(connection: Connection, visitor: Visitor, task_id: int, now: datetime) -> Order:
    """An order that this visitor may know of; NotFound."""
    if visitor.only_task not in (None, task_id):
        raise unknown_order()
    return await order_of(connection, task_id, visitor.squad_id, now)


async def order_page(
    request: Request,
    store: Store,
    visitor: Visitor,
    task_id: int,
    now: datetime,
    *,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    """The page of an order as it stands, with what went wrong on top."""
    async with store.reading() as connection:
        order = await own_order(connection, visitor, task_id, now)
        frame = await frame_of(connection, visitor.squad_id, now)
        state = await state_of(connection, visitor.squad_id, task_id)
    return show(
        request,
        "order.html",
        status=status,
        here=home_of(request),
        frame=frame,
        order=order,
        state=state,
        problem=problem,
        once=fresh_once(),
    )


@router.get("")
@router.get("/")
async def list_orders(request: Request, store: PageReach, now: Now, visitor: VisitorOf) -> Response:
    async with store.reading() as connection:
        orders = await orders_of(connection, visitor.squad_id, now, only=visitor.only_task)
        frame = await frame_of(connection, visitor.squad_id, now)
        state = await state_of(connection, visitor.squad_id, visitor.only_task)
    return show(request, "orders.html", here=SQUAD_PAGE, frame=frame, orders=orders, state=state, once=fresh_once())


@router.get("/state")
async def show_state(store: PageReach, visitor: VisitorOf, task: RowRef | None = None) -> Response:
    """A word that changes with what is shown, for the script that looks whether it has."""
    async with store.reading() as connection:
        state = await state_of(connection, visitor.squad_id, visitor.only_task or task)
    return PlainTextResponse(state, headers={"Cache-Control": "no-store"})


@router.get("/tasks/{task_id}")
async def show_order(request: Request, store: PageReach, now: Now, visitor: VisitorOf, task_id: RowId) -> Response:
    return await order_page(request, store, visitor, task_id, now)


@router.post("/tasks/{task_id}/steps/{action}")
async def take_step(
    request: Request, store: PageReach, now: Now, visitor: VisitorOf, form: OwnForm, task_id: RowId, action: Action
) -> Response:
    if action in ("cancel", "check"):
        raise unknown_order()  # those are an officer's
    note, problem = form.text("note"), None
    if action in _NEED_REASON and not note:
        problem = _REASON_WANTED
    elif len(note) > MOST_CHARACTERS:
        problem = _TOO_LONG
    if problem is not None:
        return await order_page(request, store, visitor, task_id, now, problem=problem, status=422)
    try:
        async with store.writing() as connection:
            await own_order(connection, visitor, task_id, now)
            await advance(connection, task_id, action, visitor.caller.actor, now, note=note)
    except TransitionError:
        return await order_page(request, store, visitor, task_id, now, problem=_OVERTAKEN, status=409)
    return RedirectResponse(home_of(request), 303)


@router.get("/tasks/{task_id}/permit")
async def show_permit(request: Request, store: PageReach, now: Now, visitor: VisitorOf, task_id: RowId) -> Response:
    async with store.reading() as connection:
        order = await own_order(connection, visitor, task_id, now)
        frame = await frame_of(connection, visitor.squad_id, now)
    return show(request, "permit.html", frame=frame, order=order, once=fresh_once())


@router.post("/tasks/{task_id}/permit")
async def ask_permit(
    request: Request, store: PageReach, now: Now, visitor: VisitorOf, _form: OwnForm, task_id: RowId
) -> Response:
    try:
        async with store.writing() as connection:
            await own_order(connection, visitor, task_id, now)
            await permits.ask(connection, task_id, visitor.caller.actor, now)
    except TransitionError:
        return await order_page(request, store, visitor, task_id, now, problem=_OVERTAKEN, status=409)
    return RedirectResponse(f"{home_of(request)}/permit", 303)
