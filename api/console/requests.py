"""What the console takes from a browser's request: where from, in which language, and whether our own page sent it."""

from typing import Literal, cast
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from api.console.door import PREFIX
from api.console.hub import Origin
from api.languages import Language, language_of

Theme = Literal["auto", "light", "dark"]
COOKIE = "lifeline_console"
LANGUAGE_COOKIE = "lifeline_language"
THEME_COOKIE = "lifeline_theme"


def origin_of(request: HTTPConnection) -> Origin:
    """Whose browser it is."""
    address = request.client.host if request.client else ""
    return Origin(address, request.headers.get("user-agent", "")[:200])


def language_chosen(request: HTTPConnection) -> Language:
    """What the person chose here, else what the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in ("zh", "en"):
        return cast(Language, chosen)
    return language_of(request.headers.get("accept-language", ""))


def theme_chosen(request: HTTPConnection) -> Theme:
    """Dark, light, or as the system has it."""
    chosen = request.cookies.get(THEME_COOKIE)
    return cast(Theme, chosen) if chosen in ("light", "dark") else "auto"


def is_own(request: HTTPConnection) -> bool:
    """Whether a page of this very site sent it; browsers always say so of what changes something."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host", "")


def inner_path(target: str) -> str:
    """``target`` where it is a page of the console, else the console's first page: never another site's."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or "\\" in target or not parts.path.startswith(f"{PREFIX}/"):
        return f"{PREFIX}/"
    return target
