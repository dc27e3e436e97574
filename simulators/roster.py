"""The sensors that a fleet plays, as the county's data lists them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingest.kinds import KINDS
from simulators.errors import SimulatorError


@dataclass(frozen=True, slots=True)
class VirtualSensor:
    """One sensor to play: ``interval_s`` is its reporting interval, ``attributes`` where it stands."""

    code: str
    kind: str
    interval_s: int
    attributes: Mapping[str, str] = field(default_factory=dict)


def read_roster(path: Path) -> tuple[VirtualSensor, ...]:
    """Read a county's sensors.csv (code, kind, interval_s, attributes as ``k=v;k=v``; other columns unread).

    Raises SimulatorError naming the line that is not usable.
    """
    sensors = []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        for row in rows:
            try:
                sensors.append(_sensor(row))
            except (KeyError, ValueError) as error:
                raise SimulatorError(f"{path.name} line {rows.line_num} is not a sensor: {error}") from error
    return tuple(sensors)


def _sensor(row: Mapping[str, str]) -> VirtualSensor:
    kind = KINDS[row["kind"]]
    pairs = (pair.split("=", 1) for pair in row["attributes"].split(";") if pair)
    return VirtualSensor(
        code=row["code"],
        kind=kind.name,
        interval_s=int(row["interval_s"] or kind.interval_s),
        attributes={key: value for key, value in pairs},
    )
