"""The incident board: what is open, how long things take, what happened."""

from pathlib import Path

from grafana_foundation_sdk.builders import dashboard

from dashboards.board import Place, add_panels, begin_board, choose_kinds, choose_places, choose_world
from dashboards.panels import GRADE_COLOURS, Panels
from dashboards.words import GRADE_WORDS, Words
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


def incidents_board(place: Place) -> dashboard.Dashboard:
    """Open cases by grade and age, times to closing, the log."""
    language = place.language
    panels = Panels(language, place.console)
    board = begin_board(place, "incidents", Words("案件", "Incidents"), span="now-7d")
    choose_world(board, language)
    choose_places(board, language)
    choose_kinds(board, language)
    counts = {
        "open": (Words("未结", "open"), "orange"),
        "opened": (Words("时段内立案", "opened in the span"), "text"),
        "closed": (Words("时段内结案", "closed in the span"), "green"),
    }
    times = {
        "median_s": (Words("结案用时中位", "median to close"), "text"),
        "p90_s": (Words("结案用时九成", "90 % closed within"), "text"),
    }
    shown = ["incident_id", "grade", "title", "kind", "stage", "grid"]
    add_panels(
        board,
        [
            panels.figures(Words("案件", "incidents"), _SQL.figures, counts, width=12),
            panels.figures(Words("结案用时", "time to close"), _SQL.to_close, times, width=12),
            panels.table(
                Words("未结案件", "open incidents"),
                _SQL.board,
                [*shown, "responsible", "phone", "squad", "status", "age_s", "opened_at"],
                height=12,
            ),
            panels.bars(
                Words("未结案件的阶段", "stages of open incidents"), _SQL.by_stage, Words("案件数", "incidents")
            ),
            panels.series(
                Words("每日立案", "opened per day"),
                _SQL.opened,
                bars=True,
                names={GRADE_COLOURS[number]: words for number, words in GRADE_WORDS.items()},
                colours={colour: colour for colour in GRADE_COLOURS.values()},
            ),
            panels.bars(Words("网格", "grids"), _SQL.by_grid, Words("案件数", "incidents")),
            panels.table(
                Words("过程记录", "log"),
                _SQL.log,
                ["time", "incident_id", "title", "event", "actor", "detail"],
                width=12,
                height=8,
            ),
            panels.table(Words("案件历史", "history"), _SQL.history, [*shown, "opened_at", "closed_at"]),
        ],
    )
    return board
