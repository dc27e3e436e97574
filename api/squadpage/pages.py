"""Pages from templates, in the language of who reads them."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.grades import grade_of
from api.address import SQUAD_PAGE
from api.catalogue import catalogue
from api.context import context_of
from api.languages import Language, language_of
from api.squadpage import words
from api.squadpage.assets import VERSION
from dispatch.squads import LOCAL
from dispatch.words import Words

FOLDER = Path(__file__).parent
_COOKIE = "lifeline_language"
_COOKIE_LASTS_S = 365 * 86_400
_HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Cookie, Accept-Language",
    # Forms name their origin only where the referrer may be sent to it.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=()",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
}


def language_for(request: Request) -> Language:
    """As the address asks, else as was chosen before, else as the browser prefers; Chinese where nothing says."""
    for asked in (request.query_params.get("lang"), request.cookies.get(_COOKIE)):
        if asked in ("zh", "en"):
            return "zh" if asked == "zh" else "en"
    accepted = request.headers.get("accept-language")
    return language_of(accepted) if accepted else "zh"


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    texts = catalogue(FOLDER, language)
    environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["say"] = lambda said: (
        getattr(said, language) if isinstance(said, Words) else texts.gettext(said)
    )
    environment.filters["local"] = _local
    environment.filters["grade"] = lambda number: _grade(number, language)
    environment.globals.update(
        statuses=words.STATUS, events=words.EVENTS, labels=words.ACTIONS, signs=words.SIGNS, gases=words.GASES
    )
    return environment


def _local(at: datetime, form: Literal["minute", "second"] = "minute") -> str:
    return at.astimezone(LOCAL).strftime("%m-%d %H:%M:%S" if form == "second" else "%m-%d %H:%M")


def _grade(number: int, language: Language) -> str:
    grade = grade_of(5 - number)
    return f"{grade.zh} {grade.numeral}" if language == "zh" else f"{grade.colour.capitalize()} {grade.numeral}"


def show(request: Request, template: str, *, status: int = 200, here: str | None = None, **values: Any) -> Response:
    """The page of ``template``. ``here`` is where the other language is switched to, this address by itself."""
    language = language_for(request)
    visitor = getattr(request.state, "visitor", None)
    text = (
        _environment(language)
        .get_template(template)
        .render(
            {
                "language": language,
                "here": here or request.url.path,
                "visitor": visitor,
                "now": context_of(request).clock(),
                "version": VERSION,
                "frame": None,
                "problem": None,
                **values,
            }
        )
    )
    response = Response(text, status, {**_HEADERS, "Content-Language": language}, "text/html; charset=utf-8")
    if request.query_params.get("lang") in ("zh", "en"):
        response.set_cookie(_COOKIE, language, max_age=_COOKIE_LASTS_S, path=SQUAD_PAGE, samesite="lax")
    return response
