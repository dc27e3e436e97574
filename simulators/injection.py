"""What is done to sensors when: to what they stand in, to their devices, to their way to the hub."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.kinds import KINDS
from simulators.device import DEVICE_SETTINGS
from simulators.errors import SimulatorError
from simulators.network import NETWORK_SETTINGS
from simulators.roster import VirtualSensor
from simulators.sensors import BEHAVIOURS
from simulators.sensors.behaviour import Cause


@dataclass(frozen=True, slots=True)
class Injection:
    """From ``at_s`` seconds after the start these hold at the sensors listed, until set anew.

    ``causes`` are of the kind's surroundings, ``device`` and ``network`` as in DEVICE_SETTINGS and NETWORK_SETTINGS.
    """

    at_s: int
    sensors: tuple[str, ...]
    causes: dict[str, float] = field(default_factory=dict)
    device: dict[str, float] = field(default_factory=dict)
    network: dict[str, float] = field(default_factory=dict)


def check_injections(injections: Sequence[Injection], sensors: Mapping[str, VirtualSensor]) -> None:
    """Hold injections against the sensors they name; SimulatorError with a sentence about the first bad one."""
    for sensor in sensors.values():
        if sensor.kind not in BEHAVIOURS:
            raise SimulatorError(f"sensor {sensor.code} is of kind {sensor.kind!r}, which is not simulated")
    for injection in injections:
        for code in injection.sensors:
            if code not in sensors:
                raise SimulatorError(f"the injection at {injection.at_s} s names {code}, which is not in the fleet")
            kind = sensors[code].kind
            place = f"the injection at {injection.at_s} s on {code}"
            _check(place, injection.causes, BEHAVIOURS[kind].causes, f"a {KINDS[kind].en} sensor")
            _check(place, injection.device, DEVICE_SETTINGS, "a device")
            _check(place, injection.network, NETWORK_SETTINGS, "a network")


def _check(place: str, given: Mapping[str, float], known: Mapping[str, Cause], whose: str) -> None:
    for name, value in given.items():
        if name not in known:
            raise SimulatorError(f"{place} sets {name}, but {whose} knows {', '.join(known)}")
        cause = known[name]
        if not cause.minimum <= value <= cause.maximum:
            raise SimulatorError(f"{place} sets {name} to {value:g}, outside {cause.minimum:g} to {cause.maximum:g}")
