"""Charts, readable on both grounds: drawn as SVG, so that the style sheet colours their texts as the page's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nicegui import ui

from api.console.texts import ZONE

_ALWAYS: Mapping[str, Any] = {
    "animation": False,
    "color": ["#4d7fe0", "#f28c28", "#2fa37c", "#c95fb0", "#8a97a3"],
    "aria": {"enabled": True, "decal": {"show": True}},
    "tooltip": {"trigger": "axis"},
    "grid": {"left": 60, "right": 80, "top": 44, "bottom": 30},
}
RULED: Mapping[str, Any] = {"splitLine": {"lineStyle": {"color": "#8a97a3", "opacity": 0.35}}}
"""Of an axis whose lines are seen on both grounds."""


def chart(options: Mapping[str, Any]) -> ui.element:
    """A chart with ``options`` of ECharts."""
    return ui.echart({**_ALWAYS, **options}, renderer="svg").classes("chart")


def bars(groups: list[str], series: list[tuple[str, list[float | None]]], unit: str) -> ui.element:
    """A bar for each group and series; None leaves a gap."""
    return chart(
        {
            "legend": {"top": 0},
            "xAxis": {"type": "category", "data": groups},
            "yAxis": {"type": "value", "name": unit, **RULED},
            "series": [{"name": name, "type": "bar", "data": values} for name, values in series],
        }
    )


def trace(title: str, points: Sequence[Sequence[Any]], lines: Sequence[Mapping[str, Any]] = ()) -> ui.element:
    """A quantity over time: ``points`` are pairs of RFC 3339 instant and value, ``lines`` ECharts marks at limits."""
    return chart(
        {
            "title": {"text": title, "textStyle": {"fontSize": 12}},
            "xAxis": {"type": "time"},
            "yAxis": {"type": "value", "scale": True, **RULED},
            "series": [
                {
                    "type": "line",
                    "showSymbol": False,
                    "data": [[_clock(at), value] for at, value in points],
                    "markLine": {"symbol": "none", "data": list(lines)},
                }
            ],
        }
    ).classes("trace")


def _clock(at: str) -> str:
    # Without a zone a browser takes it as its own time and shows it unchanged: the county's clock, wherever it is.
    return datetime.fromisoformat(at).astimezone(ZONE).replace(tzinfo=None).isoformat()
