"""What people and squads are called, where the API gives their ids: squads, contacts, who did something."""

from collections.abc import Mapping

from api.console.event_words import ACTORS
from api.console.frame import Here

_SQUAD, _PERSON, _KEY = "squad:", "user:", "key:"


async def names_of(here: Here) -> dict[str, str]:
    """Names of squads and contacts by their ids."""
    squads = await here.person.get("/squads", limit=500)
    contacts = await here.person.get("/contacts", limit=500)
    return {each["squad_id"]: here.texts.say(each["name"]) for each in squads["items"]} | {
        each["contact_id"]: here.texts.say(each["name"]) for each in contacts["items"]
    }


async def grid_names(here: Here) -> dict[str, str]:
    """Names of grid cells by their ids."""
    grids = await here.person.get("/grids", limit=500)
    return {each["grid_id"]: here.texts.say(each["name"]) for each in grids["items"]}


def who(here: Here, actor: str | None, names: Mapping[str, str] | None = None) -> str:
    """Who did something, in the person's language: a squad by ``names``, a person as they sign in; empty for nobody."""
    _, known = here.gettext, names or {}
    if not actor:
        return ""
    if actor.startswith(_SQUAD):
        squad = actor.removeprefix(_SQUAD)
        return known.get(squad, squad)
    if actor.startswith(_KEY):
        return _("key {name}").format(name=actor.removeprefix(_KEY))
    return known.get(actor) or (_(ACTORS[actor]) if actor in ACTORS else actor.removeprefix(_PERSON))
