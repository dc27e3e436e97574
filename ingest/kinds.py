"""The sensor kinds, each described once.

The payload decoder, the COPY columns, the API's schema, the simulators and the dashboards take quantities,
units, ranges and states from here; a test holds the tables' columns against it. Adding a kind means one
entry in ``KINDS`` (its table is made from it), one rule file, one simulator and one dashboard.

Ranges are what a working sensor of the kind can report, not what is harmless: a value outside is a broken
message, and goes to quarantine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Quantity:
    """One measured column.

    ``name`` carries the unit as suffix (``depth_m``). ``minimum`` and ``maximum`` bound what is accepted,
    ``resolution`` is the step that is worth showing, all in that unit. ``mean`` says how an average over time is
    formed: ``energy`` for sound levels, 10·lg(mean(10^(L/10))).
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    resolution: float
    zh: str
    en: str
    mean: Literal["arithmetic", "energy"] = "arithmetic"


@dataclass(frozen=True, slots=True)
class State:
    """One column that holds a word out of ``words``, the harmless one first."""

    name: str
    words: tuple[str, ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sensor: its columns in the order in which they are stored, and its usual reporting interval."""

    name: str
    zh: str
    en: str
    columns: tuple[Quantity | State, ...]
    interval_s: int

    @property
    def table(self) -> str:
        """The table that holds one row per message of this kind."""
        return f"reading_{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the measured columns, in stored order."""
        return tuple(column.name for column in self.columns)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The columns that hold numbers, in stored order."""
        return tuple(column for column in self.columns if isinstance(column, Quantity))

    def quantity(self, name: str) -> Quantity:
        """The quantity called ``name``; KeyError when this kind has none."""
        for column in self.quantities:
            if column.name == name:
                return column
        raise KeyError(name)


_BATTERY = Quantity("battery_pct", "%", 0, 100, 1, "电量", "battery")

_KINDS = (
    Kind(
        "manhole",
        "井盖",
        "manhole cover",
        (
            State("cover_state", ("closed", "open", "displaced", "missing"), "井盖状态", "cover state"),
            Quantity("tilt_deg", "°", 0, 180, 0.1, "倾角", "tilt"),
            Quantity("water_below_cover_m", "m", -1, 20, 0.001, "水面至井盖距离", "water below cover"),
            Quantity("shock_count", "1", 0, 1_000_000, 1, "震动次数", "shocks"),
            _BATTERY,
            Quantity("rssi_dbm", "dBm", -150, 0, 1, "信号强度", "signal strength"),
        ),
        interval_s=6 * 3600,
    ),
    Kind(
        "gas",
        "燃气",
        "gas",
        (
            Quantity("ch4_lel_pct", "%LEL", 0, 200, 0.1, "甲烷", "methane"),
            Quantity("h2s_mg_m3", "mg/m³", 0, 2000, 0.1, "硫化氢", "hydrogen sulfide"),
            Quantity("co_mg_m3", "mg/m³", 0, 5000, 0.1, "一氧化碳", "carbon monoxide"),
            Quantity("o2_pct_vol", "%vol", 0, 100, 0.1, "氧气", "oxygen"),
            Quantity("temperature_c", "°C", -50, 100, 0.1, "温度", "temperature"),
            _BATTERY,
        ),
        interval_s=1800,
    ),
    Kind(
        "waterlogging",
        "积水",
        "waterlogging",
        (
            Quantity("depth_m", "m", -0.1, 10, 0.001, "积水深度", "water depth"),
            Quantity("rain_mm_h", "mm/h", 0, 500, 0.1, "雨强", "rain intensity"),
            _BATTERY,
        ),
        interval_s=300,
    ),
    Kind(
        "noise",
        "噪声",
        "noise",
        (
            Quantity("laeq_db", "dB(A)", 0, 160, 0.1, "等效声级", "LAeq", mean="energy"),
            Quantity("lmax_db", "dB(A)", 0, 160, 0.1, "最大声级", "Lmax", mean="energy"),
            Quantity("l10_db", "dB(A)", 0, 160, 0.1, "L10", "L10"),
            Quantity("l50_db", "dB(A)", 0, 160, 0.1, "L50", "L50"),
            Quantity("l90_db", "dB(A)", 0, 160, 0.1, "L90", "L90"),
            Quantity("window_s", "s", 1, 86_400, 1, "统计时段", "averaging window"),
            _BATTERY,
        ),
        interval_s=600,
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _KINDS})
