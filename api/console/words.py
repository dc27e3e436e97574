"""Words of the domain for pages: grades, stages, kinds, roles. Pages translate them with ``_``."""

from collections.abc import Mapping

from api.console.texts import N_

NUMERALS: Mapping[int, str] = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}
GRADES: Mapping[int, str] = {1: N_("red"), 2: N_("orange"), 3: N_("yellow"), 4: N_("blue")}
STAGES: Mapping[str, str] = {
    "reported": N_("reported"),
    "filed": N_("filed"),
    "dispatched": N_("dispatched"),
    "handling": N_("handling"),
    "fed_back": N_("fed back"),
    "verified": N_("verified"),
    "closed": N_("closed"),
}
KINDS: Mapping[str, str] = {
    "manhole": N_("manhole cover"),
    "gas": N_("gas"),
    "waterlogging": N_("waterlogging"),
    "noise": N_("noise"),
}
ROLES: Mapping[str, str] = {
    "viewer": N_("viewer"),
    "officer": N_("duty officer"),
    "approver": N_("approver"),
    "leader": N_("duty leader"),
    "squad": N_("squad member"),
    "administrator": N_("administrator"),
}
TASK_STATUS: Mapping[str, str] = {
    "unassigned": N_("waiting for a squad"),
    "ordered": N_("ordered"),
    "accepted": N_("confirmed"),
    "en_route": N_("en route"),
    "on_scene": N_("on scene"),
    "working": N_("working"),
    "done": N_("done"),
    "checked": N_("checked"),
    "failed": N_("failed"),
    "refused": N_("refused"),
    "cancelled": N_("called off"),
}
