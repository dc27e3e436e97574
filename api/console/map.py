"""The county map: towns, grids, sensors by kind and state, squads, incidents. It needs no tile server."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.console.frame import Here, page
from api.console.texts import N_
from api.console.words import GRADES, KINDS, NUMERALS, STANDINGS


class CountyMap(ui.element, component="map.js", dependencies=["shared.js"]):
    """Drawn by the browser on a canvas from the shared snapshots and their changes."""

    def __init__(self, here: Here) -> None:
        super().__init__()
        _ = here.gettext
        self._props["language"] = here.texts.language
        self._props["tiles"] = here.tiles
        self._props["words"] = {
            "grades": {str(grade): f"{NUMERALS[grade]} {_(word)}" for grade, word in GRADES.items()},
            "kinds": {kind: _(word) for kind, word in KINDS.items()},
            "standings": {standing: _(word) for standing, word in STANDINGS.items()},
            "exercise": _("EXERCISE"),
            "map": _("County map: towns, grids, sensors, squads and incidents"),
            "sensors": _("Sensors"),
            "squads": _("Squads"),
            "mark": _("S"),
            "incidents": _("Incidents"),
            "ill": _("silent or faulty"),
            "ok": _("without a finding"),
            "near": _("At this place"),
            "whole": _("Whole county"),
            "closer": _("Closer"),
            "farther": _("Farther"),
            "close": _("Close"),
            "how": _("Drag to move, turn the wheel to come closer, click for what is there; keys: + - 0 and arrows."),
        }

    def change_map(self, change: Mapping[str, Any]) -> None:
        """Apply a change of sensors and squads."""
        self.run_method("changeMap", change)

    def change_board(self, change: Mapping[str, Any]) -> None:
        """Apply a change of incidents."""
        self.run_method("changeBoard", change)


@page("/map", N_("County map"), allowed="show_map", group="watch", place=20, icon="map", wall=True)
async def county_map(here: Here) -> None:
    """What is where."""
    shown = CountyMap(here)
    here.follow(here.situation.map, shown.change_map)
    here.follow(here.situation.board, shown.change_board)
