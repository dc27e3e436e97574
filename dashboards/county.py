"""The county at a glance: what a duty office keeps on the wall."""

from pathlib import Path

from grafana_foundation_sdk.builders import dashboard

from dashboards.board import (
    Place,
    add_panels,
    begin_board,
    choose_kinds,
    choose_places,
    choose_world,
    link_to,
    mark_hazards,
)
from dashboards.panels import GRADE_COLOURS, Panels
from dashboards.text import fill
from dashboards.words import GRADE_WORDS, Words
from database.queries import load_queries
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_GRADES = {GRADE_COLOURS[number]: (words, GRADE_COLOURS[number]) for number, words in GRADE_WORDS.items()}


def _latest() -> str:
    """When each sensor was heard last, whatever its kind."""
    kinds = [fill(_SQL.latest, kind=kind.name, interval_s=str(kind.interval_s)) for kind in KINDS.values()]
    return " UNION ALL ".join(kinds)


def county_board(place: Place) -> dashboard.Dashboard:
    """Open incidents by grade, squads, silent sensors, the map, the board."""
    language = place.language
    panels = Panels(language, place.console)
    board = begin_board(place, "county", Words("全县态势", "County overview"))
    choose_world(board, language)
    choose_places(board, language)
    choose_kinds(board, language)
    mark_hazards(board, language)
    latest = _latest()
    squads = {
        "free": (Words("待命", "free"), "green"),
        "busy": (Words("出动", "under way"), "orange"),
        "off_duty": (Words("休班", "off duty"), "text"),
    }
    heard = {
        "reporting": (Words("在线", "reporting"), "green"),
        "silent": (Words("静默", "silent"), "orange"),
        "unseen": (Words("七日未见", "not seen for 7 days"), "red"),
    }
    layers = [
        (_SQL.map_sensors, Words("传感器", "sensors"), "severity", 5),
        (_SQL.map_incidents, Words("案件", "incidents"), "severity", 14),
        (fill(_SQL.map_squads, squads=_SQL.squads_now), Words("队伍", "squads"), "busy", 9),
    ]
    chosen = {"kind": "${__data.fields.kind}", "sensor": "${__value.raw}", "world": "${world}"}
    to_sensor = {"code": link_to("sensor", language, **chosen)}
    add_panels(
        board,
        [
            panels.figures(Words("未结案件", "open incidents"), _SQL.open_incidents, _GRADES, width=10),
            panels.figures(Words("队伍", "squads"), fill(_SQL.squads_free, squads=_SQL.squads_now), squads, width=7),
            panels.figures(Words("传感器", "sensors"), fill(_SQL.silent_figures, latest=latest), heard, width=7),
            panels.map(Words("地图", "map"), layers),
            panels.table(
                Words("未结案件", "open incidents"),
                _SQL.board,
                ["incident_id", "grade", "title", "stage", "grid", "responsible", "squad", "status", "age_s"],
                width=10,
                height=18,
            ),
            panels.series(
                Words("新立案件", "incidents opened"),
                _SQL.opened,
                bars=True,
                names={colour: words for colour, (words, _) in _GRADES.items()},
                colours={colour: colour for colour in _GRADES},
            ),
            panels.table(
                Words("队伍状态", "squads"),
                fill(_SQL.squads, squads=_SQL.squads_now),
                ["squad", "name", "skills", "status", "incident_id", "task_id"],
                width=12,
                height=8,
            ),
            panels.table(
                Words("静默传感器", "silent sensors"),
                fill(_SQL.silent, latest=latest),
                ["code", "name", "kind", "grid", "seen_at", "silent_s"],
                links=to_sensor,
            ),
        ],
    )
    return board
