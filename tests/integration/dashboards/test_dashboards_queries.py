"""Every query of every dashboard, as Grafana would send it, under the account that Grafana has."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from dashboards.catalogue import CONSOLE, all_dashboards
from dashboards.expansion import Span, choose, expand, panels_of
from ingest.kinds import KINDS

Values = dict[str, list[str]]
DASHBOARDS = all_dashboards(CONSOLE)
_NUMBERS = (int, float, Decimal)
# Guangning has nothing for these: railways, and noise that no rule watches in a class that no sensor is in.
_MAY_BE_EMPTY = {"4b"}


async def ask(reader: asyncpg.Connection, sql: str, span: Span, values: Values) -> list[dict[str, Any]]:
    return [dict(row) for row in await reader.fetch(expand(sql, span, values))]


def needed(panel: dict[str, Any], target: dict[str, Any]) -> set[str]:
    """Columns that the panel names: in overrides, in the layers of a map, in links."""
    names = {
        override["matcher"]["options"]
        for override in panel["fieldConfig"].get("overrides", [])
        if override["matcher"]["id"] == "byName"
    }
    if panel["type"] == "table":
        return names
    if panel["type"] == "stat":
        return names
    if panel["type"] == "geomap":
        (layer,) = [one for one in panel["options"]["layers"] if one["filterData"]["options"] == target["refId"]]
        place = layer["location"]
        return {place["latitude"], place["longitude"], layer["config"]["style"]["color"]["field"]}
    return {"time"} if target["format"] == "time_series" else set()


def check_rows(panel: dict[str, Any], target: dict[str, Any], rows: list[dict[str, Any]]) -> str | None:
    """What is wrong with an answer; None when the panel can be drawn from it."""
    title = panel["title"]
    if not rows:
        return None if any(name in title for name in _MAY_BE_EMPTY) else "no rows"
    missing = needed(panel, target) - set(rows[0])
    if missing:
        return f"no column {', '.join(sorted(missing))}"
    if target["format"] == "time_series":
        times = [row["time"] for row in rows]
        if not isinstance(times[0], datetime) or times != sorted(times):
            return "time is not there or not in order"
        numbers = [name for name in rows[0] if name not in ("time", "metric")]
        if not all(isinstance(row[name], (*_NUMBERS, type(None))) for row in rows for name in numbers):
            return "a value that is no number"
        if "metric" in rows[0] and numbers != ["value"]:
            return "a series named by metric has one column of values"  # else Grafana names it otherwise
    if panel["type"] == "barchart" and not isinstance([*rows[0].values()][1], _NUMBERS):
        return "bars without numbers"
    return None


@pytest.mark.parametrize("path", DASHBOARDS)
def test_overrides_name_series_that_the_queries_can_give(path: str) -> None:
    for panel in panels_of(DASHBOARDS[path]):
        if any(target["refId"] == "B" for target in panel["targets"]) and panel["type"] == "timeseries":
            named = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
            assert {f"limit {colour}" for colour in ("blue", "yellow", "orange", "red")} <= named, panel["title"]


@pytest.mark.parametrize("hours", [24, 24 * 7, 24 * 60])
async def test_every_query_gives_what_its_panel_needs(reader: asyncpg.Connection, county: datetime, hours: int) -> None:
    span = Span(county - timedelta(hours=hours), county)
    wrong = []
    for path, board in DASHBOARDS.items():
        values = await choose(board, reader, span)
        assert all(values.values()), f"{path}: a variable finds nothing: {values}"
        for panel in panels_of(board):
            chosen = values | ({"quantity": values["quantity"][:1]} if panel.get("repeat") else {})
            for target in panel["targets"]:
                rows = await ask(reader, target["rawSql"], span, chosen)
                problem = check_rows(panel, target, rows)
                if problem:
                    wrong.append(f"{path}, {panel['title']}, {target['refId']}: {problem}")
        for mark in board["annotations"].get("list", []):
            rows = await ask(reader, mark["target"]["rawSql"], span, values)
            if not rows or not {"time", "timeend", "title", "text", "tags"} <= set(rows[0]):
                wrong.append(f"{path}, {mark['name']}: not what an annotation needs")
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
async def test_the_sensor_page_draws_every_quantity_of_every_kind(
    reader: asyncpg.Connection, county: datetime, kind: str
) -> None:
    board = DASHBOARDS["en/sensor.json"]
    span = Span(county - timedelta(hours=24), county)
    code = await reader.fetchval("SELECT max(code) FROM sensor WHERE kind = $1", kind)
    (panel,) = [panel for panel in panels_of(board) if panel.get("repeat")]
    for quantity in KINDS[kind].quantities:
        values = {"kind": [kind], "sensor": [code], "quantity": [quantity.name], "rollup": ["10min"], "lang": ["en"]}
        values["world"] = ["everyday"]
        rows = await ask(reader, panel["targets"][0]["rawSql"], span, values)
        assert len(rows) >= 24, quantity.name
        assert all(row["min"] <= row["max"] for row in rows)


async def test_exercises_are_left_out_unless_they_are_asked_for(reader: asyncpg.Connection, county: datetime) -> None:
    board = DASHBOARDS["en/incidents.json"]
    span = Span(county - timedelta(hours=24), county)
    values = await choose(board, reader, span)
    (panel,) = [panel for panel in panels_of(board) if panel["title"] == "history"]
    sql = panel["targets"][0]["rawSql"]
    drilled = {}
    for world in ("everyday", "public"):
        rows = await ask(reader, sql, span, values | {"world": [world]})
        drilled[world] = [row["title"] for row in rows if row["title"].startswith("DRILL")]
    assert drilled == {"everyday": [], "public": ["DRILL leak"]}
