"""The squads' status board: who can be sent, who is busy with what, where they were last seen."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.console.asking import Question, ask
from api.console.frame import Here, page
from api.console.listing import Act, Column, Listing
from api.console.parts import heading
from api.console.texts import N_
from api.console.words import SKILLS, STANDINGS


@page("/squads", N_("Squads"), allowed="list_squads", group="respond", place=30, icon="groups", wall=True)
async def squads(here: Here) -> None:
    """Every squad with its standing; out of service and back; who is in it and what they drive."""
    _ = here.gettext
    known: dict[str, dict[str, Any]] = {}

    async def look() -> None:
        found = (await here.person.ask("GET", "/squads", query={"limit": 200}, exercises=True)).body
        known.clear()
        known.update({squad["squad_id"]: squad for squad in found["items"]})
        listing.show([_row(here, squad) for squad in known.values()])

    async def act(name: str, squad_id: str) -> None:
        if name == "open":
            _open(here, known[squad_id])
            return
        if name == "out":
            title = _("Take {squad} out of service").format(squad=here.texts.say(known[squad_id]["name"]))
            given = await ask(here, title, [Question("reason", _("Reason"))])
            if given is None:
                return
            await here.person.post(f"/squads/{squad_id}/out-of-service", given)
        else:
            await here.person.post(f"/squads/{squad_id}/in-service")
        await look()

    acts = [Act("open", _("Members"), key="Enter")]
    if here.person.may("take_squad_out"):
        acts += [Act("out", _("Out of service")), Act("back", _("Back in service"))]
    listing = Listing(
        here.texts,
        [
            Column("name", _("Squad")),
            Column("standing", _("Standing")),
            Column("skills", _("Can do")),
            Column("tasks", _("Open tasks"), "number"),
            Column("duty", _("On duty"), "code"),
            Column("seen_at", _("Last seen"), "time"),
            Column("phone", _("Telephone"), "code"),
        ],
        None,
        label=_("Squads"),
        acts=acts,
        on_act=act,
    )

    def moved(change: Mapping[str, Any]) -> None:
        if change["gone"] or any(row["exercise_id"] for row in change["rows"]):
            here.later(look)

    here.on_change(["squad", "task"], lambda _happenings: look())
    here.follow(here.situation.board, moved)  # tasks of exercises are not in the feed; the board knows
    await look()


def _row(here: Here, squad: dict[str, Any]) -> dict[str, Any]:
    _ = here.gettext
    is_out = squad["out_since"] is not None  # whatever it is still at
    standing = here.texts.word(STANDINGS, "out_of_service" if is_out else squad["standing"])
    return {
        "id": squad["squad_id"],
        "exercise": bool(squad["open_tasks"]) and squad["open_tasks"] == squad["exercise_tasks"],
        "name": here.texts.say(squad["name"]),
        "standing": f"{standing}: {squad['out_reason']}" if squad["out_reason"] else standing,
        "skills": ", ".join(_(SKILLS.get(skill, skill)) for skill in squad["skills"]),
        "tasks": len(squad["open_tasks"]),
        "duty": _duty(here, squad),
        "seen_at": squad["seen_at"],
        "phone": squad["phone"],
        "without": ["out"] if is_out else ["back"],
    }


def _duty(here: Here, squad: dict[str, Any]) -> str:
    start, end = squad["duty_start"], squad["duty_end"]
    return here.gettext("around the clock") if start == end else f"{start}–{end}"


def _open(here: Here, squad: dict[str, Any]) -> None:
    _ = here.gettext
    with ui.dialog(value=True) as dialog, ui.card().classes("wide"):
        dialog.on("hide", dialog.delete)
        heading(here.texts.say(squad["name"]))
        Listing(
            here.texts,
            [Column("name", _("Member")), Column("phone", _("Telephone"), "code"), Column("skills", _("Can do"))],
            [
                {**member, "id": place, "skills": ", ".join(_(SKILLS.get(skill, skill)) for skill in member["skills"])}
                for place, member in enumerate(squad["members"])
            ],
            label=_("Members"),
        )
        Listing(
            here.texts,
            [Column("plate", _("Plate"), "code"), Column("kind", _("Vehicle")), Column("equipment", _("Equipment"))],
            [
                {**vehicle, "id": place, "equipment": ", ".join(vehicle["equipment"])}
                for place, vehicle in enumerate(squad["vehicles"])
            ],
            label=_("Vehicles"),
        )
