"""Who answers for what: grid cells with their responsible persons and owner units, and whom the hub tells."""

from typing import Any

from api.console.frame import Here, page
from api.console.listing import Column, Listing
from api.console.parts import section
from api.console.texts import N_
from api.console.words import CHANNELS, KINDS, PERSONS


@page("/duty", N_("Grids and contacts"), allowed="list_grids", group="respond", place=50, icon="contact_phone")
async def duty(here: Here) -> None:
    """Every grid cell and every contact."""
    _ = here.gettext
    grids = (await here.person.get("/grids", limit=200))["items"]
    contacts = (await here.person.get("/contacts", limit=200))["items"]
    with section(_("Grids")):
        Listing(
            here.texts,
            [
                Column("name", _("Grid")),
                Column("town", _("Town")),
                Column("responsible_person", _("Responsible")),
                Column("responsible_phone", _("Telephone"), "code"),
                Column("owners", _("Owner units")),
                Column("sensors", _("Sensors"), "number"),
                Column("open_incidents", _("Open incidents"), "number"),
            ],
            [_grid(here, each) for each in grids],
            label=_("Grids"),
        )
    with section(_("Contacts")):
        Listing(
            here.texts,
            [
                Column("name", _("Contact person")),
                Column("person", _("Function")),
                Column("unit", _("Unit")),
                Column("phone", _("Telephone"), "code"),
                Column("channels", _("Told by")),
            ],
            [_contact(here, each) for each in contacts],
            label=_("Contacts"),
        )


def _grid(here: Here, grid: dict[str, Any]) -> dict[str, Any]:
    kinds = {kind: here.gettext(word) for kind, word in KINDS.items()}
    return {
        **{name: value for name, value in grid.items() if name != "outline"},
        "id": grid["grid_id"],
        "name": here.texts.say(grid["name"]),
        "town": here.texts.say(grid["town"]),
        "owners": ", ".join(f"{kinds.get(asset, asset)}: {unit}" for asset, unit in grid["owners"].items()),
    }


def _contact(here: Here, contact: dict[str, Any]) -> dict[str, Any]:
    return {
        **contact,
        "id": contact["contact_id"],
        "name": here.texts.say(contact["name"]),
        "person": here.texts.word(PERSONS, contact["person"]),
        "channels": ", ".join(here.gettext(CHANNELS.get(each, each)) for each in contact["channels"]),
    }
