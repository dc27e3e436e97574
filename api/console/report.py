"""Taking a report: a call to 12319, a hand-over by 110, a patrol, another system."""

from typing import Any

from nicegui import ui

from api.console.frame import Here, page
from api.console.hub import Refused
from api.console.names import grid_names
from api.console.texts import N_
from api.console.words import GRADES, NUMERALS, REPORTED_TYPES, SOURCES


@page("/report", N_("Take a report"), allowed="report_incident", group="respond", place=10, icon="add_call")
async def report(here: Here) -> None:
    """Who reports what and where; under a reference it is taken once, and a sensor's hazard nearby joins it."""
    _ = here.gettext
    with ui.element("form").classes("asking report") as form:
        source = ui.select({name: _(word) for name, word in SOURCES.items()}, value="hotline", label=_("Who reports"))
        types = {name: _(word) for name, word in REPORTED_TYPES.items()}
        hazard_type = ui.select(types, value="gas_smell", label=_("What"))
        grades = {grade: f"{NUMERALS[grade]} {_(word)}" for grade, word in GRADES.items()}
        grade = ui.select(grades, value=3, label=_("Grade"))
        place = ui.input(_("Where, in words"))
        cells = ui.select(await grid_names(here), label=_("Grid, where it is known"), clearable=True)
        longitude, latitude = ui.number(_("Longitude"), format="%.6f"), ui.number(_("Latitude"), format="%.6f")
        text = ui.textarea(_("What was said")).props("rows=3")
        reference = ui.input(_("Reference of the call"))
        for each in (source, hazard_type, grade, place, cells, longitude, latitude, text, reference):
            each.props("outlined dense stack-label")
        fault = ui.label().classes("fault").props("role=alert")
        ui.button(_("Open the case")).props("type=submit unelevated")

    async def submit() -> None:
        fault.text = ""
        needed = {_("Where, in words"): place, _("What was said"): text}
        empty = [label for label, each in needed.items() if not (each.value or "").strip()]
        if empty:
            fault.text = _("Fill in: {fields}").format(fields=", ".join(empty))
            return
        placed = longitude.value is not None and latitude.value is not None
        body: dict[str, Any] = {
            "source": source.value,
            "hazard_type": hazard_type.value,
            "grade": grade.value,
            "place": (place.value or "").strip(),
            "text": (text.value or "").strip(),
            "position": {"longitude": longitude.value, "latitude": latitude.value} if placed else None,
            "grid_id": cells.value,
            "reference": (reference.value or "").strip() or None,
        }
        try:
            taken = await here.person.post("/incidents", body)
        except Refused as refused:
            fault.text = str(refused)
            return
        ui.navigate.to(f"/incidents/{taken['incident_id']}")

    form.on("submit.prevent", submit)
