"""Units that makers and platforms use, converted to the unit of a quantity.

Every conversion is ``value · scale + offset``, found once when a profile is loaded, so that the hot path multiplies
and nothing more; a units library would look the unit up for every value.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ingest.errors import IngestError
from ingest.kinds import Quantity

# R · T / p = 8.314462618 · 293.15 / 101.325: litres per mole of an ideal gas at 20 °C and 101.325 kPa.
MOLAR_VOLUME_L = 24.0552
# g/mol; GBZ 2.1 states its limits in mg/m³, which at 20 °C makes 10 mg/m³ of H2S 7.1 ppm and 20 mg/m³ of CO 17.2 ppm.
MOLAR_MASS_G: Mapping[str, float] = {"h2s_mg_m3": 34.08, "co_mg_m3": 28.01}
CH4_LEL_PCT_VOL = 5.0  # lower explosive limit of methane, GB/T 50493-2019
PA_PER_MH2O = 9806.65  # conventional metre of water, at 4 °C; warm water reads 0.2 % low

_Linear = tuple[float, float]


class UnitError(IngestError):
    """A unit that can't be turned into the wanted one; the text names those that can."""


def _pressures() -> dict[str, _Linear]:
    return {
        "mh2o": (1, 0),
        "bar": (1e5 / PA_PER_MH2O, 0),
        "mbar": (1e2 / PA_PER_MH2O, 0),
        "hpa": (1e2 / PA_PER_MH2O, 0),
        "kpa": (1e3 / PA_PER_MH2O, 0),
        "mpa": (1e6 / PA_PER_MH2O, 0),
        "pa": (1 / PA_PER_MH2O, 0),
    }


_BY_UNIT: Mapping[str, Mapping[str, _Linear]] = {
    "m": {"m": (1, 0), "dm": (0.1, 0), "cm": (0.01, 0), "mm": (0.001, 0), "ft": (0.3048, 0), **_pressures()},
    "%LEL": {
        "%lel": (1, 0),
        "%vol": (100 / CH4_LEL_PCT_VOL, 0),
        "ppm": (1e-4 * 100 / CH4_LEL_PCT_VOL, 0),
    },
    "%vol": {"%vol": (1, 0), "%": (1, 0), "ppm": (1e-4, 0)},
    "°C": {
        "°c": (1, 0),
        "cel": (1, 0),
        "c": (1, 0),
        "k": (1, -273.15),
        "°f": (5 / 9, -160 / 9),
        "f": (5 / 9, -160 / 9),
    },
    "%": {"%": (1, 0), "%el": (1, 0), "/": (100, 0), "1": (100, 0)},
    "°": {"°": (1, 0), "deg": (1, 0), "rad": (57.29577951308232, 0)},
    "dB(A)": {"db(a)": (1, 0), "dba": (1, 0), "db": (1, 0)},
    "dBm": {"dbm": (1, 0), "dbw": (1, 30)},
    "mm/h": {"mm/h": (1, 0), "mm/min": (60, 0), "m/s": (3.6e6, 0)},
    "s": {"s": (1, 0), "ms": (0.001, 0), "min": (60, 0), "h": (3600, 0)},
    "1": {"1": (1, 0), "count": (1, 0)},
}


def _spelled(unit: str) -> str:
    """One spelling: ℃ is °C, mg/m³ is mg/m3, case does not count."""
    return unicodedata.normalize("NFKC", unit).strip().casefold().replace(" ", "")


def _concentrations(column: Quantity) -> Mapping[str, _Linear]:
    per_ppm = MOLAR_MASS_G[column.name] / MOLAR_VOLUME_L
    micro = _spelled("µg/m³")
    return {"mg/m3": (1, 0), micro: (0.001, 0), "ug/m3": (0.001, 0), "ppm": (per_ppm, 0), "ppb": (per_ppm / 1000, 0)}


def conversion(unit: str, column: Quantity) -> _Linear:
    """Scale and offset that turn a value in ``unit`` into ``column``'s unit; '' is that unit itself; UnitError."""
    if not unit:
        return 1, 0
    known = _concentrations(column) if column.name in MOLAR_MASS_G else _BY_UNIT[column.unit]
    found = known.get(_spelled(unit))
    if found is None:
        raise UnitError(
            f"unit {unit!r} can't become {column.unit} of {column.name}: expected one of {', '.join(known)}"
        )
    return found


def along(curve: Sequence[tuple[float, float]], x: float) -> float:
    """The value at ``x`` of the line through the points, which ascend in x; its ends beyond them."""
    if x <= curve[0][0]:
        return curve[0][1]
    for (x0, y0), (x1, y1) in pairwise(curve):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return curve[-1][1]
