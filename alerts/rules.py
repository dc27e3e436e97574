"""Rules as data: what makes a reading a hazard, of which grade, and when it ends.

A file per kind names hazard types. A rule watches one of three things: a quantity against limits or a state against
words (``quantity`` with ``cases``), the silence of the sensor (``missed``), or whether its values can be believed
(``fault``). ``cases`` are tried in order; the first whose ``when`` matches the sensor's attributes and whose ``hours``
hold the local hour gives the limits.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from alerts.errors import AlertRefusal
from alerts.grades import Colour

Skill = Literal["gas", "drainage", "cover", "noise", "traffic", "medical", "maintenance"]


class RuleError(AlertRefusal):
    """A rule that can't be used; the message names the file and what to change."""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phrase for people, in both languages."""

    zh: str
    en: str


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits, or words of a state, that hold for some sensors at some hours.

    ``hours`` [from, to) are local hours of the day; from > to spans midnight.
    """

    limits: dict[Colour, float] = {}
    words: dict[str, Colour] = {}
    when: dict[str, str] = {}
    hours: tuple[int, int] | None = None

    def applies(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the sensor's attributes are those of this case."""
        return all(attributes.get(name) == value for name, value in self.when.items())

    def holds_at(self, hour: int) -> bool:
        """Whether the local hour of the day lies within ``hours``."""
        if self.hours is None:
            return True
        start, end = self.hours
        return start <= hour < end if start < end else hour >= start or hour < end


class Rise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rate of change: a value that grew by more than ``by`` within ``within_s`` counts one grade graver."""

    by: float
    within_s: float


class Confirming(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hazards of another type, at ``at`` or graver, that confirm; ``name`` is what the reason calls them."""

    kind: str
    hazard_type: str
    at: Colour
    name: Words


class Neighbours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Corroboration: ``count`` sensors, itself included, at ``at`` or graver within ``within_m`` make each ``to``.

    With ``of``, ``count`` hazards of that type around one at ``at`` do.
    """

    at: Colour
    count: int
    within_m: float
    to: Colour
    of: Confirming | None = None


class VoidNear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value is worthless when ``quantity`` was at or above ``at`` within ``within_m`` in the ``for_s`` before it.

    ``name`` is what the log calls that.
    """

    kind: str
    quantity: str
    at: float
    within_m: float
    for_s: float
    name: Words


class Stuck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same value, above ``above``, in every reading for ``for_s``."""

    quantity: str
    for_s: float
    above: float = 0.0


class Spike(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A single value that lies more than ``by`` off those before and after it, all three within ``within_s``."""

    quantity: str
    by: float
    within_s: float


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What makes values hard to believe. A value outside ``plausible`` [low, high] is not judged by any other rule."""

    grade: Colour
    plausible: dict[str, tuple[float, float]] = {}
    stuck: Stuck | None = None
    spike: Spike | None = None


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one hazard type means for one kind of sensor.

    ``on_delay_s`` and ``on_samples`` out of the latest ``of_samples`` (both must be met) keep a grade waiting;
    ``deadband``, one for all or one per grade, is in the quantity's unit; ``off_delay_s`` passes before each step
    down; a grade in ``latch`` stays until checked on site, and so does any grade once the value was at or above
    ``over_range``, from where on the sensor may read low; ``realarm_s`` after a person cleared it, what is still bad
    is raised again. ``missed`` counts the sensor's own reporting intervals. ``strict`` says that the limit itself is
    still allowed. ``void`` names columns of the same reading that make the value worthless: a number at or above, or
    one of some words; ``void_near`` a quantity of other sensors around. ``muted_by`` names hazard types that, as grave
    or graver at the same sensor or another of the kind in its chamber, keep this one from being raised.
    ``maintenance`` marks hazards that are work on the sensor, never an emergency. ``certainty`` is that of the limits:
    from a norm, a vendor, general knowledge, or a proposal for the county to approve.
    """

    title: Words
    skill: Skill
    source: str
    certainty: Literal["norm", "vendor", "general", "proposal"] = "proposal"
    quantity: str | None = None
    cases: tuple[Case, ...] = ()
    missed: dict[Colour, int] = {}
    fault: Fault | None = None
    direction: Literal["above", "below"] = "above"
    rise: Rise | None = None
    neighbours: Neighbours | None = None
    void: dict[str, float | tuple[str, ...]] = {}
    void_near: VoidNear | None = None
    muted_by: tuple[str, ...] = ()
    on_delay_s: dict[Colour, float] = {}
    on_samples: dict[Colour, int] = {}
    of_samples: dict[Colour, int] = {}
    deadband: float | dict[Colour, float] = 0.0
    off_delay_s: float = 0.0
    realarm_s: float = 1800.0
    latch: tuple[Colour, ...] = ()
    over_range: float | None = None
    strict: bool = False
    maintenance: bool = False

    def margin(self, colour: Colour) -> float:
        """The deadband of a grade, in the quantity's unit."""
        return self.deadband.get(colour, 0.0) if isinstance(self.deadband, dict) else self.deadband


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All hazard types of one kind."""

    kind: str
    hazards: dict[str, Rule]
