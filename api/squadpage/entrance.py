"""Ways in and out: name and password, the one-time link of an order, another password, signing out."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Query as InQuery
from fastapi.responses import RedirectResponse

from api.access.caller import address_of, identify
from api.access.sessions import IDLE_FOR, Origin, end_session, log_in, replace_password
from api.address import SQUAD_PAGE
from api.audit.trace import act_for
from api.context import Now, context_of
from api.errors import Forbidden, InvalidValue, TooMany, WrongCredentials
from api.squadpage.pages import show
from api.squadpage.visit import (
    COOKIE,
    OpenForm,
    OpenPageRoute,
    OwnForm,
    PageReach,
    PageRoute,
    VisitorOf,
    fresh_once,
    keep_secret,
    trace_of,
)
from api.squadpage.words import N_
from dispatch.links import SESSION_PREFIX, close_link, new_session, open_link, order_of
from dispatch.tasks import receive
from dispatch.words import Words

_DOOR = "lifeline_door"
_DOOR_LASTS_S = 3600
open_router = APIRouter(prefix=SQUAD_PAGE, route_class=OpenPageRoute, include_in_schema=False)
router = APIRouter(prefix=SQUAD_PAGE, route_class=PageRoute, include_in_schema=False)
_SPENT = N_("This link was used before, or is too old. Sign in, or call the duty office.")


def _inside(address: str) -> str:
    """``address`` when it is one of these pages, else the list of orders."""
    return address if address.startswith(f"{SQUAD_PAGE}/tasks/") and "\\" not in address else SQUAD_PAGE


def _origin(request: Request) -> Origin:
    agent = request.headers.get("user-agent", "").replace("\x00", "")[:200]
    return Origin(address_of(request), agent, request.scope.get("lifeline.request_id", ""))


@open_router.get("/login")
async def sign_in_page(request: Request, back: Annotated[str, InQuery(alias="next")] = SQUAD_PAGE) -> Response:
    return show(request, "login.html", back=_inside(back), name="")


@open_router.post("/login")
async def sign_in(request: Request, store: PageReach, now: Now, form: OpenForm) -> Response:
    context_of(request).throttles.login.take(address_of(request), now)
    name, back = form.text("name")[:64].lower(), _inside(form.text("next"))
    try:
        secret = await _sign_in(request, store, name, form.secret("password"))
    except (WrongCredentials, Forbidden, TooMany) as error:
        status = 429 if isinstance(error, TooMany) else 401
        problem = Words(error.zh, error.en)
        return show(
            request, "login.html", status=status, problem=problem, back=back, name=name, here=f"{SQUAD_PAGE}/login"
        )
    response = RedirectResponse(back, 303)
    keep_secret(request, response, secret)
    return response


async def _sign_in(request: Request, store: PageReach, name: str, password: str) -> str:
    """The secret of a new session; WrongCredentials, TooMany, Forbidden for who isn't of a squad."""
    now = context_of(request).clock()
    tokens = await log_in(store, name, password[:200], _origin(request), now, access_for=IDLE_FOR)
    caller = await identify(store, tokens.access, now)
    if caller.role != "squad":
        assert caller.session_id is not None
        await end_session(store, name, caller.session_id, "logged_out", now)
        raise Forbidden(
            zh="本页面供处置队伍使用；值班人员请用值班台。",
            en="This page is for squads; officers work with the console.",
        )
    return tokens.access


@open_router.get("/link")
async def link_page(request: Request, key: str = "") -> Response:
    """Shows a button: programs that look into messages follow links, but don't press buttons."""
    response = show(request, "link.html", key=key[:100])
    if not request.cookies.get(_DOOR, "").startswith(SESSION_PREFIX):
        keep_secret(request, response, new_session(), _DOOR, _DOOR_LASTS_S)
    return response


@open_router.post("/link")
async def open_by_link(request: Request, store: PageReach, now: Now, form: OpenForm) -> Response:
    context_of(request).throttles.login.take(f"link {address_of(request)}", now)
    door = request.cookies.get(_DOOR, "")
    secret = door if door.startswith(SESSION_PREFIX) else new_session()
    async with store.writing() as connection:
        wanted = await order_of(connection, form.secret("key"))
        opened = None
        if wanted is not None:
            actor = f"squad:{wanted.squad_id}"
            await act_for(connection, trace_of(request, actor, "open_by_link"))
            opened = await open_link(connection, form.secret("key"), secret, now)
            if opened is not None:
                await receive(connection, opened.task_id, actor, now)
    if opened is None:
        return show(request, "message.html", status=410, here=SQUAD_PAGE, text=_SPENT)
    response = RedirectResponse(f"{SQUAD_PAGE}/tasks/{opened.task_id}", 303)
    keep_secret(request, response, secret)
    return response


@router.get("/password")
async def password_page(request: Request, visitor: VisitorOf) -> Response:
    return show(request, "password.html", forced=visitor.caller.must_change_password, once=fresh_once())


@router.post("/password")
async def set_password(request: Request, store: PageReach, now: Now, visitor: VisitorOf, form: OwnForm) -> Response:
    if visitor.only_task is not None:
        raise Forbidden(zh="由链接打开的页面没有密码。", en="Who came by a link has no password.")
    context_of(request).throttles.login.take(visitor.caller.actor, now)
    try:
        await replace_password(store, visitor.caller, form.secret("old")[:200], form.secret("new")[:200], now)
    except (WrongCredentials, InvalidValue) as error:
        forced = visitor.caller.must_change_password
        problem = Words(error.zh, error.en)
        return show(request, "password.html", status=422, problem=problem, forced=forced, once=fresh_once())
    response = RedirectResponse(SQUAD_PAGE, 303)
    keep_secret(request, response, await _sign_in(request, store, visitor.caller.name, form.secret("new")))
    return response


@router.post("/logout")
async def sign_out(request: Request, store: PageReach, now: Now, visitor: VisitorOf, _form: OwnForm) -> Response:
    if visitor.caller.session_id is not None:
        await end_session(store, visitor.caller.name, visitor.caller.session_id, "logged_out", now)
    else:
        async with store.writing() as connection:
            await close_link(connection, visitor.secret, now)
    response = RedirectResponse(f"{SQUAD_PAGE}/login", 303)
    for name in (COOKIE, _DOOR):
        response.delete_cookie(name, path=SQUAD_PAGE)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
