"""The public page: current warnings and the map of flooded roads. No key, no script, no cookie."""

import hashlib
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import Field

from alerts.grades import grade_of
from api.access.caller import address_of
from api.catalogue import catalogue
from api.context import Issuing, Now, Reach, context_of
from api.fields import Asked, Maybe
from api.languages import Language, language_of
from api.publicpage.roads import road_map
from api.warnings.cap import LOCAL
from api.warnings.public import content_of, shown_warnings

_FOLDER = Path(__file__).parent
_KEPT_FOR = timedelta(seconds=10)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_HEADERS = {"Cache-Control": "public, max-age=15", "Vary": "Accept-Language", "Content-Security-Policy": _POLICY}
router = APIRouter(prefix="/public", tags=["public"])


class PublicLanguage(Asked):
    """Which language."""

    lang: Maybe[Language] = Field(None, description="Else by Accept-Language", examples=["zh"])


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(catalogue(_FOLDER, language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["say"] = lambda said: getattr(said, language)
    environment.filters["local"] = lambda at: at.astimezone(LOCAL).strftime("%m-%d %H:%M")
    environment.filters["grade"] = lambda number: _grade(number, language)
    return environment


def _grade(number: int, language: Language) -> str:
    grade = grade_of(5 - number)
    return f"{grade.zh} {grade.numeral}" if language == "zh" else f"{grade.colour.capitalize()} {grade.numeral}"


@router.get(
    "",
    summary="The public page",
    description="HTML in one language: warnings that are in force, and a map of roads where water stands, by the latest"
    " depths and the limits in force. Nothing of a drill.",
    response_class=Response,
    responses={**content_of("text/html"), 304: {"description": "It is as it was: If-None-Match names its ETag"}},
)
async def show_public_overview(
    request: Request, store: Reach, now: Now, issuer: Issuing, which: Annotated[PublicLanguage, Query()]
) -> Response:
    context = context_of(request)
    context.throttles.public.take(address_of(request), now)
    accepted = request.headers.get("accept-language")
    language = which.lang or (language_of(accepted) if accepted else "zh")
    kept = context.public_pages
    async with kept.one_by_one:
        found = kept.pages.get(language)
        if found is None or not timedelta(0) <= now - found[0] < _KEPT_FOR:
            warnings = [warning for warning, is_over in await shown_warnings(store, now) if not is_over]
            async with store.reading() as connection:
                roads = await road_map(connection, now)
            template = _environment(language).get_template("roads.html")
            page = template.render(language=language, issuer=issuer, warnings=warnings, roads=roads, now=now).encode()
            found = kept.pages[language] = (now, page)
    tag = f'"{hashlib.sha256(found[1]).hexdigest()[:24]}"'
    headers = {**_HEADERS, "ETag": tag, "Content-Language": language}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found[1], headers=headers, media_type="text/html; charset=utf-8")
