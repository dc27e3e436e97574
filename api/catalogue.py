"""Texts of pages in Chinese and English, from gettext catalogues that lie beside the pages.

Code holds the English text. ``locale/zh_CN.po`` beside the pages translates it; ``locale/en.po`` holds what English
itself needs, plurals above all.
"""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from api.languages import Language

_LOCALES: dict[Language, str] = {"zh": "zh_CN", "en": "en"}


@cache
def catalogue(folder: Path, language: Language) -> gettext.NullTranslations:
    """The texts of the pages in ``folder``: ``gettext(text)`` and ``ngettext(one, many, count)``.

    A text that no catalogue translates comes back as it is.
    """
    locale = _LOCALES[language]
    compiled = BytesIO()
    with (folder / "locale" / f"{locale}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
