"""What happened, in words: the events of incidents, hazards, tasks and all else that stands in a timeline."""

from collections.abc import Callable, Mapping

from api.console.texts import N_, texts_in
from api.console.words import MOVEMENTS, STAGES, TASK_STATUS, WARNING_STATES
from dispatch.words import Words

EVENTS: Mapping[str, Mapping[str, str]] = {
    "incident": {
        **STAGES,
        "opened": N_("opened"),
        "joined": N_("a hazard joined"),
        "regraded": N_("grade changed"),
        "returned": N_("returned"),
        "commented": N_("comment"),
        "dismissed": N_("dismissed"),
        "merged": N_("merged"),
        "split": N_("split"),
        "levelled": N_("event level set"),
        "appealed": N_("appealed"),
        "appeal_granted": N_("appeal granted"),
        "appeal_rejected": N_("appeal rejected"),
        "over": N_("reported as over"),
    },
    "hazard": {
        "raised": N_("raised"),
        "upgraded": N_("graver"),
        "downgraded": N_("less grave"),
        "latched": N_("latched"),
        "cleared": N_("cleared"),
        "acknowledged": N_("acknowledged"),
        "commented": N_("comment"),
        "checked": N_("checked on site"),
        "false_alarm": N_("false alarm"),
        "dismissed": N_("cleared by hand"),
        "silenced": N_("silenced"),
    },
    "task": {**TASK_STATUS, "received": N_("order received"), "check_in": N_("the crew is well")},
    "message": {
        "order": N_("order sent"),
        "opened": N_("told of the incident"),
        "regraded": N_("told of the grade"),
        "shortfall": N_("told of a shortfall"),
        "overdue": N_("told that a step is overdue"),
        "preemption": N_("asked to take a squad off"),
        "cancelled": N_("called off"),
        "reminder": N_("reminded"),
        "permit": N_("told of the permit"),
        "report": N_("told that a report is due"),
        "audit": N_("told of something left lying"),
        "channel": N_("told that a channel fails"),
        "stock": N_("told of short materials"),
        "work_order": N_("work order sent"),
        "received": N_("message received"),
    },
    "permit": {
        "granted": N_("entry granted"),
        "refused": N_("entry refused"),
        "unknown": N_("entry refused: readings missing"),
        "ended": N_("permit ended"),
    },
    "site": {"note": N_("note from the site"), "photo": N_("photo from the site")},
    "report": {
        "first": N_("first report"),
        "follow_up": N_("follow-up report"),
        "final": N_("final report"),
    },
    "material": MOVEMENTS,
    "warning": {**WARNING_STATES, "drafted": N_("drafted"), "edited": N_("corrected")},
}
"""By what it happened to and by the code of the event."""

SUBJECTS: Mapping[str, str] = {
    "incident": N_("incident"),
    "hazard": N_("hazard"),
    "task": N_("order"),
    "message": N_("message"),
    "permit": N_("entry permit"),
    "site": N_("on site"),
    "report": N_("situation report"),
    "material": N_("material"),
}


ACTORS: Mapping[str, str] = {
    "engine": N_("rule engine"),
    "dispatcher": N_("automatic dispatch"),
    "lifeline": N_("shipped with the hub"),
    "lifeline init": N_("loaded with the county"),
    "county data": N_("loaded with the county"),
}
"""Who is no person and no squad."""


def event_word(_: Callable[[str], str], of: str, event: str) -> str:
    """What happened, in the language of ``_``; the code of one that has no word yet."""
    return _(EVENTS[of].get(event, event))


def in_both(of: str, event: str) -> tuple[Words, Words]:
    """To what it happened and what it was, in both languages."""
    zh, en = texts_in("zh").gettext, texts_in("en").gettext
    subject = SUBJECTS[of]
    return Words(zh(subject), en(subject)), Words(event_word(zh, of, event), event_word(en, of, event))
