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
STATES: Mapping[str, str] = {
    "closed": N_("cover shut"),
    "open": N_("cover open"),
    "displaced": N_("cover displaced"),
    "missing": N_("cover missing"),
}
UNITS: Mapping[str, str] = {
    "个": N_("pieces"),
    "件": N_("garments"),
    "卷": N_("rolls"),
    "台": N_("machines"),
    "套": N_("sets"),
}
INCIDENT_KINDS: Mapping[str, str] = {**KINDS, "hub": N_("the hub itself")}
ROLES: Mapping[str, str] = {
    "viewer": N_("viewer"),
    "officer": N_("duty officer"),
    "approver": N_("approver"),
    "leader": N_("duty leader"),
    "squad": N_("squad member"),
    "administrator": N_("administrator"),
    "device": N_("device integration"),
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
SKILLS: Mapping[str, str] = {
    "gas": N_("gas"),
    "drainage": N_("drainage"),
    "cover": N_("covers"),
    "noise": N_("noise enforcement"),
    "traffic": N_("traffic"),
    "medical": N_("medical"),
    "maintenance": N_("sensor maintenance"),
}
STANDINGS: Mapping[str, str] = {
    "available": N_("available"),
    "assigned": N_("assigned"),
    "en_route": N_("en route"),
    "on_scene": N_("on scene"),
    "resting": N_("resting"),
    "off_duty": N_("off duty"),
    "out_of_service": N_("out of service"),
}
SHIFT_KINDS: Mapping[str, str] = {"duty": N_("on duty"), "leave": N_("on leave")}
MOVEMENTS: Mapping[str, str] = {
    "counted": N_("counted"),
    "reserved": N_("promised"),
    "issued": N_("issued"),
    "returned": N_("taken back"),
    "released": N_("released"),
}
REVISION_STATES: Mapping[str, str] = {
    "proposed": N_("waits for approval"),
    "approved": N_("approved"),
    "rejected": N_("rejected"),
}
PERSONS: Mapping[str, str] = {
    "grid_person": N_("grid's responsible person"),
    "owner_unit": N_("owner unit"),
    "leader": N_("duty leader"),
    "duty_officer": N_("duty officer"),
    "county_leader": N_("county leader"),
}
WARNING_STATES: Mapping[str, str] = {
    "draft": N_("draft"),
    "approved": N_("approved"),
    "released": N_("released"),
    "superseded": N_("superseded"),
    "cancelled": N_("cancelled"),
    "discarded": N_("thrown away"),
}
EXERCISE_STATES: Mapping[str, str] = {
    "running": N_("running"),
    "paused": N_("paused"),
    "ended": N_("ended"),
}
KEY_TIMES: Mapping[str, str] = {
    "detected": N_("detected"),
    "filed": N_("filed"),
    "dispatched": N_("dispatched"),
    "confirmed": N_("confirmed"),
    "arrived": N_("arrived"),
    "finished": N_("finished"),
    "verified": N_("verified"),
    "closed": N_("closed"),
}
TRUST: Mapping[str, str] = {"high": N_("high"), "reduced": N_("reduced"), "low": N_("low")}
QUARANTINE_STATES: Mapping[str, str] = {
    "held": N_("held"),
    "replayed": N_("replayed"),
    "dropped": N_("dropped"),
}
NOTIFICATION_STATES: Mapping[str, str] = {
    "waiting": N_("waiting"),
    "sent": N_("sent"),
    "received": N_("received"),
    "dead": N_("could not be delivered"),
}
CHANNELS: Mapping[str, str] = {"console": N_("console"), "mqtt": N_("squad's device")}
"""Ways to people and squads; the others are called as the county's own file of channels has them."""

ATTRIBUTES: Mapping[str, str] = {
    "placement": N_("placement"),
    "chamber": N_("chamber"),
    "place": N_("kind of road"),
    "road": N_("stands on"),
    "noise_class": N_("noise class"),
    "calibration_due": N_("Calibration due"),
    "open": N_("in the open"),
    "carriageway": N_("carriageway"),
    "pavement": N_("pavement"),
    "underpass": N_("underpass"),
}
"""What the shipped rules tell sensors apart by, names and values alike; a county may have attributes of its own."""

SOURCES: Mapping[str, str] = {
    "hotline": N_("hotline 12319"),
    "police": N_("police 110"),
    "patrol": N_("patrol"),
    "system": N_("another system"),
}
REPORTED_TYPES: Mapping[str, str] = {
    "gas_smell": N_("smell of gas"),
    "ponding": N_("water on the road"),
    "cover_missing": N_("cover missing"),
    "cover_open": N_("cover open"),
    "cover_cracked": N_("cover cracked"),
    "cover_rattling": N_("cover rattling"),
    "noise_exceedance": N_("noise"),
}
