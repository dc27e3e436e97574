"""An incident looked back on: key times, decisions with reasons, messages, the readings around it."""

from nicegui import ui

from api.console.charts import trace
from api.console.event_words import SUBJECTS, event_word
from api.console.frame import Here, page
from api.console.listing import Column, Listing
from api.console.names import names_of, who
from api.console.parts import section
from api.console.texts import N_
from api.console.words import KEY_TIMES


@page("/incidents/{incident_id}/review", N_("After action"), allowed="show_review")
async def review(here: Here, incident_id: int) -> None:
    """The whole review; also as a file to keep."""
    _ = here.gettext
    found = await here.person.get(f"/incidents/{incident_id}/review")
    names = await names_of(here)
    quantities = {
        each["name"]: here.texts.say(each["label"])
        for kind in (await here.person.get("/kinds"))["items"]
        for each in kind["quantities"]
    }
    marked = "exercise" if found["exercise_id"] else ""

    async def save() -> None:
        answer = await here.person.ask("GET", f"/incidents/{incident_id}/review/page")
        ui.download.content(answer.body, f"incident-{incident_id}.html", "text/html")

    with section(here.texts.say(found["title"])).classes(marked):
        if found["exercise_id"]:
            ui.label(f"【{_('EXERCISE')}】").classes("exercise-mark")
        Listing(
            here.texts,
            [Column("step", _("Step")), Column("at", _("When"), "time")],
            [{"id": name, "step": _(word), "at": found["key_times"].get(name)} for name, word in KEY_TIMES.items()],
            label=_("Key times"),
        )
        ui.button(_("Save as a page"), on_click=save).props("outline")
    if found["traces"]:
        with section(_("Readings around it")):
            for seen in found["traces"]:
                points = [list(point) for point in zip(seen["times"], seen["values"], strict=True)]
                trace(f"{seen['sensor']} {quantities[seen['quantity']]} {seen['unit']}", points)
    with section(_("Timeline")):
        Listing(
            here.texts,
            [
                Column("at", _("When"), "time"),
                Column("of", _("Of")),
                Column("event", _("What")),
                Column("actor", _("Who")),
                Column("text", _("Text")),
            ],
            [
                {
                    **each,
                    "id": place,
                    "of": here.texts.word(SUBJECTS, each["of"]),
                    "event": event_word(_, each["of"], each["event"]),
                    "actor": who(here, each["actor"], names),
                    "text": here.texts.say(each["text"]),
                }
                for place, each in enumerate(found["timeline"])
            ],
            label=_("Timeline"),
        )
