"""The texts that pages choose by a value; the catalogues translate them."""

from collections.abc import Mapping
from types import MappingProxyType

from dispatch.steps import Action, Status

MARK = {"zh": "【演练】", "en": "DRILL "}


def N_(text: str) -> str:
    """Mark a text for the catalogues, which is translated where it is shown."""
    return text


STATUS: Mapping[Status, str] = MappingProxyType(
    {
        "unassigned": N_("Not assigned"),
        "ordered": N_("Ordered, not confirmed yet"),
        "accepted": N_("Confirmed"),
        "en_route": N_("On the way"),
        "on_scene": N_("On scene"),
        "working": N_("Working"),
        "done": N_("Done"),
        "checked": N_("Checked"),
        "failed": N_("Could not be done"),
        "refused": N_("Refused"),
        "cancelled": N_("Cancelled"),
    }
)
EVENTS: Mapping[str, str] = MappingProxyType(
    {
        **{str(status): text for status, text in STATUS.items()},
        "ordered": N_("Ordered"),
        "received": N_("Order received"),
        "check_in": N_("Crew reported: all well"),
    }
)
ACTIONS: Mapping[Action, str] = MappingProxyType(
    {
        "accept": N_("Confirm the order"),
        "refuse": N_("Refuse"),
        "en_route": N_("We are on the way"),
        "on_scene": N_("We are on scene"),
        "working": N_("Begin work"),
        "check_in": N_("Crew is well: report"),
        "done": N_("Work is done"),
        "fail": N_("Can't be done"),
    }
)
SIGNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "granted": (N_("YOU MAY ENTER"), N_("Entry permit granted")),
        "refused": (N_("DO NOT ENTER"), N_("Entry permit refused")),
        "revoked": (N_("GET OUT, DO NOT ENTER"), N_("Entry permit revoked")),
        "stale": (N_("DO NOT ENTER"), N_("Not known: the readings are too old")),
        "unknown": (N_("DO NOT ENTER"), N_("Not known: fresh readings are missing")),
        "unasked": (N_("DO NOT ENTER"), N_("No permit has been asked for")),
    }
)
GASES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "o2_pct_vol": (N_("Oxygen"), "%vol", "19.5 – 23.5"),
        "ch4_lel_pct": (N_("Methane"), "%LEL", "< 10"),
        "h2s_mg_m3": (N_("Hydrogen sulfide"), "mg/m³", "< 10"),
        "co_mg_m3": (N_("Carbon monoxide"), "mg/m³", "< 20"),
    }
)
