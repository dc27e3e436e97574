"""One rule of a profile as a function: a maker's fields → one of our columns."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import fabs, isfinite
from typing import Any

from ingest.kinds import Quantity, State
from ingest.profile import Attribute, Rule
from ingest.profile_text import as_word
from ingest.units import UnitError, along, conversion

Fields = Mapping[str, Any]
Attributes = Mapping[str, Any]
Units = Mapping[str, str] | None
Take = Callable[[Fields, Attributes, Units, list[str]], float | str | None]
"""Fields, the sensor's attributes, units that the envelope stated, where warnings go → the column's value or None."""

# "2799 mm", "20 °", "2.4(low battery)", "-0.5", "1e-3": a number and what follows it. "2,5" and "1.2.3" are none.
_NUMBER = re.compile(
    r"\s*([-+]?[0-9]{1,15}(?:\.[0-9]{0,15})?(?:[eE][-+]?[0-9]{1,3})?)(?![0-9.]|,[0-9])\s*([^\s(]{0,12})"
)
_DECIMALS = 6
_TOO_MUCH = 1e15
_SHOWN = 40  # characters of a strange value in a warning


def compile_rule(rule: Rule, column: Quantity | State) -> Take:
    """The function of a checked rule."""
    if isinstance(column, State):
        return _StateRule(rule, column).take
    number = _NumberRule(rule, column)
    plain = len(rule.fields) == 1 and "." not in rule.fields[0] and not number.words
    return _plain(rule.fields[0], number) if plain else number.take


def find(fields: Fields, names: Sequence[str]) -> tuple[str, Any]:
    """The first of ``names`` that is present and its value, ('', None) when none is. Dots go inside objects."""
    for name in names:
        value = fields.get(name)
        if value is None and "." in name:
            value = fields
            for part in name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            return name, value
    return "", None


class _Words:
    """Sentinels and words, matched without regard to case."""

    def __init__(self, rule: Rule, column: str) -> None:
        self._void = frozenset(as_word(word).casefold() for word in rule.void)
        self._words = {word.casefold(): meaning for word, meaning in rule.words.items()}
        self._column = column

    def __bool__(self) -> bool:
        return bool(self._void or self._words)

    def match(self, name: str, raw: Any, attributes: Attributes, notes: list[str]) -> tuple[bool, Any]:
        """Whether the raw value is such a word, and what it stands for."""
        if not self or not isinstance(raw, str | bool | int | float):
            return False, None
        word = as_word(raw).casefold()
        if word in self._void:
            notes.append(f"{name} is {as_word(raw)[:_SHOWN]}: no {self._column}")
            return True, None
        if word not in self._words:
            return False, None
        meaning = self._words[word]
        if isinstance(meaning, Attribute):
            meaning = _attribute(meaning, attributes, self._column, notes)
        return True, meaning


class _StateRule:
    def __init__(self, rule: Rule, column: State) -> None:
        self._names = rule.fields
        self._words = _Words(rule, column.name)
        self._column = column

    def take(self, fields: Fields, attributes: Attributes, units: Units, notes: list[str]) -> str | None:
        name, raw = find(fields, self._names)
        if not name:
            return None
        known, meaning = self._words.match(name, raw, attributes, notes)
        if known:
            return meaning if isinstance(meaning, str) else None
        if isinstance(raw, str) and raw in self._column.words:
            return raw
        notes.append(f"{name} {as_word(raw)[:_SHOWN]!r} is no word that the profile knows: no {self._column.name}")
        return None


def _plain(name: str, number: "_NumberRule") -> Take:
    """The short way to a number that needs no look at words, paths or units, as most do."""
    bare, shape, scale, offset, otherwise = number.bare, number.shape, number.scale, number.offset, number.take

    def take(fields: Fields, attributes: Attributes, units: Units, notes: list[str]) -> float | str | None:
        raw = fields.get(name)
        if raw is None:
            return None
        if units is None and (type(raw) is int or type(raw) is float):
            if bare and -_TOO_MUCH < raw < _TOO_MUCH:
                return raw
            return shape(raw, scale, offset, attributes, notes)
        return otherwise(fields, attributes, units, notes)

    return take


class _NumberRule:
    def __init__(self, rule: Rule, column: Quantity) -> None:
        self._names = rule.fields
        self.words = _Words(rule, column.name)
        self._column = column
        self._unit = rule.unit
        self.scale, self.offset = conversion(rule.unit, column)
        self._conversion = lru_cache(maxsize=32)(lambda unit: conversion(unit, column))
        given = rule.subtract_from
        self._minuend = Attribute(given) if isinstance(given, str) else given
        self._absolute = rule.absolute
        self._curve = rule.curve
        self._at_least = rule.at_least
        shaped = self._minuend is not None or rule.absolute or rule.curve or rule.at_least is not None
        self.bare = not shaped and (self.scale, self.offset) == (1, 0)

    def take(self, fields: Fields, attributes: Attributes, units: Units, notes: list[str]) -> float | None:
        name, raw = find(fields, self._names)
        if not name:
            return None
        unit = units.get(name, "") if units is not None else ""
        if isinstance(raw, Mapping) and "value" in raw:
            given = raw.get("unit")
            raw, unit = raw["value"], given if isinstance(given, str) else unit
        known, meaning = self.words.match(name, raw, attributes, notes)
        if known:
            return meaning if isinstance(meaning, int | float) else None
        return self._read(name, raw, unit, attributes, notes)

    def _read(self, name: str, raw: Any, unit: str, attributes: Attributes, notes: list[str]) -> float | None:
        if isinstance(raw, str):
            match = _NUMBER.match(raw)
            if match is not None:
                raw, unit = float(match[1]), match[2] or unit
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            notes.append(f"{name} {str(raw)[:_SHOWN]!r} is no number: no {self._column.name}")
            return None
        scale, offset = self.scale, self.offset
        if unit and not self._curve:
            try:
                scale, offset = self._conversion(unit)
            except UnitError as error:
                if not self._unit:  # else what follows the number is some other remark
                    notes.append(f"{name}: {error}")
                    return None
        return self.shape(raw, scale, offset, attributes, notes)

    def shape(self, raw: float, scale: float, offset: float, attributes: Attributes, notes: list[str]) -> float | None:
        """The column's value that a number stands for."""
        if not -_TOO_MUCH < raw < _TOO_MUCH:  # not a number compares false, too
            notes.append(f"{str(raw)[:_SHOWN]} is no measurement: no {self._column.name}")
            return None
        if self.bare and scale == 1 and offset == 0:
            return raw
        value = raw * scale + offset
        if self._minuend is not None:
            start = _attribute(self._minuend, attributes, self._column.name, notes)
            if start is None:
                return None
            value = start - value
        if self._absolute:
            value = fabs(value)
        if self._curve:
            value = along(self._curve, value)
        if self._at_least is not None and value < self._at_least:
            notes.append(f"{self._column.name} {value:.6g} raised to {self._at_least:g}")
            value = self._at_least
        return round(value, _DECIMALS)


def _attribute(wanted: Attribute, attributes: Attributes, column: str, notes: list[str]) -> float | None:
    value = as_number(attributes.get(wanted.attribute, wanted.default))
    if value is None:
        notes.append(f"{column} needs the sensor's attribute {wanted.attribute} as a number")
    return value


def as_number(value: Any) -> float | None:
    """An attribute's value as a number, None when it is none; a register kept as a table has texts only."""
    if type(value) is not float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            value = float(value)
        except (ValueError, OverflowError):
            return None
    return value if isfinite(value) else None
