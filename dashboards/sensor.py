"""One sensor in detail."""

from pathlib import Path

from grafana_foundation_sdk.builders import dashboard

from dashboards.board import (
    Place,
    add_panels,
    begin_board,
    choose_one,
    choose_places,
    choose_sensor_kind,
    choose_world,
    pick_rollup,
)
from dashboards.kind import SQL as KIND_SQL
from dashboards.panels import Panels, severity_mapping
from dashboards.text import fill
from dashboards.words import Words
from database.queries import load_queries
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


def _quantities(place: Place) -> str:
    """Rows of kind, quantity and its name with unit, for the variable that repeats the plot."""
    rows = []
    for kind in KINDS.values():
        for quantity in kind.quantities:
            label = f"{Words(quantity.zh, quantity.en).of(place.language)} {quantity.unit}"
            rows.append(f"('{kind.name}', '{quantity.name}', '{label}')")
    return ", ".join(rows)


def sensor_board(place: Place) -> dashboard.Dashboard:
    """What it is, how it is graded now and was, each of its quantities within the rule's limits, raw readings."""
    language = place.language
    panels = Panels(language, place.console)
    board = begin_board(place, "sensor", Words("单个传感器", "One sensor"))
    choose_world(board, language)
    choose_places(board, language)
    choose_sensor_kind(board, language)
    choose_one(board, "sensor", Words("传感器", "sensor").of(language), _SQL.sensors)
    quantities = fill(_SQL.quantities, quantities=_quantities(place))
    choose_one(board, "quantity", Words("测量量", "quantity").of(language), quantities, repeated=True)
    pick_rollup(board)
    counted = {
        "readings": (Words("读数", "readings"), "text"),
        "since_s": (Words("距最近读数", "since the latest"), "text"),
    }
    names = {"min": Words("最小", "least"), "avg": Words("平均", "mean"), "max": Words("最大", "greatest")}
    course = panels.series(Words("${quantity:text}", "${quantity:text}"), _SQL.course, limits=_SQL.limits, names=names)
    history = ["title", "grade", "peak_grade", "raised_at", "cleared_at", "acknowledged_by", "reason", "incident_id"]
    register = ["code", "name", "kind", "grid", "responsible", "phone", "owner", "detail"]
    add_panels(
        board,
        [
            panels.state(Words("现状", "now"), _SQL.now),
            panels.figures(Words("上报", "reports"), _SQL.counted, counted, width=6),
            panels.table(
                Words("登记", "register"),
                _SQL.register,
                register,
                links={"code": f"{place.console}/console/sensors/${{__value.raw}}"},
                width=14,
                height=4,
            ),
            panels.lanes(Words("险情等级", "grades"), KIND_SQL.grades, severity_mapping(language)),
            course.repeat("quantity").repeat_direction("h").max_per_row(2),
            panels.table(Words("险情记录", "hazards"), KIND_SQL.history, history),
            panels.table(Words("原始读数", "readings as stored"), _SQL.raw, ["time", "detail"]),
        ],
    )
    return board
