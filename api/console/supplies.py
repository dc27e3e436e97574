"""Materials and shelters: what lies where, what is short, which shelters are open and how full."""

from typing import Any

from api.console.asking import Question, ask
from api.console.frame import Here, page
from api.console.listing import Act, Column, Listing
from api.console.names import who
from api.console.parts import section
from api.console.texts import N_
from api.console.words import MOVEMENTS, UNITS


@page("/supplies", N_("Materials"), allowed="list_stock", group="prepare", place=20, icon="inventory_2")
async def supplies(here: Here) -> None:
    """Stock by store, with minimum and what is promised; count, issue and take back; the trail."""
    _ = here.gettext
    called: dict[str, str] = {}
    stores = {each["store_id"]: here.texts.say(each["name"]) for each in (await _all(here, "/stores"))}

    async def look() -> None:
        lying = await _all(here, "/stock")
        stock.show([_stock_row(here, stores, each) for each in lying])
        called.update({each["item"]: here.texts.say(each["name"]) or each["item"] for each in lying})
        found = await here.person.get("/stock/movements", limit=50)
        trail.show([_movement_row(here, stores, called, each) for each in found["items"]])

    async def act(name: str, place: str) -> None:
        store, _slash, item = place.partition("/")
        questions = [Question("amount", _("How many"), "number")]
        if name != "counted":
            questions.append(Question("incident_id", _("For incident number"), "number", optional=True))
        questions.append(Question("note", _("Note"), optional=True))
        given = await ask(here, f"{_(MOVEMENTS[name])}: {called[item]}", questions)
        if given is not None:
            body = {"what": name, "incident_id": None, "note": "", **given}
            await here.person.post(f"/stores/{store}/stock/{item}/movements", body)
            await look()

    acts = [Act("issued", _("Issue")), Act("returned", _("Take back")), Act("counted", _("Count"))]
    with section(_("In the stores")):
        stock = Listing(
            here.texts,
            [
                Column("store", _("Store")),
                Column("name", _("Material")),
                Column("amount", _("There"), "number"),
                Column("reserved", _("Promised"), "number"),
                Column("minimum", _("Minimum"), "number"),
                Column("unit", _("Unit")),
                Column("state", _("State")),
            ],
            None,
            label=_("In the stores"),
            acts=acts if here.person.may("move_stock") else [],
            on_act=act,
        )
    with section(_("What was moved")):
        trail = Listing(
            here.texts,
            [
                Column("at", _("When"), "time"),
                Column("store", _("Store")),
                Column("item", _("Material")),
                Column("what", _("What")),
                Column("amount", _("How many"), "number"),
                Column("incident_id", _("Incident"), "number"),
                Column("actor", _("Who")),
                Column("note", _("Note")),
            ],
            None,
            label=_("What was moved"),
        )
    await look()


@page("/shelters", N_("Shelters"), allowed="list_shelters", group="prepare", place=30, icon="night_shelter")
async def shelters(here: Here) -> None:
    """Capacity, open or closed, how many are in, whom to call."""
    _ = here.gettext
    known: dict[str, dict[str, Any]] = {}

    async def look() -> None:
        known.update({each["shelter_id"]: each for each in await _all(here, "/shelters")})
        listing.show([_shelter_row(here, each) for each in known.values()])

    async def act(_name: str, shelter_id: str) -> None:
        shelter = known[shelter_id]
        questions = [
            Question("is_open", _("Open"), "switch", shelter["is_open"]),
            Question("occupancy", _("People in it"), "number", shelter["occupancy"]),
        ]
        given = await ask(here, here.texts.say(shelter["name"]), questions)
        if given is not None:
            await here.person.post(f"/shelters/{shelter_id}/state", {"is_open": False, **given})
            await look()

    listing = Listing(
        here.texts,
        [
            Column("name", _("Shelter")),
            Column("state", _("State")),
            Column("occupancy", _("People in it"), "number"),
            Column("capacity", _("Capacity"), "number"),
            Column("contact", _("Whom to call")),
            Column("phone", _("Telephone"), "code"),
            Column("updated_at", _("As of"), "time"),
        ],
        None,
        label=_("Shelters"),
        acts=[Act("state", _("Open, close, count"))] if here.person.may("set_shelter_state") else [],
        on_act=act,
    )
    await look()


async def _all(here: Here, path: str) -> list[dict[str, Any]]:
    """Every page of a short list."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        found = await here.person.get(path, limit=200, cursor=cursor)
        items += found["items"]
        cursor = found["next_cursor"]
        if cursor is None:
            return items


def _stock_row(here: Here, stores: dict[str, str], stock: dict[str, Any]) -> dict[str, Any]:
    _ = here.gettext
    return {
        **stock,
        "id": f"{stock['store_id']}/{stock['item']}",
        "store": stores.get(stock["store_id"], stock["store_id"]),
        "name": here.texts.say(stock["name"]) or stock["item"],
        "unit": _(UNITS.get(stock["unit"], stock["unit"])),
        "state": _("⚠ short") if stock["short"] else _("enough"),
    }


def _movement_row(
    here: Here, stores: dict[str, str], names: dict[str, str], movement: dict[str, Any]
) -> dict[str, Any]:
    return {
        **movement,
        "id": movement["movement_id"],
        "store": stores.get(movement["store_id"], movement["store_id"]),
        "item": names.get(movement["item"]) or movement["item"],
        "what": here.texts.word(MOVEMENTS, movement["what"]),
        "actor": who(here, movement["actor"]),
    }


def _shelter_row(here: Here, shelter: dict[str, Any]) -> dict[str, Any]:
    _ = here.gettext
    return {
        **shelter,
        "id": shelter["shelter_id"],
        "name": here.texts.say(shelter["name"]),
        "state": _("● open") if shelter["is_open"] else _("○ closed"),
    }
