"""A drill held against the county and the rules that it is to be played with."""

from functools import cache
from pathlib import Path

from alerts.rulefile import default_rules
from lifeline.county import County, read_county
from simulators.drill import Drill, load_drill
from simulators.errors import DrillError
from simulators.roster import VirtualSensor, read_roster


def load_cast(path: Path, county: Path) -> Drill:
    """Read a drill; DrillError also for squads that the county has not and hazard types that no rule knows."""
    known, sensors = _county(county)
    drill = load_drill(path, sensors)
    squads = {squad.squad_id for squad in known.squads}
    types = _types()
    for conduct in drill.conducts:
        if conduct.squad not in squads:
            raise DrillError(f"{path.name}: there is no squad {conduct.squad}: {', '.join(sorted(squads))}")
    for number, wanted in enumerate(drill.wanted, 1):
        place = f"{path.name}: wanted {number} ({wanted.what})"
        if wanted.squad is not None and wanted.squad not in squads:
            raise DrillError(f"{place}: there is no squad {wanted.squad}: {', '.join(sorted(squads))}")
        if wanted.hazard_type is not None and wanted.hazard_type not in types:
            raise DrillError(f"{place}: no rule raises {wanted.hazard_type}: {', '.join(sorted(types))}")
    return drill


@cache
def _types() -> frozenset[str]:
    return frozenset(name for file in default_rules() for name in file.hazards)


@cache
def _county(folder: Path) -> tuple[County, tuple[VirtualSensor, ...]]:
    return read_county(folder), read_roster(folder / "sensors.csv")
