"""Device profiles: what a maker's fields mean in our quantities, as data, checked when loaded."""

import re
from collections.abc import Mapping
from itertools import pairwise
from math import inf, isfinite
from pathlib import Path
from typing import Any

import msgspec

from ingest.codecs.codec import Codec, CodecError
from ingest.codecs.javascript import load_javascript
from ingest.codecs.table import CODECS
from ingest.errors import IngestError
from ingest.kinds import KINDS, Kind, Quantity, State
from ingest.profile_text import TextError, read_text
from ingest.units import UnitError, conversion

BUILT_IN = Path(__file__).with_name("profiles")

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


class ProfileError(IngestError):
    """A profile that can't be used; the text names the file, the place and what was expected."""


class Attribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number from the sensor's register entry, or ``default`` when the entry has none."""

    attribute: str
    default: float | None = None


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one quantity comes from the maker's fields, in this order.

    ``field``: the field's name, dots go inside objects; of several names the first one present is taken.
    ``void``: sentinel values that mean "no value". ``words``: the maker's word → our state word, a number, or an
    attribute of the sensor; null for "says nothing". ``unit``: the number's unit. ``subtract_from``: the value is this
    attribute less the number (mounting height less distance). ``absolute``: without its sign. ``curve``: points of
    (field's number, quantity), such as volts and percent. ``at_least``: lower values are raised to it.
    """

    field: str | list[str]
    void: list[str | float] = []
    words: dict[str, str | float | Attribute | None] = {}
    unit: str = ""
    subtract_from: str | Attribute | None = None
    absolute: bool = False
    curve: list[tuple[float, float]] = []
    at_least: float | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The field's names, in the order in which they are tried."""
        return (self.field,) if isinstance(self.field, str) else tuple(self.field)


class Void(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A flag that voids quantities of the same sample: when ``field`` is one of the values, ``drops`` are dropped."""

    field: str | list[str]
    values: list[str | float | bool] = msgspec.field(name="is")
    drops: list[str]


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field with a list of earlier samples. ``time`` is their own field of epoch seconds or RFC 3339.

    Without times only the last one can be placed: it is the message's own sample.
    """

    field: str
    time: str | None = None


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model of device. ``codec`` is a built-in codec's name or a ``.js`` file beside the profile.

    Without a codec the platform's decoded fields are read. ``note`` tells the installer what to mind.
    """

    maker: str
    model: str
    kind: str
    quantities: dict[str, str | Rule]
    codec: str | None = None
    void: list[Void] = []
    history: History | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """Maker and model in lower case, as the register and the file name it."""
        return "-".join(f"{self.maker} {self.model}".lower().replace("/", " ").split())

    @property
    def needs(self) -> dict[str, str]:
        """Attributes that the sensor's register entry must have as numbers, each with a quantity that needs it."""
        return {
            given.attribute: quantity
            for quantity in self.quantities
            for rule in [self.rule(quantity)]
            for given in (_attribute(rule.subtract_from), *rule.words.values())
            if isinstance(given, Attribute) and given.default is None
        }

    def rule(self, quantity: str) -> Rule:
        """The rule of a quantity, the short form written out."""
        given = self.quantities[quantity]
        return Rule(field=given) if isinstance(given, str) else given


def _attribute(given: str | Attribute | None) -> Attribute | None:
    return Attribute(given) if isinstance(given, str) else given


def parse_profile(text: str, name: str) -> Profile:
    """The profile in a YAML text called ``name``, checked; ProfileError."""
    try:
        body = read_text(text)
    except TextError as error:
        raise ProfileError(f"{name}: {error}") from error
    if not isinstance(body, dict):
        raise ProfileError(f"{name}: expected maker, model, kind and quantities, each with its value")
    try:
        profile = msgspec.convert(body, Profile)
    except msgspec.ValidationError as error:
        raise ProfileError(f"{name}: {_at_fault(body)}{error}") from error
    _check(profile, name)
    return profile


def _at_fault(body: dict[str, Any]) -> str:
    """The quantity whose rule is no rule, which msgspec does not name."""
    quantities = body.get("quantities")
    for quantity, rule in quantities.items() if isinstance(quantities, dict) else ():
        try:
            msgspec.convert(rule, str | Rule)
        except msgspec.ValidationError:
            return f"{quantity}: "
    return ""


def load_codec(profile: Profile, folder: Path) -> Codec | None:
    """The profile's codec, None when it has none; ProfileError."""
    if profile.codec is None:
        return None
    if not profile.codec.endswith(".js"):
        return CODECS[profile.codec]
    try:
        return load_javascript(folder / profile.codec)
    except CodecError as error:
        raise ProfileError(f"{profile.name}: codec {profile.codec}: {error}") from error


def load_profiles(*folders: Path) -> Mapping[str, tuple[Profile, Codec | None]]:
    """Every profile of the built-in folder and of ``folders`` with its codec; a later one of a name wins.

    Raises ProfileError with the first thing that is wrong.
    """
    found: dict[str, tuple[Profile, Codec | None]] = {}
    for folder in (BUILT_IN, *folders):
        if not folder.is_dir():
            raise ProfileError(f"{folder}: no such folder of profiles")
        for path in sorted(folder.glob("*.yaml")):
            profile = read_profile(path)
            found[profile.name] = (profile, load_codec(profile, folder))
    return found


def read_profile(path: Path) -> Profile:
    """The profile in a file, which must be called after it; ProfileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path.name}: {error}") from error
    profile = parse_profile(text, path.stem)
    if profile.name != path.stem:
        raise ProfileError(f"{path.name}: maker and model make {profile.name}.yaml")
    return profile


def _check(profile: Profile, name: str) -> None:
    if not _NAME.fullmatch(profile.name):
        raise ProfileError(f"{name}: {profile.name!r} is no name: letters a to z, digits and hyphens")
    kind = KINDS.get(profile.kind)
    if kind is None:
        raise ProfileError(f"{name}: unknown kind {profile.kind!r}: expected one of {', '.join(KINDS)}")
    if not profile.quantities:
        raise ProfileError(f"{name}: quantities is empty")
    codec = profile.codec
    if codec is not None and codec not in CODECS and not codec.endswith(".js"):
        raise ProfileError(f"{name}: unknown codec {codec!r}: expected a file *.js or one of {', '.join(CODECS)}")
    _check_other_fields(profile, name)
    for quantity in (*profile.quantities, *(dropped for void in profile.void for dropped in void.drops)):
        if quantity not in kind.column_names:
            expected = ", ".join(kind.column_names)
            raise ProfileError(f"{name}: {kind.name} has no quantity {quantity!r}: expected one of {expected}")
    for quantity in profile.quantities:
        try:
            _check_rule(profile.rule(quantity), quantity, kind)
        except (ProfileError, UnitError) as error:
            raise ProfileError(f"{name}: {quantity}: {error}") from error


def _check_other_fields(profile: Profile, name: str) -> None:
    for void in profile.void:
        names = [void.field] if isinstance(void.field, str) else void.field
        if not names or not all(names) or not void.values or not void.drops:
            raise ProfileError(f"{name}: void needs a field, values in `is` and quantities in `drops`")
    if profile.history is not None and not profile.history.field:
        raise ProfileError(f"{name}: history names no field")


def _check_rule(rule: Rule, quantity: str, kind: Kind) -> None:
    column = next(column for column in kind.columns if column.name == quantity)
    if not rule.fields or not all(rule.fields):
        raise ProfileError("field names no field")
    if len({word.casefold() for word in rule.words}) < len(rule.words):
        raise ProfileError("words are matched without regard to case, and two of these differ in nothing else")
    if isinstance(column, State):
        _check_state(rule, column)
        return
    if rule.curve:
        _check_curve(rule, column)
    conversion(rule.unit, column)
    _check_attribute(_attribute(rule.subtract_from))
    if rule.at_least is not None:
        _check_range(rule.at_least, column, "at_least")
    for word, meaning in rule.words.items():
        _check_word(word, meaning, column)


def _check_curve(rule: Rule, column: Quantity) -> None:
    ascending = all(-inf < before[0] < after[0] < inf for before, after in pairwise(rule.curve))
    if len(rule.curve) < 2 or not ascending:
        raise ProfileError("curve needs two or more points with ascending first numbers")
    if rule.unit:
        raise ProfileError("a curve starts from the field's own number: leave unit out")
    for _, value in rule.curve:
        _check_range(value, column, "a point of the curve")


def _check_word(word: str, meaning: str | float | Attribute | None, column: Quantity) -> None:
    if isinstance(meaning, str):
        raise ProfileError(f"the word {word!r} must stand for a number, an attribute or null, not {meaning!r}")
    if isinstance(meaning, Attribute):
        _check_attribute(meaning)
        if meaning.default is not None:
            _check_range(meaning.default, column, f"the default of {meaning.attribute}")
    elif meaning is not None:
        _check_range(meaning, column, f"the word {word!r}")


def _check_state(rule: Rule, column: State) -> None:
    for word, meaning in rule.words.items():
        if meaning is not None and meaning not in column.words:
            raise ProfileError(f"the word {word!r} must stand for one of {', '.join(column.words)} or null")
    if rule.unit or rule.curve or rule.subtract_from is not None or rule.absolute or rule.at_least is not None:
        raise ProfileError("a state takes field, void and words only")


def _check_attribute(given: Attribute | None) -> None:
    if given is not None and (not given.attribute or (given.default is not None and not isfinite(given.default))):
        raise ProfileError("an attribute needs a name, and its default is a number")


def _check_range(value: float, column: Quantity, what: str) -> None:
    if not column.minimum <= value <= column.maximum:
        raise ProfileError(f"{what} gives {value:g} {column.unit}, outside {column.minimum:g}…{column.maximum:g}")
