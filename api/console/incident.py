"""One incident: what, where, why, who is sent, what happened, and everything that an officer may do about it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from api.console.areas import places
from api.console.asking import ask
from api.console.frame import Here, page
from api.console.hub import Refused
from api.console.incident_words import words_of
from api.console.names import names_of, who
from api.console.texts import N_
from api.console.words import SOURCES
from api.stream.feed import Happening
from dispatch.words import halves

_MOST_LOOKED_AT = 6
_ENDED = {"done", "checked", "failed", "refused", "cancelled"}
_SIMPLE = {"file", "feed_back", "verify", "close"}
_DECISIONS = {"return", "override", "dismiss"}


class IncidentView(ui.element, component="incident.js", dependencies=["shared.js", "value_chart.js"]):
    """Drawn by the browser; what the person does comes back as an act."""

    def __init__(self, here: Here, data: dict[str, Any]) -> None:
        super().__init__()
        self._props["language"] = here.texts.language
        self._props["start"] = data
        self._props["words"] = words_of(here.gettext)
        self._props["can"] = {
            name: here.person.may(route)
            for name, route in {
                "say": "acknowledge_incident",
                "act": "act_on_incident",
                "decide": "decide_on_incident",
                "merge": "merge_incident",
                "reassign": "reassign_task",
                "tell": "act_on_task",
                "warn": "draft_warning",
            }.items()
        }


@page("/incidents/{incident_id}", N_("Incident"), allowed="show_incident")
async def incident(here: Here, incident_id: int) -> None:
    """All about one case."""
    _ = here.gettext

    async def act(name: str, given: dict[str, Any]) -> None:
        if name == "warn" and not (await _say_where(here, incident_id, given)):
            return
        await _do(here, incident_id, name, given)
        if name == "warn":
            ui.notify(_("A warning was drafted; somebody else has to approve it."), type="positive", position="top")
        if name == "merge":
            here.client.open(f"/incidents/{given['into']}")
        await look()

    async def candidates(task_id: int) -> None:
        view.run_method("rank", (await _get(here, f"/tasks/{task_id}/candidates"))["items"])

    async def look() -> None:
        view.run_method("show", await _all_about(here, incident_id))

    data = await _all_about(here, incident_id)
    view = IncidentView(here, data)
    view.on("act", lambda event: act(event.args[0], event.args[1] or {}))
    view.on("candidates", lambda event: candidates(int(event.args)))
    _follow(here, incident_id, look, exercise=bool(data["incident"]["exercise_id"]))


def _follow(here: Here, incident_id: int, look: Callable[[], Awaitable[None]], *, exercise: bool) -> None:
    async def changed(happenings: Sequence[Happening]) -> None:
        if any(each.data.get("incident_id") == incident_id for each in happenings):
            await look()

    def moved(change: Mapping[str, Any]) -> None:
        if incident_id in [row["id"] for row in change["rows"]] or str(incident_id) in change["gone"]:
            here.later(look)

    here.on_change(["hazard", "incident", "task"], changed)
    if exercise:  # not in the feed; the board knows
        here.follow(here.situation.board, moved)


async def _get(here: Here, path: str) -> Any:
    return (await here.person.ask("GET", path, exercises=True)).body


async def _all_about(here: Here, incident_id: int) -> dict[str, Any]:
    incident = await _get(here, f"/incidents/{incident_id}")
    incident["tasks"].sort(key=lambda one: (one["status"] in _ENDED, not one["lead"], one["task_id"]))
    hazards = sorted(incident["hazards"], key=lambda one: (one["cleared_at"] is not None, one["grade"]))
    looked_at = hazards[:_MOST_LOOKED_AT]
    grounds = await asyncio.gather(*(_get(here, f"/hazards/{one['hazard_id']}/grounds") for one in looked_at))
    wholes = await asyncio.gather(*(_get(here, f"/hazards/{one['hazard_id']}") for one in looked_at))
    tasks = await asyncio.gather(*(_get(here, f"/tasks/{task['task_id']}") for task in incident["tasks"][:10]))
    names = await names_of(here)
    for hazard, ground, whole in zip(looked_at, grounds, wholes, strict=True):
        ground["rule"]["approved_by"] = who(here, ground["rule"]["approved_by"])
        ground["rule"]["source"] = here.texts.origin(ground["rule"]["source"])
        hazard["grounds"], hazard["trust"] = ground, whole["trust"]
    for hazard in hazards:
        hazard["acknowledged_by"] = who(here, hazard["acknowledged_by"], names)
    return {
        "incident": incident,
        "hazards": hazards,
        "reports": await _reports(here, incident_id),
        "grid": (await here.person.get(f"/grids/{incident['grid_id']}"))["name"] if incident["grid_id"] else None,
        "roles": await _roles(here, incident_id),
        "squads": names,
        "timeline": [{**each, "actor": who(here, each["actor"], names)} for each in _timeline(incident, wholes, tasks)],
        "candidates": None,
    }


async def _reports(here: Here, incident_id: int) -> list[dict[str, Any]]:
    """What people said of it."""
    said = (await _get(here, f"/incidents/{incident_id}/reports"))["items"]
    return [
        {**each, "source": here.texts.word(SOURCES, each["source"]), "actor": who(here, each["actor"])} for each in said
    ]


async def _roles(here: Here, incident_id: int) -> dict[str, Any]:
    """What each part in the response is called by its plan; none until the dispatcher has applied it."""
    try:
        response = await _get(here, f"/incidents/{incident_id}/response")
    except Refused as refused:
        if refused.status != 404:
            raise
        return {}
    return {role["role"]: role["title"] for role in response["roles"]}


def _timeline(
    incident: dict[str, Any], hazards: Sequence[dict[str, Any]], tasks: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Everything that happened, the latest first; ``text`` is in both languages."""
    events = [
        {
            "at": each["at"],
            "event": f"incident {each['event']}",
            "actor": each["actor"],
            "text": _note(each["detail"], each["actor"]),
        }
        for each in incident["events"]
    ]
    for hazard in hazards:
        events += [
            {"at": each["at"], "event": f"hazard {each['event']}", "actor": each["actor"], "text": each["reason"]}
            for each in hazard["events"]
        ]
    for task in tasks:
        events += [
            {
                "at": each["at"],
                "event": f"task {each['event']}",
                "actor": each["actor"],
                "text": _both(each["note"], each["actor"]),
            }
            for each in task["events"]
        ]
    return sorted(events, key=lambda each: str(each["at"]), reverse=True)


def _note(detail: dict[str, Any], actor: str | None) -> dict[str, str]:
    reason = detail.get("reason") or ""
    return _both(str(detail.get("note") or reason), actor) if isinstance(reason, str) else reason


def _both(note: str, actor: str | None) -> dict[str, str]:
    both = halves(note, actor)
    return {"zh": both.zh, "en": both.en}


async def _say_where(here: Here, incident_id: int, given: dict[str, Any]) -> bool:
    """Ask for the area of a warning where the incident has no place; whether the person went through with it."""
    _ = here.gettext
    if (await _get(here, f"/incidents/{incident_id}"))["position"] is not None:
        return True
    known = await places(here)
    answers = await ask(
        here, _("Draft a warning"), known.questions(), about=_("The incident has no place: say who is to be warned.")
    )
    if answers is None:
        return False
    given["area"] = known.area(answers)
    return True


async def _do(here: Here, incident_id: int, name: str, given: dict[str, Any]) -> None:
    """Carry out what the person chose."""
    place, reason = f"/incidents/{incident_id}", str(given.get("reason") or "")

    async def post(path: str, body: object = None) -> None:
        await here.person.ask("POST", path, body=body, exercises=True)

    if name == "acknowledge":
        await post(f"{place}/acknowledge")
    elif name == "comment":
        await post(f"{place}/comment", {"reason": reason})
    elif name in _SIMPLE:
        await post(f"{place}/actions/{name}", {"note": reason})
    elif name in _DECISIONS:
        await post(f"{place}/decisions/{name}", {"reason": reason})
    elif name == "merge":
        await post(f"{place}/merge", {"into": given["into"], "reason": reason})
    elif name == "reassign":
        body = {"squad_id": given["squad_id"], "reason": reason}
        await post(f"/tasks/{int(given['task_id'])}/decisions/reassign", body)
    elif name == "task":
        await post(f"/tasks/{int(given['task_id'])}/actions/{given['action']}")
    elif name == "warn":
        whole = await _get(here, place)
        status = "Exercise" if whole["exercise_id"] else "Actual"
        await post("/warnings", {"incident_id": incident_id, "status": status, "area": given.get("area")})
