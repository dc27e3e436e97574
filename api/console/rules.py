"""Alert rules: what is in force, every revision; a change is tried on stored readings, and approved by another."""

from datetime import timedelta
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
from api.console.words import KINDS, REVISION_STATES


@page("/rules", N_("Rules"), allowed="list_rules", group="prepare", place=5, icon="gavel")
async def rules(here: Here) -> None:
    """Rules in force by kind and hazard type, and what waits for a decision."""
    _ = here.gettext
    known: dict[int, dict[str, Any]] = {}

    async def look() -> None:
        current = (await here.person.get("/rules"))["items"]
        revisions = (await here.person.get("/rules/revisions", limit=100))["items"]
        known.update({each["rule_id"]: each for each in [*current, *revisions]})
        in_force.show([_row(here, each) for each in current])
        book.show([_row(here, each) for each in revisions])

    async def act(name: str, rule_id: int) -> None:
        rule = known[rule_id]
        if name == "open":
            await _open(here, rule)
        elif name == "propose":
            await _propose(here, rule)
        else:
            await _decide(here, name, rule)
        await look()

    opening = Act("open", _("Read"), key="Enter")
    changing = [Act("propose", _("Propose a change"))] if here.person.may("propose_rules") else []
    deciding = [Act("approve", _("Approve")), Act("reject", _("Reject"))] if here.person.may("approve_rule") else []
    columns = [
        Column("kind", _("Kind")),
        Column("title", _("Rule")),
        Column("revision", _("Revision"), "number"),
        Column("state", _("State")),
        Column("source", _("Source")),
        Column("proposed_by", _("Proposed by")),
        Column("approved_by", _("Approved by")),
        Column("effective_from", _("In force from"), "time"),
    ]
    with section(_("In force")):
        in_force = Listing(here.texts, columns, None, label=_("In force"), acts=[opening, *changing], on_act=act)
    with section(_("Every revision")):
        book = Listing(here.texts, columns, None, label=_("Every revision"), acts=[opening, *deciding], on_act=act)
    await look()


def _row(here: Here, rule: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in rule.items() if name != "body"},
        "id": rule["rule_id"],
        "kind": here.texts.word(KINDS, rule["kind"]),
        "title": here.texts.say(rule["body"]["title"]),
        "state": here.texts.word(REVISION_STATES, rule["state"]),
        "source": here.texts.origin(rule["source"]),
        "proposed_by": who(here, rule["proposed_by"]),
        "approved_by": who(here, rule["approved_by"]),
        "without": [] if rule["state"] == "proposed" else ["approve", "reject"],
    }


async def _difference(here: Here, rule: dict[str, Any], body: Any) -> str:
    sent = {"kind": rule["kind"], "hazards": {rule["hazard_type"]: body}}
    found = await here.person.post("/rules/diff", sent)
    return "\n".join(each["diff"] for each in found["items"]) or here.gettext("Nothing differs from what is in force.")


async def _decide(here: Here, name: str, rule: dict[str, Any]) -> None:
    _ = here.gettext
    place = f"/rules/{rule['kind']}/{rule['hazard_type']}/revisions/{rule['revision']}"
    names = {"revision": rule["revision"], "plan": here.texts.say(rule["body"]["title"])}
    if name == "approve":
        title = _("Approve revision {revision} of {plan}").format(**names)
        from_when = Question("effective_from", _("In force from (at once when left empty)"), "time", optional=True)
        given = await ask(here, title, [from_when], about=await _difference(here, rule, rule["body"]))
        if given is not None:
            await here.person.post(f"{place}/approve", given)
    elif await ask(here, _("Reject revision {revision} of {plan}").format(**names), []) is not None:
        await here.person.post(f"{place}/reject")


async def _open(here: Here, rule: dict[str, Any]) -> None:
    _ = here.gettext
    with ui.dialog(value=True) as dialog, ui.card().classes("wide"):
        dialog.on("hide", dialog.delete)
        heading(f"{here.texts.say(rule['body']['title'])} · {rule['revision']}")
        ui.label(_("Source: {source}").format(source=here.texts.origin(rule["source"]))).classes("quiet")
        if rule["state"] == "proposed" and here.person.may("diff_rules"):
            ui.label(await _difference(here, rule, rule["body"])).classes("diff")
        ui.label(_yaml(rule["body"])).classes("diff")


async def _propose(here: Here, rule: dict[str, Any]) -> None:
    _ = here.gettext
    with ui.dialog() as dialog, ui.card().classes("wide"), ui.element("form").classes("asking") as form:
        heading(_("A change of {plan}").format(plan=here.texts.say(rule["body"]["title"])))
        ui.label(_("Another person has to approve it before it is in force.")).classes("quiet")
        text = ui.textarea(_("Rule (YAML)"), value=_yaml(rule["body"])).props("outlined input-class=code rows=14")
        note = ui.input(_("What it is for")).props("outlined dense")
        days = ui.number(_("Try it on the readings of so many days"), value=1, min=1, max=31).props("outlined dense")
        said = ui.label().classes("diff")
        fault = ui.label().classes("fault").props("role=alert")

        def sent() -> dict[str, Any]:
            return {"kind": rule["kind"], "hazards": {rule["hazard_type"]: yaml.safe_load(text.value)}}

        async def attempt(what: str) -> None:
            fault.text = ""
            try:
                if what == "compare":
                    said.text = await _difference(here, rule, yaml.safe_load(text.value))
                elif what == "try":
                    differs = await _difference(here, rule, yaml.safe_load(text.value))
                    said.text = f"{_tried(here, await _backtest(here, sent(), days.value))}\n\n{differs}"
                else:
                    await here.person.post("/rules/proposals", {**sent(), "note": note.value.strip()})
                    dialog.submit(True)
            except (Refused, yaml.YAMLError) as error:
                fault.text = here.texts.fault(error)

        with ui.row():
            ui.button(_("Compare"), on_click=lambda: attempt("compare")).props("outline type=button")
            ui.button(_("Back-test"), on_click=lambda: attempt("try")).props("outline type=button")
            ui.button(_("Propose")).props("type=submit unelevated")
            ui.button(_("Leave it"), on_click=dialog.close).props("flat type=button")
        form.on("submit.prevent", lambda: attempt("propose"))
    dialog.open()
    await dialog
    dialog.delete()


async def _backtest(here: Here, sent: dict[str, Any], days: float) -> dict[str, Any]:
    now = here.context.clock()
    span = {"from": (now - timedelta(days=int(days))).isoformat(), "to": now.isoformat()}
    found: dict[str, Any] = await here.person.post("/rules/backtest", {**sent, **span})
    return found


def _tried(here: Here, found: dict[str, Any]) -> str:
    _ = here.gettext
    lines = [
        _("{readings} readings: {added} hazards more, {dropped} fewer, {regraded} of another grade").format(
            readings=found["readings"],
            added=found["added_count"],
            dropped=found["dropped_count"],
            regraded=found["regraded_count"],
        )
    ]
    for name, outcome in ((_("In force"), found["in_force"]), (_("Proposed"), found["proposed"])):
        lines.append(
            _("{name}: {hazards} hazards, {hours} h open, {flapping} flapping, about {tasks} tasks").format(
                name=name,
                hazards=outcome["hazards"],
                hours=round(outcome["open_h"], 1),
                flapping=outcome["flapping"],
                tasks=outcome["tasks"],
            )
        )
    lines += [f"+ {each['sensor']} {here.texts.say(each['reason'])}" for each in found["added"][:10]]
    lines += [f"- {each['sensor']} {here.texts.say(each['reason'])}" for each in found["dropped"][:10]]
    return "\n".join(lines)


def _yaml(body: dict[str, Any]) -> str:
    return yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=100)
