"""All pages of the console: importing one puts it into the menu."""

from api.console import audit, board, incident, map, me

__all__ = ["audit", "board", "incident", "map", "me"]
