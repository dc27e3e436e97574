"""What decoding gives and what it needs to know of a sensor."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from ingest.formats.uplink import Command
from ingest.kinds import KINDS
from ingest.payload import Row


class KnownSensor(Protocol):
    """What a register entry must offer. ``attributes["profile"]`` names the device's profile."""

    @property
    def sensor_id(self) -> int: ...

    @property
    def code(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def attributes(self) -> Mapping[str, Any]: ...


Lookup = Callable[[str], KnownSensor | None]
"""A platform's name of a device → the sensor that it is, None when nobody registered it."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One reading; ``row`` is what is stored: (sensor_id, time, value of each column of the kind or None)."""

    sensor: str
    kind: str
    row: Row

    @property
    def time(self) -> datetime:
        """When it was measured."""
        time: datetime = self.row[1]
        return time

    @property
    def quantities(self) -> dict[str, float | str]:
        """The columns that hold a value, by name."""
        values = zip(KINDS[self.kind].column_names, self.row[2:], strict=True)
        return {name: value for name, value in values if value is not None}


class Decoded(msgspec.Struct, gc=False):
    """What one message turned into.

    ``refused`` holds reasons: when it is not empty the message belongs into quarantine, its good readings are stored
    all the same. ``commands`` are to be published in answer.
    """

    readings: list[Reading] = []
    warnings: list[str] = []
    refused: list[str] = []
    commands: list[Command] = []
