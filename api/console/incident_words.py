"""The words of an incident's page."""

from collections.abc import Callable
from typing import Any

from api.console.event_words import EVENTS
from api.console.texts import N_
from api.console.words import GRADES, INCIDENT_KINDS, NUMERALS, STAGES, STATES, TASK_STATUS

_ACTS = {
    "acknowledge": N_("Acknowledge"),
    "file": N_("File and dispatch"),
    "reassign": N_("Send another squad"),
    "comment": N_("Comment"),
    "return": N_("Return with a reason"),
    "feed_back": N_("Note what was handed back"),
    "verify": N_("Verify"),
    "override": N_("Verify against the sensors"),
    "close": N_("Close the case"),
    "merge": N_("Merge into another"),
    "dismiss": N_("Dismiss"),
    "warn": N_("Draft a warning"),
}
_STEPS = {
    "accept": N_("Confirmed by telephone"),
    "refuse": N_("Refused by telephone"),
    "en_route": N_("En route"),
    "on_scene": N_("On scene"),
    "done": N_("Done"),
    "cancel": N_("Call off"),
}
_PLAIN = {
    "exercise": N_("EXERCISE"),
    "drill": N_("This belongs to an exercise: nothing of it is real."),
    "stage": N_("Stage"),
    "why": N_("Why"),
    "cleared": N_("cleared"),
    "acknowledged": N_("acknowledged"),
    "unacknowledged": N_("not acknowledged"),
    "rule": N_("Rule"),
    "revision": N_("revision"),
    "approved": N_("approved by"),
    "trust": N_("Doubts"),
    "chart": N_("values against limits"),
    "sensor": N_("Sensor"),
    "camera": N_("Camera"),
    "near": N_("Nearby"),
    "reported": N_("Reported by a person; no sensor found it."),
    "tasks": N_("Squads and orders"),
    "clock": N_("next step in"),
    "overdue": N_("overdue"),
    "because": N_("Because"),
    "passed": N_("Passed over"),
    "other": N_("Send another squad"),
    "nobody": N_("Nobody was sent."),
    "unassigned": N_("No squad yet"),
    "timeline": N_("Timeline"),
    "instead": N_("Instead of"),
    "ordered": N_("has the order"),
    "into": N_("Into the incident with the number"),
    "reason": N_("Reason"),
    "cancel": N_("Cancel"),
}


def words_of(_: Callable[[str], str]) -> dict[str, Any]:
    """All of them in the language of ``_``."""
    colours = ("red", "orange", "yellow", "blue")
    status = {name: _(word) for name, word in TASK_STATUS.items()}
    stages = {name: _(word) for name, word in STAGES.items()}
    events = {f"{of} {event}": _(word) for of in ("incident", "hazard", "task") for event, word in EVENTS[of].items()}
    return {
        **{name: _(word) for name, word in _PLAIN.items()},
        "grades": {str(grade): f"{NUMERALS[grade]} {_(word)}" for grade, word in GRADES.items()},
        "colours": {colour: _(GRADES[place]) for place, colour in enumerate(colours, 1)},
        "kinds": {name: _(word) for name, word in INCIDENT_KINDS.items()},
        "stages": stages,
        "states": {name: _(word) for name, word in STATES.items()},
        "status": status,
        "acts": {name: _(word) for name, word in _ACTS.items()},
        "steps": {name: _(word) for name, word in _STEPS.items()},
        "events": events,
    }
