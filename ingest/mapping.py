"""From a maker's fields to the columns of a kind: a profile compiled into one function per column."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingest.kinds import KINDS, Kind, Quantity
from ingest.profile import Profile, Rule, Void
from ingest.profile_text import as_word
from ingest.rules import Fields, Units, compile_rule, find

Values = list[float | str | None]


class FieldMapping:
    """Takes the columns of one kind out of fields."""

    def __init__(self, kind: Kind, rules: Mapping[str, Rule], voids: Sequence[Void] = ()) -> None:
        self.kind = kind
        self._takes = tuple(
            (index, compile_rule(rules[column.name], column))
            for index, column in enumerate(kind.columns)
            if column.name in rules
        )
        self._voids = tuple(
            (
                (void.field,) if isinstance(void.field, str) else tuple(void.field),
                frozenset(map(as_word, void.values)),
                [(kind.column_names.index(name), name) for name in void.drops],
            )
            for void in voids
        )
        self._width = len(kind.columns)
        names = kind.column_names
        self._signal = names.index("rssi_dbm") if "rssi_dbm" in names else None
        self._limits = tuple(
            (index, column.minimum, column.maximum)
            for index, column in enumerate(kind.columns)
            if isinstance(column, Quantity) and (column.name in rules or index == self._signal)
        )

    def take(
        self, fields: Fields, attributes: Mapping[str, Any], units: Units, signal_dbm: float | None, notes: list[str]
    ) -> Values | None:
        """Values in the order of the kind's columns, None where the fields say nothing; ``notes`` gets warnings.

        None when nothing was measured: the signal strength alone, which the network adds, is no reading.
        """
        values: Values = [None] * self._width
        for index, take in self._takes:
            values[index] = take(fields, attributes, units, notes)
        for names, words, drops in self._voids:
            name, value = find(fields, names)
            if name and as_word(value) in words:
                for index, dropped in drops:
                    if values[index] is not None:
                        values[index] = None
                        notes.append(f"{name} is {as_word(value)}: {dropped} dropped")
        measured = self._width - values.count(None)
        signal = self._signal
        if signal is not None:
            if values[signal] is None:
                values[signal] = signal_dbm
            else:
                measured -= 1
        return values if measured else None

    def outside(self, values: Values) -> str:
        """What lies outside its quantity's limits, '' when nothing does."""
        for index, lowest, highest in self._limits:
            value = values[index]
            if value is not None and not lowest <= value <= highest:  # type: ignore[operator]  # a quantity is no word
                return "; ".join(_overstepped(self.kind, values))
        return ""


def _overstepped(kind: Kind, values: Values) -> Iterator[str]:
    for column, value in zip(kind.columns, values, strict=True):
        if not isinstance(column, Quantity) or not isinstance(value, int | float):
            continue
        if not column.minimum <= value <= column.maximum:
            limits = f"{column.minimum:g}…{column.maximum:g}"
            yield f"{column.name} {value:g} {column.unit} lies outside {limits}"


def profile_mapping(profile: Profile) -> FieldMapping:
    """The mapping of a checked profile."""
    rules = {quantity: profile.rule(quantity) for quantity in profile.quantities}
    return FieldMapping(KINDS[profile.kind], rules, profile.void)


def named_mapping(kind: Kind) -> FieldMapping:
    """The mapping of devices that use our own quantity names, inside an object or not."""
    return FieldMapping(kind, {name: Rule(field=name) for name in kind.column_names})
