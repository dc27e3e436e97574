"""What happens in an exercise: its incidents and its tasks."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from api.console.frame import Here
from api.console.listing import Column, Listing
from api.console.parts import section
from api.console.words import STAGES, TASK_STATUS
from api.squadpage.words import MARK

_MOST = 200


def what_happens(here: Here, names: Mapping[str, str], exercise_id: int) -> Callable[[], Awaitable[None]]:
    """Lists of an exercise's incidents and tasks; what is given fills them anew."""
    _ = here.gettext
    with section(_("Incidents of the exercise")):
        incidents = Listing(
            here.texts,
            [
                Column("title", _("Incident"), "link"),
                Column("grade", _("Grade"), "grade"),
                Column("stage", _("Stage")),
                Column("opened_at", _("When"), "time"),
            ],
            None,
            label=_("Incidents of the exercise"),
        )
    with section(_("Tasks of the exercise")):
        tasks = Listing(
            here.texts,
            [
                Column("squad", _("Squad")),
                Column("status", _("State")),
                Column("incident", _("Incident"), "link"),
                Column("updated_at", _("Since"), "time"),
            ],
            None,
            label=_("Tasks of the exercise"),
        )

    async def of_exercise(path: str) -> list[dict[str, Any]]:
        query = {"exercise": exercise_id, "limit": _MOST}
        answer = await here.person.ask("GET", path, query=query, exercises=True)
        found: list[dict[str, Any]] = answer.body["items"]
        return found

    async def look() -> None:
        found = await of_exercise("/incidents")
        links = {each["incident_id"]: _link(here, each) for each in found}
        incidents.show(
            [
                {
                    **each,
                    "id": each["incident_id"],
                    "exercise": True,
                    "title": links[each["incident_id"]],
                    "stage": here.texts.word(STAGES, each["stage"]),
                }
                for each in found
            ]
        )
        tasks.show(
            [
                {
                    "id": each["task_id"],
                    "exercise": True,
                    "squad": names.get(each["squad_id"], each["squad_id"] or "–"),
                    "status": here.texts.word(TASK_STATUS, each["status"]),
                    "incident": links.get(each["incident_id"]),
                    "updated_at": each["updated_at"],
                }
                for each in await of_exercise("/tasks")
            ]
        )

    return look


def _link(here: Here, incident: dict[str, Any]) -> list[str]:
    # The row has a mark of its own.
    title = here.texts.say(incident["title"])
    for mark in MARK.values():
        title = title.removeprefix(mark)
    return [title, f"../incidents/{incident['incident_id']}"]
