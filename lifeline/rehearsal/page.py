"""The report of a drill as one HTML file, plots and all."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from lifeline.demonstration.words import GRADE_OF, STAGES

_TICKS_S = (1, 10, 60, 300, 900, 1800, 3600, 7200, 21_600, 86_400, 604_800)
_MOST_TICKS = 12
_MOST_CASES = 40  # more lines than that nobody can read
_STEPS: Mapping[str, tuple[str, str]] = {
    "opened": ("发现", "opened"),
    "filed": ("立案", "filed"),
    "unassigned": ("缺队", "no squad"),
    "ordered": ("派遣", "ordered"),
    "received": ("送达", "received"),
    "accepted": ("确认", "confirmed"),
    "on_scene": ("到场", "on scene"),
    "done": ("完成", "done"),
    "closed": ("结案", "closed"),
}
_GRADE_COLOURS = {1: "#d32f2f", 2: "#f57c00", 3: "#fbc02d", 4: "#1976d2"}


def clock(seconds: float | None) -> str:
    """Drill seconds as hours, minutes and seconds; a dash for what never came."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def as_html(report: Mapping[str, Any]) -> str:
    """The page of a report as ``assess_drill`` makes it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["clock"] = clock
    plots = {"outcomes": _outcomes(report), "cases": _cases(report)}
    page = environment.get_template("report.html")
    return page.render(**report, plots=plots, steps=_STEPS, grades=GRADE_OF, stages=STAGES)


def _outcomes(report: Mapping[str, Any]) -> Markup:
    """Windows of what was wanted as bars, what happened as marks."""
    outcomes = report["outcomes"]
    figure, axes = _axes(len(outcomes), report)
    for row, one in enumerate(outcomes):
        colour = "#9ccc9c" if one["happened"] else "#e6a19c"
        axes.barh(row, one["before_s"] - one["after_s"], left=one["after_s"], height=0.6, color=colour)
        if one["at_s"] is not None:
            axes.plot(one["at_s"], row, marker="D", color="#222222", markersize=5)
    axes.set_yticks(range(len(outcomes)), [one["text"]["en"] for one in outcomes])
    return _svg(figure)


def _cases(report: Mapping[str, Any]) -> Markup:
    """Each case as a line from its opening to its closure, with the steps of its squad."""
    cases = report["cases"][:_MOST_CASES]
    if not cases:
        return Markup("")
    figure, axes = _axes(len(cases), report)
    for row, case in enumerate(cases):
        steps = case["steps_s"]
        axes.plot(
            [steps["opened"], steps.get("closed", report["duration_s"])],  # a case that is open goes on
            [row, row],
            color=_GRADE_COLOURS[case["grade"]],
            linewidth=4,
            alpha=0.6,
        )
        for name, marker in (("ordered", ">"), ("received", "|"), ("on_scene", "^"), ("done", "s"), ("closed", "o")):
            if name in steps:
                axes.plot(steps[name], row, marker=marker, color="#222222", markersize=6, linestyle="none")
    names = [f"#{case['incident_id']} {case['sensor'] or ''} {case['hazard_type']}" for case in cases]
    axes.set_yticks(range(len(cases)), names)
    axes.set_title("> ordered   | received   ^ on scene   s done   o closed", fontsize=8, loc="left")
    return _svg(figure)


def _axes(rows: int, report: Mapping[str, Any]) -> tuple[Figure, Any]:
    figure = Figure(figsize=(12, 1.2 + 0.28 * rows), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylim(rows - 0.4, -0.6)
    span_s = max([report["duration_s"], *(one["before_s"] for one in report["outcomes"])])
    axes.set_xlim(0, span_s)
    axes.xaxis.set_major_locator(MultipleLocator(next(step for step in _TICKS_S if span_s / step <= _MOST_TICKS)))
    axes.xaxis.set_major_formatter(lambda value, _: clock(value))
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    return figure, axes


def _svg(figure: Figure) -> Markup:
    drawn = StringIO()
    # Text stays text, in the reader's fonts; ids are the same for the same report.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "lifeline"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    # What matplotlib draws is markup; the names in it were escaped by it.
    return Markup(drawn.getvalue()[drawn.getvalue().index("<svg") :])
