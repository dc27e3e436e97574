"""Exercises: hold a drill with real squads, watch it, pause or end it, read its score and what it taught."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.console.asking import Question, ask
from api.console.exercise_course import what_happens
from api.console.frame import Here, page
from api.console.listing import Act, Column, Listing
from api.console.names import names_of
from api.console.parts import section
from api.console.texts import N_
from api.console.words import EXERCISE_STATES

_LOOK_S = 5.0


@page("/exercises", N_("Exercises"), allowed="list_exercises", group="prepare", place=50, icon="sports")
async def exercises(here: Here) -> None:
    """The drills that can be held, and those that were or are being held."""
    _ = here.gettext
    names = await names_of(here)

    async def look() -> None:
        found = await here.person.get("/exercises", limit=50)
        held.show([_row(here, names, each) for each in found["items"]])

    async def act(name: str, exercise_id: int) -> None:
        if name == "pause":
            given = await ask(here, _("Pause the exercise"), [Question("reason", _("Reason"))])
            if given is None:
                return
            await here.person.post(f"/exercises/{exercise_id}/pause", given)
        elif name == "resume":
            await here.person.post(f"/exercises/{exercise_id}/resume")
        else:
            if await ask(here, _("End the exercise for good?"), []) is None:
                return
            await here.person.post(f"/exercises/{exercise_id}/end")
        await look()

    with section(_("Held, the newest first")):
        held = Listing(
            here.texts,
            [
                Column("title", _("Exercise"), "link"),
                Column("status", _("State")),
                Column("started_at", _("Begun"), "time"),
                Column("ended_at", _("Ended"), "time"),
                Column("squads", _("Squads")),
                Column("pause_reason", _("Paused because")),
            ],
            None,
            label=_("Held, the newest first"),
            acts=[Act("pause", _("Pause")), Act("resume", _("Resume")), Act("end", _("End"))]
            if here.person.may("end_exercise")
            else [],
            on_act=act,
        )
    await _drills(here)
    # Exercises are not in the feed of what happens, which is the real world's.
    ui.timer(_LOOK_S, look)
    await look()


async def _drills(here: Here) -> None:
    _ = here.gettext
    drills = (await here.person.get("/drills"))["items"]
    titles = {drill["name"]: here.texts.say(drill["title"]) for drill in drills}

    async def start(_name: str, drill: str) -> None:
        squads = (await here.person.get("/squads", limit=200))["items"]
        contacts = (await here.person.get("/contacts", limit=200))["items"]
        given = await ask(
            here,
            _("Hold this drill now, with real squads?"),
            [
                Question(
                    "squads",
                    _("Squads that take part (all when none is chosen)"),
                    "several",
                    choices={each["squad_id"]: here.texts.say(each["name"]) for each in squads},
                    optional=True,
                ),
                Question(
                    "people",
                    _("People who are told (nobody when none is chosen)"),
                    "several",
                    choices={each["contact_id"]: here.texts.say(each["name"]) for each in contacts},
                    optional=True,
                ),
            ],
            about=titles[drill],
        )
        if given is not None:
            await here.person.post(f"/drills/{drill}/start", given)
            ui.notify(_("It begins within seconds and stands in the list then."), type="positive")

    with section(_("Drills")):
        Listing(
            here.texts,
            [
                Column("title", _("Drill")),
                Column("name", _("Script"), "code"),
                Column("minutes", _("Minutes"), "number"),
                Column("wanted", _("Wanted outcomes"), "number"),
            ],
            [
                {
                    **drill,
                    "id": drill["name"],
                    "title": titles[drill["name"]],
                    "minutes": drill["duration_s"] // 60,
                }
                for drill in drills
            ],
            label=_("Drills"),
            acts=[Act("start", _("Hold it"))] if here.person.may("start_drill") else [],
            on_act=start,
        )


@page("/exercises/{exercise_id}", N_("Exercise"), allowed="show_exercise")
async def exercise(here: Here, exercise_id: int) -> None:
    """One exercise with its incidents and tasks and, once it is over, its report."""
    _ = here.gettext
    found = await here.person.get(f"/exercises/{exercise_id}")
    names = await names_of(here)
    over = found["status"] == "ended"
    state = _head(here, names, found)
    if found["report"]:
        _report(here, found["report"])
    look_at_what_happens = what_happens(here, names, exercise_id)

    async def look() -> None:
        now = await here.person.get(f"/exercises/{exercise_id}")
        if now["status"] == "ended":
            ui.navigate.reload()
        state.text = _state(here, now)
        await look_at_what_happens()

    def moved(change: Mapping[str, Any]) -> None:
        if change["gone"] or any(row["exercise_id"] == exercise_id for row in change["rows"]):
            here.later(look)

    if not over:
        ui.timer(_LOOK_S, look)
        here.follow(here.situation.board, moved)  # not in the feed; the board knows
    await look_at_what_happens()


def _state(here: Here, exercise: dict[str, Any]) -> str:
    return here.gettext("State: {state}").format(state=here.texts.word(EXERCISE_STATES, exercise["status"]))


def _head(here: Here, names: Mapping[str, str], found: dict[str, Any]) -> ui.label:
    """What there is to say of it in a few lines; gives that of its state, which changes."""
    _ = here.gettext
    with section(here.texts.say(found["title"])).classes("exercise"):
        ui.label(f"【{_('EXERCISE')}】").classes("exercise-mark")
        state = ui.label(_state(here, found))
        ui.label(_("Squads: {squads}").format(squads=_squads(names, found)))
        ui.label(
            _("From {start} to {end}").format(
                start=here.texts.time(found["started_at"]), end=here.texts.time(found["ended_at"]) or "…"
            )
        )
        report = found["report"]
        if not report:
            over = found["status"] == "ended"
            ui.label(_("It was ended early: there is no report.") if over else _("Its report is here once it is over."))
            return state
        verdict = _("All that was wanted happened.") if report["passed"] else _("Not all that was wanted happened.")
        ui.label(_("{score} of 100 points. {verdict}").format(score=report["score"], verdict=verdict)).classes(
            "text-h6"
        )
    return state


def _report(here: Here, report: dict[str, Any]) -> None:
    _ = here.gettext
    say = here.texts.say
    with section(_("Wanted and happened")):
        Listing(
            here.texts,
            [
                Column("text", _("Wanted")),
                Column("window", _("Between"), "code"),
                Column("at", _("Happened at"), "code"),
                Column("verdict", _("Verdict")),
            ],
            [
                {
                    "id": place,
                    "text": say(each["text"]),
                    "window": f"{_clock(each['after_s'])} … {_clock(each['before_s'])}",
                    "at": _clock(each["at_s"]),
                    "verdict": _("✓ yes") if each["happened"] else _("✗ no"),
                }
                for place, each in enumerate(report["outcomes"])
            ],
            label=_("Wanted and happened"),
        )
    with section(_("What it taught")):
        Listing(
            here.texts,
            [Column("finding", _("Finding")), Column("proposal", _("Proposal"))],
            [
                {
                    "id": place,
                    "finding": each[here.texts.language],
                    "proposal": each[f"proposal_{here.texts.language}"],
                }
                for place, each in enumerate(report["findings"])
            ],
            label=_("What it taught"),
        )
        ui.link(_("Plans, to propose a change"), "/plans")


def _squads(names: Mapping[str, str], exercise: dict[str, Any]) -> str:
    return ", ".join(names.get(squad, squad) for squad in exercise["squads"])


def _row(here: Here, names: Mapping[str, str], exercise: dict[str, Any]) -> dict[str, Any]:
    without = {"running": ["resume"], "paused": ["pause"], "ended": ["pause", "resume", "end"]}
    return {
        **exercise,
        "id": exercise["exercise_id"],
        "exercise": True,
        "title": [here.texts.say(exercise["title"]) or exercise["drill"], f"exercises/{exercise['exercise_id']}"],
        "status": here.texts.word(EXERCISE_STATES, exercise["status"]),
        "squads": _squads(names, exercise),
        "without": without[exercise["status"]],
    }


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
