"""How a sensor of each kind behaves; one file per kind, listed here."""

from collections.abc import Mapping
from types import MappingProxyType

from simulators.sensors.behaviour import Behaviour
from simulators.sensors.gas import GAS
from simulators.sensors.manhole import MANHOLE
from simulators.sensors.noise import NOISE
from simulators.sensors.waterlogging import WATERLOGGING

BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {"manhole": MANHOLE, "gas": GAS, "waterlogging": WATERLOGGING, "noise": NOISE}
)
