"""Every text of the console is in its Chinese catalogue, and the catalogue holds no text that is gone."""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import api.console
from alerts.rulefile import default_rules
from dispatch.plans import read_plans

FOLDER = Path(api.console.__file__).parent
PLANS = Path(__file__).parents[3] / "counties" / "guangning" / "plans"
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def texts() -> dict[str | tuple[str, ...], str]:
    """Each text of code and templates, with a place where it stands."""
    found = extract_from_dir(FOLDER, method_map=_METHODS, keywords=_KEYWORDS)
    return {message: f"{file}:{line}" for file, line, message, _comments, _context in found} | _sources()


def _sources() -> dict[str | tuple[str, ...], str]:
    """Where the numbers of our own rules and plans come from; what a county writes itself stays as it is."""
    rules = {rule.source: f"rule {name}" for file in default_rules() for name, rule in file.hazards.items()}
    plans = {plan.source: f"plan {plan.hazard_type}" for plan in read_plans(PLANS)}
    return {**rules, **plans}


def catalogue(locale: str) -> Catalog:
    with (FOLDER / "locale" / f"{locale}.po").open("rb") as file:
        return read_po(file, locale=locale)


def test_every_text_has_a_chinese_translation() -> None:
    chinese = catalogue("zh_CN")
    translated = {message.id for message in chinese if message.id and all(_forms(message.string))}
    missing = [f"{place}: {text!r}" for text, place in texts().items() if text not in translated]
    assert missing == []


def test_placeholders_are_the_same_in_both() -> None:
    for message in catalogue("zh_CN"):
        if message.id:
            wanted = {word for text in _forms(message.id) for word in _placeholders(text)}
            assert {word for text in _forms(message.string) for word in _placeholders(text)} == wanted, message.id


def test_the_catalogue_holds_no_text_that_is_gone() -> None:
    used = set(texts())
    assert [message.id for message in catalogue("zh_CN") if message.id and message.id not in used] == []


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _placeholders(text: str) -> list[str]:
    return [part.partition("}")[0] for part in text.split("{")[1:]]
