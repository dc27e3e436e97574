"""The live board: open incidents by grade, with age, stage, the clock that runs down, squads and what they do."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.console.frame import Here, page
from api.console.texts import N_, Texts
from api.console.words import GRADES, INCIDENT_KINDS, NUMERALS, STAGES, TASK_STATUS


class Board(ui.element, component="board.js", dependencies=["shared.js"]):
    """Drawn by the browser from the shared snapshot and its changes."""

    def __init__(self, texts: Texts, *, may_acknowledge: bool) -> None:
        super().__init__()
        _ = texts.gettext
        self._props["language"] = texts.language
        self._props["may"] = may_acknowledge
        self._props["words"] = {
            "grades": {str(grade): f"{NUMERALS[grade]} {_(word)}" for grade, word in GRADES.items()},
            "stages": {stage: _(word) for stage, word in STAGES.items()},
            "kinds": {kind: _(word) for kind, word in INCIDENT_KINDS.items()},
            "status": {status: _(word) for status, word in TASK_STATUS.items()},
            "exercise": _("EXERCISE"),
            "label": _("Open incidents"),
            "grade": _("Grade"),
            "incident": _("Incident"),
            "place": _("Where"),
            "age": _("Open for"),
            "stage": _("Stage"),
            "clock": _("Time left"),
            "squads": _("Squads"),
            "acknowledge": _("Acknowledge"),
            "acknowledged": _("acknowledged"),
            "dispatch": _("Dispatch"),
            "comment": _("Comment"),
            "all": _("All"),
            "overdue": _("overdue"),
            "none": _("No incident is open."),
            "unacknowledged": _("not acknowledged"),
            "step": _("next step of the order"),
            "due": _("hand-back"),
            "more": _("and {count} more; narrow the choice by grade"),
        }

    def change(self, change: Mapping[str, Any]) -> None:
        """Apply a change of the shared rows."""
        self.run_method("change", change)


@page("/board", N_("Live board"), allowed="show_board", group="watch", place=10, icon="dashboard", wall=True)
async def board(here: Here) -> None:
    """What is open now."""
    shown = Board(here.texts, may_acknowledge=here.person.may("acknowledge_incident"))

    async def acknowledge(number: int, exercise: bool) -> None:
        await here.person.ask("POST", f"/incidents/{number}/acknowledge", exercises=exercise)

    shown.on("acknowledge", lambda event: acknowledge(int(event.args[0]), bool(event.args[1])))
    here.follow(here.situation.board, shown.change)
