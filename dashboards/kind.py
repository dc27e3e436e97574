"""The dashboard of one kind of sensor, drawn from its description and its rules.

Each rule about a quantity gives a plot with the limits in force for each group of sensors that they are told apart by:
roads and underpasses, chambers and posts, classes of noise. States get lanes. A fifth kind needs nothing here.
"""

import json
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from alerts.rules import Rule, RuleFile
from dashboards.board import (
    Place,
    add_panels,
    begin_board,
    choose_places,
    choose_sensors,
    choose_world,
    fix_kind,
    link_to,
    mark_hazards,
    pick_rollup,
)
from dashboards.panels import Panels, decimals_of, places_mapping, severity_mapping, unit_of
from dashboards.text import fill
from dashboards.words import COVER_WORDS, Words
from database.queries import load_queries
from ingest.kinds import Kind, Quantity, State

SQL = load_queries(Path(__file__).with_suffix(".sql"))
_GROUP_WORDS = {
    "chamber": Words("井室", "chamber"),
    "underpass": Words("下穿通道", "underpass"),
}
_STATE_COLOURS = ("green", "orange", "red", "dark-red")
_BARS = {"rain_mm_h", "shock_count"}  # what falls or happens within a bucket, not a level that goes on


def kind_board(place: Place, kind: Kind, rules: RuleFile) -> dashboard.Dashboard:
    """Figures, a plot for each rule and group, states, grades over time, latest values, history."""
    panels = Panels(place.language, place.console)
    title = Words(f"{kind.zh}监测", f"{kind.en.capitalize()} sensors")
    board = begin_board(place, kind.name, title)
    choose_world(board, place.language)
    choose_places(board, place.language)
    fix_kind(board, kind)
    choose_sensors(board, place.language)
    # Limits of noise hold for an hour's level, so nothing finer is drawn.
    pick_rollup(board, finest="1h" if any(quantity.mean == "energy" for quantity in kind.quantities) else "10min")
    mark_hazards(board, place.language)
    figures = {
        "sensors": (Words("传感器", "sensors"), "text"),
        "open_hazards": (Words("有险情", "with hazards"), "yellow"),
        "grave": (Words("橙色以上", "orange or red"), "red"),
    }
    add_panels(board, [panels.figures(Words("现状", "now"), SQL.figures, figures, width=24)])
    add_panels(board, _lanes(panels, kind))
    add_panels(board, _plots(panels, kind, rules))
    quantities = ", ".join(f"latest.{column}" for column in kind.column_names)
    columns = ["code", "name", "grid", "severity", "seen_at"]
    to_sensor = {"code": link_to("sensor", place.language, kind=kind.name, sensor="${__value.raw}", world="${world}")}
    history = ["code", "title", "grade", "peak_grade", "raised_at", "cleared_at", "acknowledged_by", "reason"]
    latest = fill(SQL.latest, kind=kind.name, columns=quantities)
    add_panels(
        board,
        [
            panels.lanes(Words("险情等级", "grades"), SQL.grades, severity_mapping(place.language)),
            panels.table(
                Words("最新读数", "latest readings"), latest, columns, quantities=kind.quantities, links=to_sensor
            ),
            panels.table(
                Words("险情记录", "hazards"), SQL.history, [*history, "incident_id"], links=to_sensor, width=16
            ),
            panels.table(
                Words("现行规则", "rules in force"),
                SQL.rules,
                ["rule", "revision", "limits", "source", "effective_from"],
                width=8,
            ),
        ],
    )
    return board


def _lanes(panels: Panels, kind: Kind) -> list[Builder[model.Panel]]:
    lanes: list[Builder[model.Panel]] = []
    for column in kind.columns:
        if isinstance(column, State):
            names = ", ".join(f"'{word}'" for word in column.words)
            sql = fill(SQL.states, kind=kind.name, column=column.name, words=names, harmless=column.words[0])
            words = [COVER_WORDS.get(word, Words(word, word)) for word in column.words]
            mapping = places_mapping(words, panels.language, _STATE_COLOURS[: len(words)])
            title = Words(f"{column.zh}（出现过异常的）", f"{column.en} (those that were not always {column.words[0]})")
            lanes.append(panels.lanes(title, sql, mapping))
    return lanes


def _plots(panels: Panels, kind: Kind, rules: RuleFile) -> list[timeseries.Panel]:
    """The plots with limits in the order of the rules, then those of quantities that no rule watches."""
    plots = []
    for hazard_type, rule in rules.hazards.items():
        quantity = next((quantity for quantity in kind.quantities if quantity.name == rule.quantity), None)
        if quantity is not None:
            plots += _limited(panels, kind, quantity, hazard_type, rule)
    watched = {rule.quantity for rule in rules.hazards.values()}
    for quantity in kind.quantities:
        if quantity.name not in watched:
            title = Words(quantity.zh, quantity.en)
            plots.append(_plot(panels, kind, quantity, title, "true", lowest=False, limits=None))
    return plots


def _limited(panels: Panels, kind: Kind, quantity: Quantity, hazard_type: str, rule: Rule) -> list[timeseries.Panel]:
    groups: list[dict[str, str]] = []
    for case in rule.cases:
        if case.when not in groups:
            groups.append(case.when)
    plots = []
    for place, group in enumerate(groups):
        # A sensor belongs to the first group that it fits, as when it is judged.
        earlier = "".join(f" AND NOT {_fits(other)}" for other in groups[:place])
        limits = fill(SQL.limits, kind=kind.name, hazard_type=hazard_type, when=json.dumps(group))
        title = _title(quantity, rule, group, alone=len(groups) == 1)
        lowest = rule.direction == "below"
        plots.append(_plot(panels, kind, quantity, title, _fits(group) + earlier, lowest=lowest, limits=limits))
    return plots


def _fits(group: dict[str, str]) -> str:
    return f"attributes @> '{json.dumps(group)}'"


def _title(quantity: Quantity, rule: Rule, group: dict[str, str], *, alone: bool) -> Words:
    zh, en = f"{quantity.zh}（{rule.title.zh}）", f"{quantity.en} ({rule.title.en})"
    if alone:
        return Words(zh, en)
    if not group:
        return Words(f"{zh}：其余", f"{en}: all others")
    names = [_GROUP_WORDS.get(value, Words(f"{value} 类", f"class {value}")) for value in group.values()]
    return Words(f"{zh}：{'、'.join(name.zh for name in names)}", f"{en}: {', '.join(name.en for name in names)}")


def _plot(
    panels: Panels, kind: Kind, quantity: Quantity, title: Words, placed: str, *, lowest: bool, limits: str | None
) -> timeseries.Panel:
    sql = fill(
        SQL.trend,
        kind=kind.name,
        column=f"{quantity.name}_{'min' if lowest else 'avg' if quantity.mean == 'energy' else 'max'}",
        placed=placed,
        extreme="min" if lowest else "max",
        order="ASC" if lowest else "DESC",
    )
    return panels.series(
        title,
        sql,
        unit=unit_of(quantity),
        decimals=decimals_of(quantity),
        limits=limits,
        bars=quantity.name in _BARS,
    )
