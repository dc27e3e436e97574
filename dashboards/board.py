"""What all dashboards share: language, time zone, variables, marks of hazards, links."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from alerts.families import HUB
from dashboards.query import DATASOURCE, Query
from dashboards.text import fill
from dashboards.words import HUB_WORDS, Language, Words
from database.queries import load_queries
from ingest.kinds import KINDS, Kind

SQL = load_queries(Path(__file__).with_suffix(".sql"))
TAG = "lifeline"


@dataclass(frozen=True, slots=True)
class Place:
    """Which edition of a dashboard is made: its language, and the address of the console that it links to."""

    language: Language
    console: str


def uid_of(name: str, language: Language) -> str:
    """Grafana's id of a dashboard of ours."""
    return f"lifeline-{name}-{language}"


def link_to(name: str, language: Language, **variables: str) -> str:
    """Address of another dashboard of ours within Grafana, with the span of time that is shown."""
    chosen = "".join(f"&var-{variable}={value}" for variable, value in variables.items())
    return f"/d/{uid_of(name, language)}?${{__url_time_range}}{chosen}"


def begin_board(place: Place, name: str, title: Words, *, span: str = "now-24h") -> dashboard.Dashboard:
    """A dashboard without panels."""
    language = place.language
    board = dashboard.Dashboard(f"{title.of(language)}").uid(uid_of(name, language)).tags([TAG, language])
    board.timezone("Asia/Shanghai").time(span, "now").refresh("30s").week_start("monday").readonly()
    board.tooltip(model.DashboardCursorSync.CROSSHAIR)
    others = dashboard.DashboardLink(Words("其他看板", "dashboards").of(language))
    others.type(model.DashboardLinkType.DASHBOARDS).tags([TAG, language]).as_dropdown(True).keep_time(True)
    console = dashboard.DashboardLink(Words("值班台", "console").of(language))
    console.type(model.DashboardLinkType.LINK).url(f"{place.console}/console").icon("external link").target_blank(True)
    board.link(others.include_vars(False)).link(console)
    return board.with_variable(_constant("lang", language))


def _constant(name: str, value: str) -> dashboard.ConstantVariable:
    return dashboard.ConstantVariable(name).value(value)


def _asked(name: str, label: str, sql: str) -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable(name).label(label).datasource(DATASOURCE).query(sql)
    return variable.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(model.VariableSort.DISABLED)


def _everything() -> model.VariableOption:
    return model.VariableOption(selected=True, text=["All"], value=["$__all"])


def choose_places(board: dashboard.Dashboard, language: Language) -> None:
    """Variables town and grid, all of them unless somebody chooses."""
    for name, label, sql in (
        ("town", Words("镇街", "town"), SQL.towns),
        ("grid", Words("网格", "grid"), SQL.grids),
    ):
        board.with_variable(_asked(name, label.of(language), sql).multi(True).include_all(True).current(_everything()))


def choose_world(board: dashboard.Dashboard, language: Language) -> None:
    """Variable world: without exercises, which is usual, or with them; its value is the schema that is read."""
    apart, together = Words("不含", "left out").of(language), Words("含演练", "shown").of(language)
    variable = dashboard.CustomVariable("world").label(Words("演练", "exercises").of(language))
    board.with_variable(variable.values(f"{apart} : everyday, {together} : public"))


def choose_kinds(board: dashboard.Dashboard, language: Language) -> None:
    """Variable kind, the hub itself among them, all of them unless somebody chooses."""
    known = [*((kind.name, Words(kind.zh, kind.en)) for kind in KINDS.values()), (HUB, HUB_WORDS)]
    names = ", ".join(f"{words.of(language)} : {name}" for name, words in known)
    variable = dashboard.CustomVariable("kind").label(Words("类型", "kind").of(language)).values(names)
    board.with_variable(variable.multi(True).include_all(True).current(_everything()))


def fix_kind(board: dashboard.Dashboard, kind: Kind) -> None:
    """Variable kind of a board that is about one kind."""
    board.with_variable(_constant("kind", kind.name))


def choose_sensors(board: dashboard.Dashboard, language: Language) -> None:
    """Variable sensor: those of the kinds and grids, all of them unless somebody chooses."""
    variable = _asked("sensor", Words("传感器", "sensor").of(language), SQL.sensors)
    board.with_variable(variable.multi(True).include_all(True).current(_everything()))


def choose_sensor_kind(board: dashboard.Dashboard, language: Language) -> None:
    """Variable kind with one value."""
    names = ", ".join(f"{Words(kind.zh, kind.en).of(language)} : {kind.name}" for kind in KINDS.values())
    board.with_variable(dashboard.CustomVariable("kind").label(Words("类型", "kind").of(language)).values(names))


def choose_one(board: dashboard.Dashboard, name: str, label: str, sql: str, *, repeated: bool = False) -> None:
    """A variable with one value out of a query; all of them at first when panels are ``repeated`` for each."""
    variable = _asked(name, label, sql)
    if repeated:
        variable.multi(True).include_all(True).current(_everything())
    board.with_variable(variable)


def pick_rollup(board: dashboard.Dashboard, *, finest: str = "10min") -> None:
    """Variable rollup, which nobody sees: the roll-up that suits the span."""
    sql = fill(SQL.rollup, finest=finest)
    board.with_variable(_asked("rollup", "rollup", sql).hide(model.VariableHide.HIDE_VARIABLE))


def mark_hazards(board: dashboard.Dashboard, language: Language) -> None:
    """Marks on the plots for orange and red hazards."""
    mark = dashboard.AnnotationQuery().name(Words("橙色与红色险情", "orange and red hazards").of(language))
    mark.datasource(DATASOURCE).enable(True).icon_color("red").target(Query(SQL.hazards, "Anno", series=False))
    board.annotation(mark)


def add_panels(board: dashboard.Dashboard, panels: Sequence[Builder[model.Panel]]) -> None:
    """Panels in reading order; the board lays them out."""
    for panel in panels:
        board.with_panel(panel)
