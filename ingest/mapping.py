"""From a maker's fields to the columns of a kind: a profile compiled into one function per column."""

from collections.abc import Mapping, Sequence
from typing import Any

from ingest.kinds import KINDS, Kind
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

    def take(
        self, fields: Fields, attributes: Mapping[str, Any], units: Units, signal_dbm: float | None, notes: list[str]
    ) -> Values:
        """Values in the order of the kind's columns, None where the fields say nothing; ``notes`` gets warnings."""
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
        if self._signal is not None and signal_dbm is not None and values[self._signal] is None:
            values[self._signal] = signal_dbm
        return values

    def signal_only(self, values: Values) -> bool:
        """Whether the one value there is is the signal strength, which the network adds and the device did not say."""
        return self._signal is not None and values[self._signal] is not None


def profile_mapping(profile: Profile) -> FieldMapping:
    """The mapping of a checked profile."""
    rules = {quantity: profile.rule(quantity) for quantity in profile.quantities}
    return FieldMapping(KINDS[profile.kind], rules, profile.void)


def named_mapping(kind: Kind) -> FieldMapping:
    """The mapping of devices that use our own quantity names, inside an object or not."""
    return FieldMapping(kind, {name: Rule(field=name) for name in kind.column_names})
