"""Settings of a person: who they are, language and appearance, password, and where else they are signed in."""

from typing import Any

from nicegui import ui

from api.console.door import PREFIX
from api.console.frame import Here, page
from api.console.listing import Act, Column, Listing
from api.console.parts import section
from api.console.texts import N_
from api.console.words import ROLES


@page("/me", N_("My settings"), allowed="show_me", group="run", place=90, icon="person")
async def me(here: Here) -> None:
    """Who I am, and where."""
    _ = here.gettext
    with section(_("Who I am")):
        ui.label(
            _("{name}, {role}").format(name=here.person.full_name or here.person.name, role=_(ROLES[here.person.role]))
        )
        ui.link(_("Choose another password"), f"{PREFIX}/password?next={PREFIX}/me")
    with section(_("Where I am signed in")):
        ui.label(_("End what you don't know: somebody else may be using your name."))

        async def end(_name: str, session_id: Any) -> None:
            await here.person.ask("DELETE", f"/auth/sessions/{session_id}")
            sessions.show(await _sessions(here))

        sessions = Listing(
            here.texts,
            [
                Column("created_at", _("Since"), "time"),
                Column("refreshed_at", _("Last used"), "time"),
                Column("address", _("Address"), "code"),
                Column("agent", _("Program")),
            ],
            await _sessions(here),
            label=_("Where I am signed in"),
            acts=[Act("end", _("End it"))],
            on_act=end,
        )


async def _sessions(here: Here) -> list[dict[str, Any]]:
    found = await here.person.get("/auth/sessions")
    return [{**session, "id": session["session_id"]} for session in found["items"]]
