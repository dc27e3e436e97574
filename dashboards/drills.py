"""Drills: which were held and what came of them, and one of them in detail."""

from pathlib import Path

from grafana_foundation_sdk.builders import dashboard

from dashboards.board import Place, add_panels, begin_board, choose_one
from dashboards.panels import Panels, severity_mapping
from dashboards.words import Words
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


def drills_board(place: Place) -> dashboard.Dashboard:
    """All exercises of the span; of the chosen one its result, course, cases, tasks, squads and log."""
    language = place.language
    panels = Panels(language, place.console)
    board = begin_board(place, "drills", Words("演练", "Drills"), span="now-90d")
    choose_one(board, "exercise", Words("演练", "drill").of(language), _SQL.exercises)
    result = {
        "score": (Words("得分", "score"), "text"),
        "met": (Words("达成", "outcomes met"), "green"),
        "missed": (Words("未达成", "outcomes missed"), "red"),
        "incidents": (Words("案件", "incidents"), "text"),
        "orders": (Words("命令", "orders"), "text"),
        "squads": (Words("参演队伍", "squads enrolled"), "text"),
    }
    times = {
        "accept_s": (Words("接受", "accepted"), "text"),
        "scene_s": (Words("到场", "on scene"), "text"),
        "done_s": (Words("完成", "done"), "text"),
    }
    add_panels(
        board,
        [
            panels.table(
                Words("历次演练", "drills held"),
                _SQL.held,
                ["exercise_no", "title", "drill", "status", "score", "met", "missed", "started_at", "ended_at"],
            ),
            panels.figures(Words("所选演练", "the chosen drill"), _SQL.result, result, width=14),
            panels.figures(
                Words("自下令起用时（中位）", "median time from the order"), _SQL.step_times, times, unit="s", width=10
            ),
            panels.table(
                Words("应达成的结果", "wanted outcomes"), _SQL.outcomes, ["outcome", "happened", "reason"], width=12
            ),
            panels.table(
                Words("各步用时", "time of each step"),
                _SQL.timings,
                ["step", "limit_s", "cases", "in_time", "slowest_s"],
                width=12,
            ),
            panels.lanes(Words("险情等级", "grades"), _SQL.grades, severity_mapping(language)),
            panels.table(
                Words("案件", "incidents"),
                _SQL.incidents,
                ["incident_id", "grade", "title", "stage", "opened_at", "closed_at"],
                width=12,
            ),
            panels.table(
                Words("任务", "tasks"),
                _SQL.tasks,
                ["task_id", "incident_id", "squad", "status", "accept_s", "scene_s", "done_s"],
                width=12,
            ),
            panels.table(Words("改进建议", "findings"), _SQL.findings, ["reason", "proposal"], width=12),
            panels.table(
                Words("过程记录", "log"), _SQL.log, ["time", "incident_id", "event", "actor", "detail"], width=12
            ),
        ],
    )
    return board
