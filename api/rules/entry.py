"""Rules as a request holds them, one kind's at a time, as a rule file does."""

from typing import Annotated, Any

import orjson
from pydantic import Field

from alerts.rulefile import parse_rules
from alerts.rules import RuleFile
from api.errors import InvalidValue
from api.fields import HazardType, KindName, Strict

EXAMPLE: dict[str, Any] = {
    "title": {"zh": "氧含量异常", "en": "oxygen out of range"},
    "skill": "gas",
    "source": "GBZ 2.1",
    "certainty": "norm",
    "quantity": "o2_pct_vol",
    "direction": "below",
    "cases": [{"limits": {"yellow": 19.5, "orange": 18, "red": 16}}],
    "off_delay_s": 600,
}


class RulesEntry(Strict):
    """Rules of one kind by hazard type, in the form of the files of `alerts/rules`, with all that mutes them."""

    kind: KindName
    hazards: Annotated[dict[HazardType, dict[str, Any]], Field(min_length=1, max_length=50)] = Field(
        description="Each with title, skill, source and one of quantity (with cases), missed, fault",
        examples=[{"oxygen": EXAMPLE}],
    )

    def read(self) -> RuleFile:
        """The rules, checked. Raises InvalidValue, and RuleError that says what to change."""
        try:
            raw = orjson.dumps(self.hazards)
        except TypeError as error:  # half a surrogate pair, a whole number of more than 64 bits
            raise _unwritable() from error
        if b"\\u0000" in raw:
            raise _unwritable()
        # What JSON doesn't know, as NaN, is null after this.
        return parse_rules("body", {"kind": self.kind, "hazards": orjson.loads(raw)})


def _unwritable() -> InvalidValue:
    return InvalidValue(
        "body.hazards",
        zh="hazards 含有无法保存的字符或数值。",
        en="hazards holds a character or a number that can't be kept.",
    )
