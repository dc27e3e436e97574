"""Dispatch: who is where, and how long each step takes."""

from pathlib import Path

from grafana_foundation_sdk.builders import dashboard

from dashboards.board import Place, add_panels, begin_board, choose_world
from dashboards.panels import Panels, places_mapping
from dashboards.text import fill_parameters
from dashboards.words import TASK_WORDS, Words
from database.queries import load_queries
from dispatch import kpis

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_STEPS = (
    Words("空闲", "free"),
    TASK_WORDS["ordered"],
    TASK_WORDS["accepted"],
    TASK_WORDS["en_route"],
    TASK_WORDS["on_scene"],
    TASK_WORDS["working"],
)
_RATES = {one.name: (Words(one.title.zh, one.title.en), "text") for one in kpis.DEFINITIONS if one.unit == "share"}
_STEP_COLOURS = ("transparent", "red", "yellow", "blue", "green", "dark-green")


def dispatch_board(place: Place) -> dashboard.Dashboard:
    """Tasks, squads' courses, and the times from the order to each step."""
    language = place.language
    panels = Panels(language, place.console)
    board = begin_board(place, "dispatch", Words("处置与考核", "Dispatch and key figures"), span="now-7d")
    choose_world(board, language)
    counts = {
        "unassigned": (TASK_WORDS["unassigned"], "red"),
        "under_way": (Words("进行中", "under way"), "orange"),
        "done": (Words("时段内完成", "done in the span"), "green"),
        "refused": (Words("时段内拒绝或未成", "refused or failed in the span"), "yellow"),
    }
    times = {
        "received_s": (Words("送达", "received"), "text"),
        "accept_s": (Words("接受", "accepted"), "text"),
        "scene_s": (Words("到场", "on scene"), "text"),
        "done_s": (Words("完成", "done"), "text"),
    }
    add_panels(
        board,
        [
            panels.figures(Words("任务", "tasks"), _SQL.figures, counts, width=12),
            panels.figures(
                Words("自下令起用时（中位）", "median time from the order"), _SQL.step_times, times, unit="s", width=12
            ),
            panels.figures(
                Words("考核指标（不含演练）", "key figures (without exercises)"),
                fill_parameters(kpis.FIGURES, "$__timeFrom()::timestamptz", "$__timeTo()::timestamptz", "'all'"),
                _RATES,
                unit="percentunit",
                width=24,
            ),
            panels.lanes(
                Words("队伍行动", "what squads did"), _SQL.courses, places_mapping(_STEPS, language, _STEP_COLOURS)
            ),
            panels.table(
                Words("未完任务", "open tasks"),
                _SQL.open_tasks,
                ["task_id", "incident_id", "grade", "title", "squad", "status", "reason", "updated_at"],
            ),
            panels.table(
                Words("各队情况", "by squad"),
                _SQL.by_squad,
                ["squad", "name", "tasks", "done", "refused", "accept_s", "scene_s", "done_s"],
                width=14,
                height=8,
            ),
            panels.series(Words("每日任务", "tasks per day"), _SQL.per_day, bars=True, names=TASK_WORDS, width=10),
        ],
    )
    return board
