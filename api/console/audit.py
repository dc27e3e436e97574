"""The audit trail: who changed what, from where."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.console.audit_words import ACTIONS, TABLES
from api.console.frame import Here, page
from api.console.listing import Act, Column, Listing
from api.console.names import names_of, who
from api.console.texts import N_

_AT_ONCE = 100


@page("/audit", N_("Audit"), allowed="list_audit", group="run", place=80, icon="history")
async def audit(here: Here) -> None:
    """The newest entries, by person and table; what was there before and after."""
    _ = here.gettext
    names = await names_of(here)
    entries: dict[int, dict[str, Any]] = {}

    async def look() -> None:
        found = await here.person.get(
            "/audit",
            actor=_actor(actor.value.strip()) if actor.value else None,
            subject=subject.value,
            limit=_AT_ONCE,
        )
        entries.clear()
        entries.update({entry["audit_id"]: entry for entry in found["items"]})
        listing.show([_row(here, names, entry) for entry in found["items"]])

    def open_entry(_name: str, audit_id: int) -> None:
        entry = entries[audit_id]
        with ui.dialog(value=True), ui.card().classes("wide"):
            for title, side in ((_("Before"), entry["before"]), (_("After"), entry["after"])):
                ui.label(title).classes("text-subtitle2")
                Listing(
                    here.texts,
                    [Column("id", _("Field"), "code"), Column("value", _("Value"), "code")],
                    [{"id": field, "value": str(value)} for field, value in (side or {}).items()],
                    label=title,
                )

    with ui.element("form").classes("filters").on("submit.prevent", look):
        actor = ui.input(_("Who, by the name they sign in with")).props("dense outlined")
        tables: dict[str | None, str] = {None: _("all"), **{name: _(word) for name, word in TABLES.items()}}
        subject = ui.select(tables, label=_("Table"), value=None, on_change=look).props("dense outlined")
        ui.button(_("Show")).props("type=submit unelevated")
    listing = Listing(
        here.texts,
        [
            Column("at", _("When"), "time"),
            Column("actor", _("Who")),
            Column("address", _("Address"), "code"),
            Column("action", _("Action")),
            Column("subject", _("Table")),
        ],
        None,
        label=_("Audit"),
        acts=[Act("open", _("Before and after"), key="Enter")],
        on_act=open_entry,
    )
    await look()


def _actor(name: str) -> str:
    """A person by the name alone; keys and commands are called ``key:NAME`` and ``command:NAME``."""
    return name if ":" in name else f"user:{name}"


def _row(here: Here, names: Mapping[str, str], entry: dict[str, Any]) -> dict[str, Any]:
    _ = here.gettext
    return {
        **entry,
        "id": entry["audit_id"],
        "actor": who(here, entry["actor"], names),
        "action": _(ACTIONS.get(entry["action"], entry["action"])),
        "subject": _(TABLES.get(entry["subject"], entry["subject"])),
    }
