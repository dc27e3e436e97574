"""All pages of the console: importing one puts it into the menu."""

from api.console import audit, me

__all__ = ["audit", "me"]
