"""Sensors: the latest values of all, and one sensor with its trend, limits, hazards and care."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from nicegui import ui

from api.console.charts import trace
from api.console.frame import Here, page
from api.console.hazard_types import called
from api.console.listing import Column, Listing
from api.console.names import grid_names
from api.console.parts import section
from api.console.sensor_care import show_care, show_trust
from api.console.texts import N_
from api.console.words import ATTRIBUTES, GRADES, KINDS, STATES

_AT_ONCE = 500
_SPANS = {6: None, 24: None, 168: "10min", 720: "1h", 8760: "1d"}
_COLOURS = {"red": "#d9353a", "orange": "#f28c28", "yellow": "#d8b400", "blue": "#3f80e0"}


@page("/sensors", N_("Sensors"), allowed="list_sensors", group="sense", place=10, icon="sensors")
async def sensors(here: Here) -> None:
    """Every sensor of a kind with what it reported last."""
    _ = here.gettext
    kinds = {each["kind"]: each for each in (await here.person.get("/kinds"))["items"]}
    grids = await grid_names(here)

    async def look() -> None:
        query: dict[str, Any] = {"kind": kind.value, "limit": _AT_ONCE}
        found = await here.person.get("/sensors", **query, grid_id=grid.value)
        latest = (await here.person.get("/readings/latest", **query))["items"]
        readings = {each["sensor"]: each["reading"] for each in latest}
        troubles = await _troubles(here, kind.value, grid.value)
        rows = [
            _row(here, kinds[kind.value], each, readings.get(each["code"]), troubles.get(each["code"], []))
            for each in found["items"]
        ]
        listing.show([{**row, "grid_id": grids.get(row["grid_id"], row["grid_id"])} for row in rows])

    async def save() -> None:
        answer = await here.person.ask("GET", "/exports/sensors", query={"format": "csv", "kind": kind.value})
        ui.download.content(answer.body, f"{kind.value}.csv", "text/csv")

    with ui.element("form").classes("filters").on("submit.prevent", look):
        kind = ui.select({name: _(word) for name, word in KINDS.items()}, value="gas", label=_("Kind"), on_change=look)
        kind.props("dense outlined")
        cells: dict[str | None, str] = {None: _("all"), **{cell: name for cell, name in grids.items()}}
        grid = ui.select(cells, label=_("Grid"), value=None, on_change=look).props("dense outlined")
        ui.button(_("Show")).props("type=submit unelevated")
        ui.button(_("Save as CSV"), on_click=save).props("outline type=button")
    listing = Listing(
        here.texts,
        [
            Column("code", _("Sensor"), "link"),
            Column("name", _("Place")),
            Column("grid_id", _("Grid")),
            Column("time", _("Heard"), "time"),
            Column("values", _("Latest values")),
            Column("owner_unit", _("Owner unit")),
            Column("care", _("Care")),
        ],
        None,
        label=_("Sensors"),
    )
    await look()


async def _troubles(here: Here, kind: str, grid_id: str | None) -> dict[str, list[str]]:
    """What is wrong with sensors themselves by their codes: open hazards by rules for maintenance, silence first."""
    rules = [rule for rule in (await here.person.get("/rules", kind=kind))["items"] if rule["body"].get("maintenance")]
    troubles: dict[str, list[str]] = {}
    for rule in sorted(rules, key=lambda rule: "missed" not in rule["body"]):
        query = {"type": rule["hazard_type"], "kind": kind, "grid_id": grid_id, "open": True, "limit": _AT_ONCE}
        for hazard in (await here.person.get("/hazards", **query))["items"]:
            troubles.setdefault(hazard["sensor"], []).append(f"⚠ {here.texts.say(rule['body']['title'])}")
    return troubles


def _row(
    here: Here,
    kind: dict[str, Any],
    sensor: dict[str, Any],
    reading: dict[str, Any] | None,
    troubles: list[str],
) -> dict[str, Any]:
    _ = here.gettext
    care = [
        *troubles,
        _("new, not looked at") if sensor["provisioned"] else "",
        _("calibration overdue") if sensor["calibration_overdue"] else "",
        _("retired") if sensor["retired_at"] else "",
    ]
    return {
        "id": sensor["code"],
        "code": [sensor["code"], f"sensors/{sensor['code']}"],
        "name": here.texts.say(sensor["name"]),
        "grid_id": sensor["grid_id"],
        "time": reading and reading["time"],
        "values": values_of(here, kind, reading),
        "owner_unit": sensor["owner_unit"],
        "care": ", ".join(each for each in care if each),
    }


def values_of(here: Here, kind: dict[str, Any], reading: dict[str, Any] | None) -> str:
    """What a reading says, in words and units; empty for none."""
    if reading is None:
        return ""
    states = [
        here.gettext(STATES.get(word := reading[each["name"]], word))
        for each in kind["states"]
        if reading.get(each["name"])
    ]
    quantities = [
        f"{here.texts.say(each['label'])} {reading[each['name']]:g} {each['unit']}".strip()
        for each in kind["quantities"]
        if reading.get(each["name"]) is not None
    ]
    return " · ".join(states + quantities)


@page("/sensors/{code}", N_("Sensor"), allowed="show_sensor")
async def sensor(here: Here, code: str) -> None:
    """One sensor: where it is, whom it belongs to, what it measured against the limits in force, its hazards."""
    _ = here.gettext
    found = await here.person.get(f"/sensors/{code}")
    kind = next(each for each in (await here.person.get("/kinds"))["items"] if each["kind"] == found["kind"])
    grids, types = await grid_names(here), await called(here)
    _about(here, found, grids)
    await show_trust(here, found, types)
    await _hazards(here, code, types)
    await show_care(here, found, grids, types)
    limits = await _limits(here, found)
    plots = ui.element("div")

    async def draw() -> None:
        now, bucket = here.context.clock(), _SPANS[span.value]
        since = (now - timedelta(hours=span.value)).isoformat()
        query = {"from": since, "to": now.isoformat(), "bucket": bucket, "limit": 5000 if bucket is None else 500}
        readings = (await here.person.get(f"/sensors/{code}/readings", **query))["items"]
        plots.clear()
        with plots:
            for quantity in kind["quantities"]:
                points = _points(readings, quantity["name"], bucket)
                if points:
                    title = f"{here.texts.say(quantity['label'])} {quantity['unit']}"
                    trace(title, points, _lines(here, limits.get(quantity["name"], {})))

    with section(_("Trend")):
        spans = {6: _("6 hours"), 24: _("a day"), 168: _("a week"), 720: _("30 days"), 8760: _("a year")}
        with ui.row().classes("filters"):
            span = ui.select(spans, value=24, label=_("The last"), on_change=draw).props("dense outlined")
        plots.move(ui.context.slot.parent)
    await draw()


def _about(here: Here, sensor: dict[str, Any], grids: Mapping[str, str]) -> None:
    _ = here.gettext
    place = sensor["position"]
    facts = {
        _("Kind"): here.texts.word(KINDS, sensor["kind"]),
        _("Grid"): grids.get(sensor["grid_id"], sensor["grid_id"]),
        _("Position"): place and f"{place['longitude']:.5f}, {place['latitude']:.5f}",
        _("Owner unit"): sensor["owner_unit"],
        _("Responsible"): f"{sensor['responsible_person']} {sensor['responsible_phone']}".strip(),
        _("Attributes"): " · ".join(
            f"{_(ATTRIBUTES.get(name, name))}: {_(ATTRIBUTES.get(str(value), str(value)))}"
            for name, value in sensor["attributes"].items()
        ),
        _("Calibrated"): sensor["calibrated_on"],
        _("Calibration due"): sensor["calibration_due_on"],
        _("Camera"): " ".join(each for each in (sensor["camera_id"], sensor["camera_url"]) if each),
    }
    with section(f"{sensor['code']} {here.texts.say(sensor['name'])}"):
        Listing(
            here.texts,
            [Column("fact", _("What")), Column("value", _("Value"))],
            [{"id": fact, "fact": fact, "value": value} for fact, value in facts.items() if value],
            label=_("About the sensor"),
        )


async def _hazards(here: Here, code: str, types: Mapping[str, str]) -> None:
    _ = here.gettext
    found = (await here.person.get("/hazards", sensor=code, limit=20))["items"]
    with section(_("Latest hazards")):
        Listing(
            here.texts,
            [
                Column("grade", _("Grade"), "grade"),
                Column("hazard_type", _("Hazard type")),
                Column("reason", _("Reason")),
                Column("raised_at", _("Raised"), "time"),
                Column("cleared_at", _("Cleared"), "time"),
            ],
            [
                {
                    **each,
                    "id": each["hazard_id"],
                    "hazard_type": types.get(each["hazard_type"], each["hazard_type"]),
                    "reason": here.texts.say(each["reason"]),
                }
                for each in found
            ],
            label=_("Latest hazards"),
        )


async def _limits(here: Here, sensor: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Limits in force by quantity and colour that hold for this sensor at any hour of the day."""
    limits: dict[str, dict[str, float]] = {}
    for rule in (await here.person.get("/rules", kind=sensor["kind"]))["items"]:
        body = rule["body"]
        for case in body.get("cases", []):
            when = case.get("when", {})
            if "hours" in case or any(
                sensor["attributes"].get(name) not in _several(wanted) for name, wanted in when.items()
            ):
                continue
            limits.setdefault(body.get("quantity", ""), {}).update(case.get("limits", {}))
            break
    return limits


def _several(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def _points(readings: list[dict[str, Any]], name: str, bucket: str | None) -> list[list[Any]]:
    if bucket is None:
        return [[each["time"], each[name]] for each in readings if each[name] is not None]
    return [[each["time"], each[name]["max"]] for each in readings if each[name]["max"] is not None]


def _lines(here: Here, limits: dict[str, float]) -> list[dict[str, Any]]:
    words = {word: here.gettext(word) for word in GRADES.values()}
    return [
        {
            "yAxis": value,
            "label": {"formatter": f"{words[colour]} {value:g}"},
            "lineStyle": {"color": _COLOURS[colour]},
        }
        for colour, value in limits.items()
    ]
