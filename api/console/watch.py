"""The part of every page that runs in the browser: connection, alarms and their sound, keys, clock, wall board."""

from typing import Any

from nicegui import ui

from api.console.texts import Texts


class Watch(ui.element, component="watch.js", dependencies=["shared.js"]):
    """Shows the strips above a page and listens to the keyboard."""

    def __init__(self, texts: Texts, alarms: list[dict[str, Any]], rotation: list[str]) -> None:
        super().__init__()
        _ = texts.gettext
        self._props["language"] = texts.language
        self._props["rotation"] = rotation
        self._props["start"] = alarms
        self._props["texts"] = {
            "lost": _("Connection lost. What you see may be out of date; trying to reconnect."),
            "exercise": _("EXERCISE"),
            "more": _("and {count} more"),
            "mute": _("Mute"),
            "unmute": _("Sound on"),
            "allow": _("Your browser keeps the alarm silent until you click here"),
            "unacknowledged": _("not acknowledged"),
            "keys": _("Keys"),
            "close": _("Close"),
            "wall": _("wall board"),
            "leave_wall": _("Leave the wall board"),
            "grades": {"1": _("red"), "2": _("orange")},
            "help": [
                ["j / k", _("next / previous line")],
                ["Enter", _("open the line")],
                ["a", _("acknowledge")],
                ["d", _("dispatch")],
                ["c", _("comment")],
                ["m", _("mute or unmute the alarm")],
                ["w", _("wall board")],
                ["?", _("these keys")],
            ],
        }

    def pulse(self) -> None:
        """Show that the connection lives."""
        self.run_method("pulse")

    def show(self, alarms: list[dict[str, Any]]) -> None:
        """Show these alarms, and no others any more."""
        self.run_method("show", alarms)
