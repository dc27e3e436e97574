"""Which of the two languages a caller wants."""

from typing import Literal

Language = Literal["zh", "en"]


def language_of(accept_language: str) -> Language:
    """The language of an Accept-Language header (RFC 9110, 12.5.4): zh when it is preferred to en, else en."""
    best: tuple[float, Language] = (0.0, "en")
    for part in accept_language.split(","):
        tag, _, weight = part.strip().lower().partition(";q=")
        language = _known(tag)
        if language and (quality := _quality(weight)) > best[0]:
            best = (quality, language)
    return best[1]


def _known(tag: str) -> Language | None:
    if tag.split("-")[0] == "zh":
        return "zh"
    return "en" if tag.split("-")[0] in ("en", "*") else None


def _quality(weight: str) -> float:
    try:
        return float(weight) if weight else 1.0
    except ValueError:
        return 0.0
