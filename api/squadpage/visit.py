"""Who looks at a page: signed in with an account of the role squad, or let in by the link of one order.

Both have a cookie with a random secret that scripts can't read. A form is taken only from a page of ours: it comes from
our own origin, and holds a word made of the secret, which nobody else can know.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.access.caller import Caller, address_of, identify
from api.address import SQUAD_PAGE
from api.audit.trace import Trace
from api.context import context_of
from api.errors import AlreadyDone, ApiError, Forbidden, Unauthenticated
from api.squadpage.refusal import refuse
from api.store import Once, Store
from dispatch.links import SESSION_PREFIX, opened_by
from dispatch.steps import TransitionError

COOKIE = "lifeline_squad"
LASTS_S = 12 * 3600  # a shift
_ONCE_CHARACTERS = 64
_MOST_DIGITS = 18  # of what the database can count
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks; ``only_task`` is the one order that a link lets in to, None with an account."""

    caller: Caller
    secret: str
    only_task: int | None = None

    @property
    def squad_id(self) -> str:
        """Their squad."""
        assert self.caller.squad_id is not None
        return self.caller.squad_id

    @property
    def word(self) -> str:
        """What a form of theirs must hold."""
        return hashlib.sha256(f"form {self.secret}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Form:
    """What a form holds."""

    fields: FormData

    def text(self, name: str) -> str:
        """A field's text with line ends as written here, without control characters; empty when it isn't there."""
        value = self.fields.get(name)
        lines = value.replace("\r\n", "\n") if isinstance(value, str) else ""
        return "".join(sign for sign in lines if sign >= " " or sign in "\n\t").strip()

    def secret(self, name: str) -> str:
        """A field's text as it is."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and "\0" not in value else ""

    def numbers(self, name: str) -> list[int]:
        """The whole numbers among a field's values, without those that are too large for anything."""
        values = (value for value in self.fields.getlist(name) if isinstance(value, str))
        return [int(value) for value in values if value.isdecimal() and len(value) <= _MOST_DIGITS]

    def file(self, name: str) -> UploadFile | None:
        """An uploaded file; None when none was chosen."""
        value = self.fields.get(name)
        return value if isinstance(value, UploadFile) and value.size else None


class PageRoute(APIRoute):
    """A page for who is signed in; others are led to the sign-in. Errors become pages as well."""

    signed_in = True
    with_one_time_password = frozenset({"password_page", "set_password", "sign_out"})

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def paged(request: Request) -> Response:
            try:
                return await self._answer(request, handle)
            except AlreadyDone:  # a form that was sent before: what it says is done
                return RedirectResponse(home_of(request), 303)
            except (ApiError, TransitionError, RequestValidationError, HTTPException) as error:
                return await refuse(request, error)

        return paged

    async def _answer(self, request: Request, handle: Handler) -> Response:
        if request.method == "POST" and not _from_us(request):
            raise Forbidden(
                zh="这个表单不是从本页面发出的，未作任何记录。",
                en="This form isn't from this page; nothing was recorded.",
            )
        context, visitor = context_of(request), await _visitor(request)
        request.state.visitor = visitor
        if visitor is None:
            if self.signed_in:
                return _to_sign_in(request)
            return await handle(request)
        request.state.caller = visitor.caller
        context.throttles.caller.take(visitor.caller.actor, context.clock())
        request.state.trace = trace_of(request, visitor.caller.actor, self.name)
        if self.signed_in and visitor.caller.must_change_password and self.name not in self.with_one_time_password:
            return RedirectResponse(f"{SQUAD_PAGE}/password", 303)
        if not (self.signed_in and request.method == "POST"):
            return await handle(request)
        try:
            await _take_form(request, visitor)
            return await handle(request)
        finally:
            await request.close()  # files that came with the form


class OpenPageRoute(PageRoute):
    """A page for everybody."""

    signed_in = False


def trace_of(request: Request, actor: str, action: str) -> Trace:
    """What is recorded of a change that this request makes."""
    request_id = request.scope.get("lifeline.request_id", "")
    return Trace(context_of(request).clock(), actor, "squad", address_of(request), request_id, action)


def home_of(request: Request) -> str:
    """Where to go after a form: to the order that it was about, else to the list."""
    task_id = request.path_params.get("task_id")
    return f"{SQUAD_PAGE}/tasks/{task_id}" if task_id else SQUAD_PAGE


def keep_secret(request: Request, response: Response, secret: str, name: str = COOKIE, lasts_s: int = LASTS_S) -> None:
    """Have the browser keep a secret that scripts can't read and other sites can't send along with forms."""
    context = context_of(request)
    over_tls = request.url.scheme == "https" or context.issuer.public_url.startswith("https:")
    response.set_cookie(name, secret, max_age=lasts_s, path=SQUAD_PAGE, secure=over_tls, httponly=True, samesite="lax")


async def _visitor(request: Request) -> Visitor | None:
    secret = request.cookies.get(COOKIE)
    if not secret:
        return None
    context = context_of(request)
    now = context.clock()
    try:
        if not secret.startswith(SESSION_PREFIX):
            caller = await identify(context.store, secret, now)
            return Visitor(caller, secret) if caller.role == "squad" else None
    except Unauthenticated:
        context.throttles.refused.take(address_of(request), now)
        return None
    async with context.store.reading() as connection:
        opened = await opened_by(connection, secret, now)
    if opened is None:
        context.throttles.refused.take(address_of(request), now)
        return None
    return Visitor(Caller("squad", opened.squad_id, "squad", opened.squad_id), secret, opened.task_id)


def _from_us(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    own = {request.headers.get("host"), urlsplit(context_of(request).issuer.public_url).netloc}
    return urlsplit(origin).netloc in own


def _to_sign_in(request: Request) -> Response:
    back = request.url.path if request.method == "GET" else home_of(request)
    return RedirectResponse(f"{SQUAD_PAGE}/login?{urlencode({'next': back})}", 303)


async def _visitor_of(request: Request) -> Visitor:
    visitor: Visitor | None = request.state.visitor
    if visitor is None:  # routes that ask for it are those of PageRoute
        raise Unauthenticated
    return visitor


async def _form_of(request: Request) -> Form:
    return Form(await request.form(max_files=1, max_fields=100))


async def _own_form_of(request: Request) -> Form:
    form: Form = request.state.form
    return form


async def _take_form(request: Request, visitor: Visitor) -> None:
    """Read a form of this visitor's; who sends it again, as after a lost answer, is not heard twice."""
    form = await _form_of(request)
    if not hmac.compare_digest(form.secret("word").encode(), visitor.word.encode()):
        raise Forbidden(
            zh="页面已过期，未作任何记录。请刷新后重试。",
            en="This page is out of date; nothing was recorded. Reload and try again.",
        )
    said = hashlib.sha256(f"{request.url.path} {form.secret('once')}".encode())
    for name, value in form.fields.multi_items():
        said.update(f"\0{name}\0".encode())
        said.update(value.encode() if isinstance(value, str) else await _content(value))
    key = said.hexdigest()[:_ONCE_CHARACTERS]
    request.state.form = form
    request.state.once = Once(visitor.caller.actor, key, said.digest(), context_of(request).clock())


async def _content(file: UploadFile) -> bytes:
    content = await file.read()
    await file.seek(0)
    return content


async def _store_of(request: Request) -> Store:
    state = request.state
    return replace(
        context_of(request).store,
        trace=getattr(state, "trace", None),
        once=getattr(state, "once", None),
        with_drills=True,
    )


def fresh_once() -> str:
    """A word that tells a form that is sent again from another one."""
    return secrets.token_urlsafe(12)


VisitorOf = Annotated[Visitor, Depends(_visitor_of)]
OpenForm = Annotated[Form, Depends(_form_of)]
OwnForm = Annotated[Form, Depends(_own_form_of)]
PageReach = Annotated[Store, Depends(_store_of)]
