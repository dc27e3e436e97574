"""The console's pages in the order of the menu. A page enters itself here by being declared."""

from dataclasses import dataclass

from api.access.roles import PERMISSIONS, Role
from api.console.door import PREFIX
from api.console.texts import N_

GROUPS = {
    "watch": N_("Watch"),
    "respond": N_("Respond"),
    "sense": N_("Sense"),
    "prepare": N_("Prepare"),
    "run": N_("Run"),
}
"""Sections of the menu by their key, in order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu; who may use the route ``allowed`` sees it. ``place`` orders it in its group."""

    path: str
    title: str
    group: str
    place: int
    icon: str
    allowed: str
    wall: bool


_entries: list[Entry] = []


def enter(entry: Entry) -> None:
    """Put a page into the menu."""
    assert entry.group in GROUPS, f"{entry.group} is no group of the menu"
    _entries.append(entry)


def menu(role: Role) -> list[tuple[str, list[Entry]]]:
    """What a role sees: the title of each group, and its entries."""
    allowed = [entry for entry in _entries if role in PERMISSIONS[entry.allowed]]
    found = [
        (title, sorted((entry for entry in allowed if entry.group == key), key=lambda entry: entry.place))
        for key, title in GROUPS.items()
    ]
    return [(title, entries) for title, entries in found if entries]


def rotation(role: Role) -> list[str]:
    """Addresses of the pages that take turns on a wall board."""
    return [f"{PREFIX}{entry.path}" for _title, entries in menu(role) for entry in entries if entry.wall]
