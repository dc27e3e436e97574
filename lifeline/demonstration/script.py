"""What is played: the sensors of a county, those of the drill apart."""

from dataclasses import dataclass, replace
from pathlib import Path

from lifeline.county import County, read_county
from lifeline.preparedness import Preparedness, read_preparedness
from simulators.drill import Drill, load_drill
from simulators.roster import VirtualSensor, read_roster
from simulators.sensors import BEHAVIOURS

_ROOT = Path(__file__).parents[2]
COUNTY = _ROOT / "counties" / "guangning"
DRILL = _ROOT / "simulators" / "drills" / "gas-leak-well-chain.yaml"
ENCORE = _ROOT / "simulators" / "drills" / "cover-knocked-loose.yaml"

REPORT_S = 20
"""How often a sensor of the traffic reports, in seconds, unless it measures less often than that."""


@dataclass(frozen=True, slots=True)
class Script:
    """A county, the drill, and who plays in which; the ``encore`` is a second drill, in real time."""

    county: County
    prepared: Preparedness
    drill: Drill
    traffic: tuple[VirtualSensor, ...]
    drilled: tuple[VirtualSensor, ...]
    encore: Drill
    encored: tuple[VirtualSensor, ...]
    usual_s: tuple[int, int]  # shortest and longest interval in the field

    def second(self) -> "Script":
        """The encore as the drill."""
        return replace(self, drill=self.encore, drilled=self.encored)

    @property
    def slowest_s(self) -> int:
        """The longest reporting interval of the traffic."""
        return max(sensor.interval_s for sensor in self.traffic)


def read_script() -> Script:
    """The demonstration county and its drills; HubError or DrillError when their files are not usable."""
    county = read_county(COUNTY)
    sensors = read_roster(COUNTY / "sensors.csv")
    drill = load_drill(DRILL, sensors)
    drilled = drill.players(sensors)
    encore = load_drill(ENCORE, sensors)
    encored = encore.players(sensors)
    return Script(
        county,
        read_preparedness(COUNTY),
        drill,
        traffic=tuple(_busier(sensor) for sensor in sensors if sensor not in (*drilled, *encored)),
        drilled=drilled,
        encore=encore,
        encored=encored,
        usual_s=(min(sensor.interval_s for sensor in sensors), max(sensor.interval_s for sensor in sensors)),
    )


def _busier(sensor: VirtualSensor) -> VirtualSensor:
    sample_s = BEHAVIOURS[sensor.kind].sample_s or REPORT_S
    return replace(sensor, interval_s=min(sensor.interval_s, max(sample_s, REPORT_S)))
