"""Sign in, set a password, sign out: plain forms that work before anything else does."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote

from jinja2 import Environment, FileSystemLoader
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from api.console.door import PREFIX
from api.console.hub import Refused, SessionOver
from api.console.requests import (
    COOKIE,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    inner_path,
    language_chosen,
    origin_of,
    theme_chosen,
)
from api.console.sessions import Session, Sessions
from api.console.texts import FOLDER, N_, Texts, texts_in

SIGN_IN = f"{PREFIX}/sign-in"
PASSWORD = f"{PREFIX}/password"
_YEAR_S = 31_536_000
_CHOICES: Mapping[str, tuple[str, frozenset[str]]] = {
    "language": (LANGUAGE_COOKIE, frozenset({"zh", "en"})),
    "theme": (THEME_COOKIE, frozenset({"auto", "light", "dark"})),
}
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SAYS_WHENCE = {"Referrer-Policy": "same-origin"}
"""Else a browser would not tell of a form which site it stands on."""
_pages = Environment(loader=FileSystemLoader(FOLDER / "templates"), autoescape=True)


def render(template: str, texts: Texts, **values: object) -> str:
    """A template of this folder in one language."""
    return _pages.get_template(template).render(_=texts.gettext, language=texts.language, prefix=PREFIX, **values)


def to_sign_in(target: str) -> RedirectResponse:
    """Ask who it is, and then go on to ``target``."""
    return RedirectResponse(f"{SIGN_IN}?next={quote(target)}", 303)


class Entrance:
    """The routes for who isn't signed in yet."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def routes(self) -> list[BaseRoute]:
        """Paths below the console's own."""
        return [
            Route("/sign-in", self._ask_name, methods=["GET"]),
            Route("/sign-in", self._sign_in, methods=["POST"]),
            Route("/password", self._ask_password, methods=["GET"]),
            Route("/password", self._set_password, methods=["POST"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route("/choose/{what}/{choice}", _choose, methods=["GET"]),
            Mount("/static", _Files(directory=FOLDER / "static")),
        ]

    async def session_of(self, request: HTTPConnection) -> Session | None:
        """Who is signed in at this browser."""
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        return await self._sessions.find(cookie, origin_of(request), language_chosen(request))

    async def _ask_name(self, request: Request) -> Response:
        target = inner_path(request.query_params.get("next", ""))
        if await self.session_of(request) is not None:
            return RedirectResponse(target, 303)
        return _form(request, "sign_in.html", N_("Sign in"), next=target)

    async def _sign_in(self, request: Request) -> Response:
        form = await _fields(request)
        name, target = form.get("name", "").strip().lower(), inner_path(form.get("next", ""))
        try:
            session = await self._sessions.begin(
                name, form.get("password", ""), origin_of(request), language_chosen(request)
            )
        except Refused as refused:
            return _form(
                request,
                "sign_in.html",
                N_("Sign in"),
                status=refused.status,
                fault=str(refused),
                next=target,
                name=name,
            )
        return _entered(request, session, target)

    async def _ask_password(self, request: Request) -> Response:
        target = inner_path(request.query_params.get("next", ""))
        session = await self.session_of(request)
        return to_sign_in(PASSWORD) if session is None else _password_form(request, session, target)

    async def _set_password(self, request: Request) -> Response:
        form = await _fields(request)
        target = inner_path(form.get("next", ""))
        session = await self.session_of(request)
        if session is None:
            return to_sign_in(PASSWORD)
        if form.get("new") != form.get("again"):
            return _password_form(request, session, target, N_("The two new passwords differ: type them again."))
        try:
            await session.post("/auth/password", {"old": form.get("old", ""), "new": form.get("new", "")})
        except SessionOver:
            return to_sign_in(PASSWORD)
        except Refused as refused:
            return _password_form(request, session, target, str(refused), status=refused.status)
        # Every session has ended with the old password; this browser gets another one.
        await self._sessions.forget(session.cookie)
        fresh = await self._sessions.begin(
            session.name, form.get("new", ""), origin_of(request), language_chosen(request)
        )
        return _entered(request, fresh, target)

    async def _sign_out(self, request: Request) -> Response:
        session = await self.session_of(request)
        if session is not None:
            await self._sessions.end(session)
        response = RedirectResponse(SIGN_IN, 303)
        response.delete_cookie(COOKIE, path=PREFIX)
        return response


def _entered(request: Request, session: Session, target: str) -> Response:
    response = RedirectResponse(f"{PASSWORD}?next={quote(target)}" if session.must_change_password else target, 303)
    response.set_cookie(
        COOKIE, session.cookie, path=PREFIX, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return response


def _password_form(request: Request, session: Session, target: str, fault: str = "", *, status: int = 200) -> Response:
    hint = N_("Your one-time password was good for one thing: to choose a password that only you know.")
    return _form(
        request,
        "password.html",
        N_("Choose a password"),
        status=status,
        hint=hint if session.must_change_password else "",
        fault=fault,
        next=target,
        name=session.name,
    )


def _form(
    request: Request, template: str, title: str, *, status: int = 200, hint: str = "", fault: str = "", **fields: str
) -> Response:
    texts = texts_in(language_chosen(request))
    page = render(
        template,
        texts,
        theme=theme_chosen(request),
        title=texts.gettext(title),
        hint=texts.gettext(hint),
        fault=texts.gettext(fault),
        here=f"{request.url.path}?next={quote(fields.get('next', ''))}",
        **{"name": "", **fields},
    )
    return HTMLResponse(page, status, {"Content-Security-Policy": _CSP, **SAYS_WHENCE})


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form, each once."""
    sent = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in sent.items()}


async def _choose(request: Request) -> Response:
    cookie, choices = _CHOICES.get(request.path_params["what"], ("", frozenset()))
    choice = request.path_params["choice"]
    if choice not in choices:
        return Response(status_code=404)
    response = RedirectResponse(inner_path(request.query_params.get("next", "")), 303)
    response.set_cookie(cookie, choice, max_age=_YEAR_S, path=PREFIX, samesite="strict")
    return response


class _Files(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Asked for again each time, and answered with 304 mostly: a new version is there at once."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response
