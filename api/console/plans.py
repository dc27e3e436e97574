"""Response plans: what is in force for each hazard type and grade, every revision, proposals and their approval."""

from typing import Any

import yaml
from nicegui import ui

from api.console.asking import Question, ask
from api.console.frame import Here, page
from api.console.hub import Refused
from api.console.listing import Act, Column, Listing
from api.console.names import who
from api.console.parts import heading, section
from api.console.texts import N_
from api.console.words import REVISION_STATES


@page("/plans", N_("Plans"), allowed="list_plans", group="prepare", place=10, icon="rule_folder")
async def plans(here: Here) -> None:
    """Plans in force; what waits for another person's approval; a changed plan is proposed with its difference."""
    _ = here.gettext
    known: dict[int, dict[str, Any]] = {}

    async def look() -> None:
        current = (await here.person.get("/plans"))["items"]
        revisions = (await here.person.get("/plans/revisions", limit=100))["items"]
        known.update({each["plan_id"]: each for each in [*current, *revisions]})
        in_force.show([_row(here, each) for each in current])
        book.show([_row(here, each) for each in revisions])

    async def act(name: str, plan_id: int) -> None:
        plan = known[plan_id]
        place = f"/plans/{plan['hazard_type']}/revisions/{plan['revision']}"
        if name == "open":
            await _open(here, plan)
        elif name == "propose":
            await _propose(here, plan)
        elif name == "approve":
            title = _("Approve revision {revision} of {plan}").format(**_names(here, plan))
            if await ask(here, title, [], about=await _difference(here, plan["body"])) is None:
                return
            await here.person.post(f"{place}/approve")
        else:
            title = _("Reject revision {revision} of {plan}").format(**_names(here, plan))
            given = await ask(here, title, [Question("reason", _("Reason"))])
            if given is None:
                return
            await here.person.post(f"{place}/reject", given)
        await look()

    opening = Act("open", _("Read"), key="Enter")
    changing = [Act("propose", _("Propose a change"))] if here.person.may("propose_plans") else []
    deciding = [Act("approve", _("Approve")), Act("reject", _("Reject"))] if here.person.may("approve_plan") else []
    columns = [
        Column("title", _("Plan")),
        Column("revision", _("Revision"), "number"),
        Column("state", _("State")),
        Column("proposed_by", _("Proposed by")),
        Column("proposed_at", _("When"), "time"),
        Column("approved_by", _("Approved by")),
        Column("note", _("Note")),
    ]
    with section(_("In force")):
        in_force = Listing(here.texts, columns, None, label=_("In force"), acts=[opening, *changing], on_act=act)
    with section(_("Every revision")):
        book = Listing(here.texts, columns, None, label=_("Every revision"), acts=[opening, *deciding], on_act=act)
    await look()


def _names(here: Here, plan: dict[str, Any]) -> dict[str, Any]:
    return {"revision": plan["revision"], "plan": here.texts.say(plan["body"]["title"])}


def _row(here: Here, plan: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in plan.items() if name != "body"},
        "id": plan["plan_id"],
        "title": here.texts.say(plan["body"]["title"]),
        "state": here.texts.word(REVISION_STATES, plan["state"]),
        "proposed_by": who(here, plan["proposed_by"]),
        "approved_by": who(here, plan["approved_by"]),
        "note": plan["rejected_why"] or plan["note"],
        "without": [] if plan["state"] == "proposed" else ["approve", "reject"],
    }


async def _difference(here: Here, body: dict[str, Any]) -> str:
    found = await here.person.post("/plans/diff", {"plans": [body]})
    return "\n".join(each["diff"] for each in found["items"]) or here.gettext("Nothing differs from what is in force.")


async def _open(here: Here, plan: dict[str, Any]) -> None:
    _ = here.gettext
    with ui.dialog(value=True) as dialog, ui.card().classes("wide"):
        dialog.on("hide", dialog.delete)
        heading("{plan} · {revision}".format(**_names(here, plan)))
        ui.label(_("Source: {source}").format(source=here.texts.origin(plan["source"]))).classes("quiet")
        if plan["state"] == "proposed" and here.person.may("diff_plans"):
            ui.label(await _difference(here, plan["body"])).classes("diff")
        ui.label(_yaml(plan["body"])).classes("diff")


async def _propose(here: Here, plan: dict[str, Any]) -> None:
    _ = here.gettext
    with ui.dialog() as dialog, ui.card().classes("wide"), ui.element("form").classes("asking") as form:
        heading(_("A change of {plan}").format(**_names(here, plan)))
        ui.label(_("Another person has to approve it before it is in force.")).classes("quiet")
        text = ui.textarea(_("Plan (YAML)"), value=_yaml(plan["body"])).props("outlined input-class=code rows=16")
        note = ui.input(_("What it is for")).props("outlined dense")
        difference = ui.label().classes("diff")
        fault = ui.label().classes("fault").props("role=alert")

        async def compare() -> None:
            fault.text = ""
            try:
                difference.text = await _difference(here, yaml.safe_load(text.value))
            except (Refused, yaml.YAMLError) as error:
                fault.text = here.texts.fault(error)

        async def submit() -> None:
            fault.text = ""
            try:
                body = {"plans": [yaml.safe_load(text.value)], "note": note.value.strip()}
                await here.person.post("/plans/proposals", body)
            except (Refused, yaml.YAMLError) as error:
                fault.text = here.texts.fault(error)
                return
            dialog.submit(True)

        with ui.row():
            ui.button(_("Compare"), on_click=compare).props("outline type=button")
            ui.button(_("Propose")).props("type=submit unelevated")
            ui.button(_("Leave it"), on_click=dialog.close).props("flat type=button")
        form.on("submit.prevent", submit)
    dialog.open()
    await dialog
    dialog.delete()


def _yaml(body: dict[str, Any]) -> str:
    return yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=100)
