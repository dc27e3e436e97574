"""Texts of the console in the language of who looks, and times as the county tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from yaml import YAMLError

from alerts.misreadings import what_is_wrong
from api.catalogue import catalogue
from api.languages import Language

FOLDER = Path(__file__).parent
ZONE = ZoneInfo("Asia/Shanghai")


def N_(text: str) -> str:
    """Mark a text for the catalogues where it isn't yet known who will read it."""
    return text


@dataclass(frozen=True, slots=True)
class Texts:
    """One language; ``gettext`` takes the English text of the code."""

    language: Language

    def gettext(self, text: str) -> str:
        """The text in this language."""
        return catalogue(FOLDER, self.language).gettext(text) if text else ""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The text that fits ``count``, with ``{count}`` filled in."""
        return catalogue(FOLDER, self.language).ngettext(one, many, count).format(count=count)

    def word(self, words: Mapping[str, str], key: str) -> str:
        """The word that stands for ``key`` in a table of words, in this language."""
        return self.gettext(words[key])

    def origin(self, source: str) -> str:
        """Where the numbers of a rule or plan come from; what a county has written itself stays as it is."""
        return self.gettext(source)

    def say(self, both: Mapping[str, str] | None) -> str:
        """What the API gave in both languages, in this one; the other where this one is empty."""
        if not both:
            return ""
        return both.get(self.language) or both.get("zh") or both.get("en") or ""

    def fault(self, error: Exception) -> str:
        """What an error says: YAML speaks English only, and what the API refused comes in this language already."""
        chinese = self.language == "zh" and isinstance(error, YAMLError)
        return what_is_wrong(error) if chinese else str(error)

    def time(self, at: "str | datetime | None", *, seconds: bool = True) -> str:
        """An instant, a string of the API or a datetime, as the clock in the county showed it; empty for none."""
        if at is None:
            return ""
        instant = datetime.fromisoformat(at) if isinstance(at, str) else at
        return instant.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%m-%d %H:%M")


@cache
def texts_in(language: Language) -> Texts:
    """The texts of a language."""
    return Texts(language)
